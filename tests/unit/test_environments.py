"""Locks and environments: hashes, no addresses, versions that agree."""

import re

import pytest
import yaml


def _pins(path):
    """Versions by name; where a marker splits a package, those of Python 3.11."""
    pins = {}
    for line in path.read_text().splitlines():
        found = re.match(r"^([a-z0-9_.-]+)==([^ ;\\]+)([^\\]*)", line)
        if found and ">= '3.12'" not in found[3]:
            pins[found[1]] = found[2]
    return pins


@pytest.mark.parametrize("name", ["base", "dev", "uv"])
def test_locks_have_hashes_and_no_address(root, name):
    text = (root / "envs" / f"{name}.lock").read_text()
    assert "://" not in text
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    for entry in filter(lambda part: "==" in part, entries):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_test_environment_is_the_users_and_more(root):
    base, dev = _pins(root / "envs" / "base.lock"), _pins(root / "envs" / "dev.lock")
    assert base.items() <= dev.items()


@pytest.mark.parametrize("name", ["cpu", "gpu", "download"])
def test_conda_environments_have_the_locks_versions(root, name):
    pins = _pins(root / "envs" / "base.lock")
    wanted = yaml.safe_load((root / "envs" / f"{name}.yaml").read_text())["dependencies"]
    pip = next((part["pip"] for part in wanted if isinstance(part, dict)), [])
    for entry in [part for part in wanted if isinstance(part, str)] + pip:
        package, _, version = re.sub(r"\[.*\]", "", entry).replace("==", "=").partition("=")
        if package not in ("python", "pip"):
            assert pins[package] == version, f"{name}.yaml has {package} {version}"


def test_package_dependencies_are_in_the_lock(root):
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    pins = {name.replace("_", "-") for name in _pins(root / "envs" / "base.lock")}
    for dependency in project["dependencies"]:
        name = re.split(r"[<>=\[]", dependency)[0].replace("_", "-")
        assert name in pins, f"{dependency} is not in base.lock"
