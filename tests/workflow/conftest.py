"""The tiny sky, run once through the whole workflow in a copy of the work tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Parameters after training are the same bytes only at a fixed number of threads.
ENVIRONMENT = os.environ | {"NPROC": "2", "PYTHONUNBUFFERED": "1"}


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
    # The compiled programs are the same in every copy of the tree.
    cache = str(Path(__file__).resolve().parents[2] / ".cache" / "jax")
    done = subprocess.run(
        command, cwd=tree, capture_output=True, text=True,
        env=ENVIRONMENT | {"JAX_COMPILATION_CACHE_DIR": cache},
    )  # fmt: skip
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


@pytest.fixture(scope="session")
def run_in():
    return snakemake


@pytest.fixture(scope="session")
def plan():
    return planned


@pytest.fixture(scope="session")
def clone(root, tmp_path_factory):
    """Make a copy of the work tree in a folder of its own."""
    return lambda name: copy_tree(root, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def tiny(clone):
    """The work tree in which the tiny sky has run to the end; tests leave it as it was."""
    tree = clone("tiny")
    snakemake(tree)
    return tree
