"""The environment of the whole-sky match: apart, with hashes, no addresses, versions that agree."""

import re

import yaml


def test_its_lock_has_hashes_and_no_address_and_the_conda_file_its_versions(root):
    text = (root / "envs" / "hats.lock").read_text()
    assert "://" not in text
    pins = {}
    for entry in filter(lambda part: "==" in part, re.split(r"^(?=[a-z0-9])", text, flags=re.M)):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
        name, version = re.match(r"([a-z0-9_.-]+)==([^ ;\\]+)", entry).groups()
        pins.setdefault(name, version)
    conda = yaml.safe_load((root / "envs" / "hats.yaml").read_text())["dependencies"]
    for pinned in next(part["pip"] for part in conda if isinstance(part, dict)):
        name, _, version = pinned.partition("==")
        assert pins[name] == version
