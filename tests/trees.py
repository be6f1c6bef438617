"""Copies of the work tree, and Snakemake run in them."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Parameters after training are the same bytes only at a fixed number of threads. The compiled
# programs are the same in every copy of the tree.
ENVIRONMENT = {
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).resolve().parents[1] / ".cache" / "jax"),
    **os.environ,
    "NPROC": "2",
    "PYTHONUNBUFFERED": "1",
}

# Times and hosts are in these.
NOT_COMPARED = ("provenance", "logs", "benchmarks", "checkpoints", "pages")


def copy_tree(root: Path, target: Path) -> Path:
    """What a clone would have: tracked files, and new ones that git does not ignore."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listing.split("\0")):
        source, copy = root / name, target / name
        if source.is_symlink():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(os.readlink(source))
        elif source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    run = lambda *words: subprocess.run(["git", *words], cwd=target, check=True)  # noqa: E731
    run("init", "--quiet")
    run("add", "--all")
    run("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-qm", "copy")
    return target


def snakemake(tree: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess:
    """Run Snakemake in a work tree with the test profile."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/test", *words]
    done = subprocess.run(command, cwd=tree, env=ENVIRONMENT, capture_output=True, text=True)
    if check and done.returncode:
        logs = "\n".join(
            f"== {log}\n{log.read_text()[-3000:]}"
            for log in sorted((tree / ".test" / "results" / "logs").rglob("*.log"))
            if "Traceback" in log.read_text()
        )
        pytest.fail(f"{' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}\n{logs}")
    return done


def planned(tree: Path, *words: str) -> dict[str, int]:
    """How many jobs of each rule a run would do."""
    done = snakemake(tree, "--dry-run", *words)
    table = re.search(r"job\s+count\n[- ]+\n(.*?)\n\n", done.stdout + done.stderr, re.DOTALL)
    if not table:
        assert "Nothing to be done" in done.stdout + done.stderr
        return {}
    rows = [line.split() for line in table[1].splitlines()]
    return {name: int(count) for name, count in rows if name != "total"}


def digests(results: Path) -> dict[str, str]:
    """sha256 of all results but those that hold times and hosts, by design."""
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and path.relative_to(results).parts[0] not in NOT_COMPARED
        and path.name not in ("index.html", "ro-crate-metadata.json")
    }
