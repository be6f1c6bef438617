"""Digests of files and folders."""

import hashlib

import pytest

from starloom.provenance import file_digest, fingerprint, source_files


def test_a_file_has_the_sha256_and_size_of_its_bytes(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"stars" * 1000)
    assert file_digest(path) == hashlib.sha256(b"stars" * 1000).hexdigest()
    assert fingerprint(path)["bytes"] == 5000


def test_a_folder_changes_with_the_bytes_and_the_names_in_it_but_not_with_snakemakes_stamp(
    tmp_path,
):
    folder = tmp_path / "a.zarr"
    (folder / "flux" / "c").mkdir(parents=True)
    (folder / "zarr.json").write_text("{}")
    (folder / "flux" / "c" / "0").write_bytes(b"\0\1")
    first = file_digest(folder)
    lines = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in (("flux/c/0", b"\0\1"), ("zarr.json", b"{}"))
    )
    assert first == hashlib.sha256(lines.encode()).hexdigest()
    (folder / ".snakemake_timestamp").touch()
    assert file_digest(folder) == first
    (folder / "flux" / "c" / "0").write_bytes(b"\0\2")
    second = file_digest(folder)
    (folder / "flux" / "c" / "0").write_bytes(b"\0\1")
    (folder / "flux" / "c" / "0").rename(folder / "flux" / "c" / "1")
    assert len({first, second, file_digest(folder)}) == 3


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        file_digest(tmp_path / "none.csv")


def test_sources_are_code_rules_configuration_and_locks_each_once(tmp_path):
    for name in (
        "Snakefile", "config/config.yaml", "envs/base.lock", "envs/base.in", "src/a/b.py",
        "src/a/__pycache__/b.pyc", "src/a.egg-info/PKG-INFO", "workflow/rules/x.smk", "README.md",
        "src/.hidden", "mine/mine.yaml",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    configs = [tmp_path / "mine" / "mine.yaml", tmp_path / "mine" / ".." / "config" / "config.yaml"]
    assert source_files(tmp_path, configs) == sorted(
        str(tmp_path.resolve() / name)
        for name in ("Snakefile", "config/config.yaml", "envs/base.lock", "mine/mine.yaml",
                     "src/a/b.py", "workflow/rules/x.smk")
    )  # fmt: skip
