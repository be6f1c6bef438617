"""Digests of files and folders, fast enough for tens of gigabytes."""

import functools
import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STAMP = ".snakemake_timestamp"
"""What Snakemake adds to a folder that a job wrote; no part of its content."""


def file_digest(path: str | Path) -> str:
    """
    The sha256 of a file; for a folder, of the names and sha256 of all files in it.

    Args:
        path: a file, or a folder such as a Zarr group.

    Returns:
        64 hexadecimal digits.

    Raises:
        FileNotFoundError: if nothing is there.
    """
    return fingerprint(path)["sha256"]


def fingerprint(path: str | Path) -> dict:
    """
    Digest and size of a file or folder.

    Args:
        path: a file, or a folder such as a Zarr group.

    Returns:
        `sha256` (see `file_digest`) and `bytes` (for a folder, of all its files together).

    Raises:
        FileNotFoundError: if nothing is there.
    """
    path = Path(path)
    if not path.is_dir():
        return {"sha256": _sha256(path), "bytes": path.stat().st_size}
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name != STAMP)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        digests = list(pool.map(_sha256, files))
    lines = [
        f"{digest}  {file.relative_to(path).as_posix()}\n"
        for file, digest in zip(files, digests, strict=True)
    ]
    whole = hashlib.sha256("".join(lines).encode()).hexdigest()
    return {"sha256": whole, "bytes": sum(file.stat().st_size for file in files)}


def source_files(tree: Path, configs: Iterable[str | Path]) -> list[str]:
    """
    Everything that decides what a run does: code, rules, configuration, locks.

    Args:
        tree: the root of the work tree.
        configs: configuration files of the run, which may lie elsewhere.

    Returns:
        Absolute paths, sorted, each once.
    """
    found = {tree / "Snakefile", *(tree / "envs").glob("*.lock"), *map(Path, configs)}
    for folder in ("config", "src", "workflow"):
        found |= {
            path
            for path in (tree / folder).rglob("[!.]*")
            if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
        }
    return sorted({str(path.resolve()) for path in found})


@functools.cache
def work_tree(folder: Path) -> Path:
    """
    The root of the project that holds a folder: the nearest parent with `envs/base.lock`.

    Raises:
        FileNotFoundError: if no parent has one.
    """
    for parent in (folder, *folder.parents):
        if (parent / "envs" / "base.lock").is_file():
            return parent
    raise FileNotFoundError(f"no envs/base.lock in {folder} or above: it is no starloom work tree")


def _sha256(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
