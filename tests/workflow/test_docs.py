"""What the documentation tells a reader to type does what it says."""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from starloom.provenance.record import seal
from starloom.tables import read_table, write_json

pytestmark = pytest.mark.workflow

MARKS = ("needs the network", "needs a cluster", "takes minutes", "fails where the disk")
"""Words in a command's comment that a reader sees, and for which it is only planned here; so are
those of `make`, which set up an environment first, and of the cluster's profile."""

ROOT = Path(__file__).resolve().parents[2]
PAGES = [Path("README.md"), *(path.relative_to(ROOT) for path in sorted(ROOT.glob("docs/*.md")))]


def blocks(page: Path, kind: str) -> list[str]:
    """Contents of the fenced blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


def commands(page: Path) -> list[tuple[str, bool]]:
    """Commands of a page, and whether each is only to be planned."""
    found = []
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            command, _, comment = line.partition("#")
            if command.strip():
                marked = any(mark in comment for mark in MARKS) or "--profile slurm" in command
                found.append((command.strip(), marked or command.startswith("make ")))
    return found


def planned(words: list[str]) -> list[str]:
    """The same command, which says what it would do."""
    program = Path(words[0]).name
    if program == "make":
        return [words[0], "-n", *words[1:]]
    if program == "snakemake":
        return [*words, "--dry-run", "--quiet"]
    return [*words, "--help"]


@pytest.fixture(scope="module")
def reader(tiny, tmp_path_factory) -> tuple[Path, dict]:
    """A reader's work tree after a run, with the files that the pages speak of; and the shell."""
    tree = tmp_path_factory.mktemp("reader") / "starloom"
    shutil.copytree(tiny, tree, symlinks=True)
    shutil.move(tree / ".test" / "results", tree / "results")
    for path in (tree / "results" / "provenance").glob("*.json"):
        # The results lie one folder higher now.
        record = json.loads(path.read_text().replace('"../', '"'))
        write_json(path, record | {"seal": seal(record)})
    (tree / ".venv").mkdir(exist_ok=True)
    (tree / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (tree / "data").mkdir()
    raw = tree / "results" / "raw" / "gaia"
    for folder, name in (("xp_continuous", "XP_CONTINUOUS_RAW"), ("gaia_source", "gaia_source")):
        packed = sorted((raw / folder).glob("*.csv.gz"))[0]
        (tree / "data" / f"{name}.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    stars = read_table(tree / "results" / "data" / "stars.parquet", ["source_id"])["source_id"]
    (tree / "my_stars.csv").write_text("\n".join(["source_id", *map(str, stars[:5]), "1"]) + "\n")
    home = tree.parent / "home"
    for page in PAGES:
        for block in blocks(page, "yaml"):
            name = block.splitlines()[0].removeprefix("#").strip().replace("~", str(home))
            if name.endswith(".yaml"):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(block)
    shell = os.environ | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tree / "src"),
    }
    return tree, shell


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_of_a_page_works(reader, page):
    tree, shell = reader
    for command, only_plan in commands(page):
        words = shlex.split(command)
        done = subprocess.run(
            planned(words) if only_plan else words,
            cwd=tree, env=shell, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, (
            f"{page}: {command}\n{done.stdout[-1500:]}{done.stderr[-3000:]}"
        )


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_python_block_of_a_page_works(reader, page):
    tree, shell = reader
    for block in blocks(page, "python"):
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=tree, env=shell, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{page}:\n{block}\n{done.stderr[-3000:]}"
        if "np.isin" in block:
            assert "5 of 6 stars" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_of_a_page_leads_somewhere(root, page):
    for link in re.findall(r"\]\(([^)#]+)", (root / page).read_text()):
        if "://" not in link:
            assert (root / page.parent / link).exists(), f"{page}: {link}"
