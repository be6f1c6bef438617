"""Make a number again: a fresh work tree at its commit and configuration, its chain, compared."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

from starloom.numbers import read_numbers_with_files
from starloom.provenance.files import work_tree
from starloom.publish.chain import Chain, Provenance, chain_of, load
from starloom.tables import read_json, write_json

CONFIG = "reproduce.yaml"
"""The recorded configuration in the fresh work tree; JSON is YAML too."""


@dataclass
class Reproduction:
    """
    A number beside itself, made again.

    Args:
        number: as it was published.
        again: as it is now.
        tree: the fresh work tree.
        commit: that it was made at.
        same: files of the chain with the same bytes.
        differing: those with others, raw files first.
    """

    number: dict
    again: dict
    tree: Path
    commit: str
    same: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the number is the same, or lies within its error of what it was."""
        allowed = self.number["error"] or 1e-9 * abs(self.number["value"])
        return abs(self.again["value"] - self.number["value"]) <= allowed


def reproduce(results: str | Path, name: str, tree: str | Path, cores: int) -> Reproduction:
    """
    Run a number's chain again.

    Raw files of archives or of a user are linked, not fetched; a simulated sky is simulated anew.

    Args:
        results: the results folder, of a run that ended.
        name: the number's id.
        tree: where to make the fresh work tree; nothing may be there.
        cores: for Snakemake.

    Raises:
        FileNotFoundError: if there are no results, or no list of their sources.
        FileExistsError: if something is at `tree`.
        ValueError: if there is no such number, if no commit has the code that made it, or if the
            workflow fails; the message says what to do.
    """
    provenance = load(results)
    number, file = _find(provenance, name)
    path = file.relative_to(provenance.base).as_posix()
    chain = chain_of(provenance, [path])
    record = chain.jobs[chain.files[path]]
    commit, dirty = record["code"]["commit"], record["code"]["dirty"]
    if commit is None or dirty:
        raise ValueError(
            f"{name} was made from {'uncommitted changes' if dirty else 'a folder without git'}: "
            "no commit has its code. Commit, run the workflow again, then reproduce"
        )
    config = _config(provenance)
    tree = Path(tree).resolve()
    if tree.exists():
        raise FileExistsError(f"{tree} is there already: say --folder, or remove it")
    origin = work_tree(provenance.locate(record["code"]["script"]).resolve().parent)
    _git("clone", "--quiet", "--no-checkout", str(origin), str(tree))
    _git("-C", str(tree), "checkout", "--quiet", "--detach", commit)
    base = tree / os.path.relpath(provenance.base, origin)
    if not base.resolve().is_relative_to(tree):
        base = tree
    if record["survey"] != "simulated":
        raw = provenance.results / "raw"
        copytree(raw, base / provenance.results.name / "raw", copy_function=os.link)
    write_json(tree / CONFIG, config)
    _run(tree, base, f"{provenance.results.name}/{file.relative_to(provenance.results)}", cores)
    return _compare(provenance, chain, number, base / provenance.results.name, tree, commit)


def say(found: Reproduction) -> str:
    """What came out, in words."""
    number, again = found.number, found.again
    lines = [f"{number['id']} at commit {found.commit[:12]}, made again in {found.tree}"]
    if not found.differing:
        same = f"{len(found.same)} files of its chain have the same bytes"
        return "\n".join([*lines, f"REPRODUCED: {number['value']!r}, {same}"])
    how = "REPRODUCED within its error" if found.ok else "NOT REPRODUCED"
    lines.append(f"{how}: it was {number['value']!r}, it is {again['value']!r}")
    counts = f"{len(found.same)} files of its chain are the same, {len(found.differing)} differ"
    lines.append(f"  {counts}:")
    return "\n".join(lines + [f"  {path}" for path in found.differing[:10]])


def _find(provenance: Provenance, name: str) -> tuple[dict, Path]:
    for number, file in read_numbers_with_files(provenance.results / "numbers"):
        if number["id"] == name:
            return number, file
    raise ValueError(f"there is no number {name}; `starloom numbers` lists them")


def _config(provenance: Provenance) -> dict:
    """The configuration in force, its paths made to hold from anywhere."""
    path = provenance.results / "sources.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run the workflow to its end")

    def settled(value):
        if isinstance(value, dict):
            return {name: settled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [settled(item) for item in value]
        if isinstance(value, str) and os.sep in value and provenance.locate(value).exists():
            return str(provenance.locate(value).resolve())
        return value

    return settled(read_json(path)["config"])


def _git(*words: str) -> None:
    done = subprocess.run(["git", *words], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"git {' '.join(words)}: {done.stderr.strip()}")


def _run(tree: Path, base: Path, target: str, cores: int) -> None:
    base.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "snakemake", target, "--snakefile", str(tree / "Snakefile"),
        "--directory", str(base), "--configfile", str(tree / CONFIG), "--cores", str(cores),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    if subprocess.run(command, cwd=tree, env=environment).returncode:
        raise ValueError(f"the workflow failed in {tree}; its messages are above")


def _compare(
    provenance: Provenance, chain: Chain, number: dict, results: Path, tree: Path, commit: str
) -> Reproduction:
    """The new number beside the old, and the files of its chain, origins first."""
    new = load(results)
    again, file = _find(new, number["id"])
    second = chain_of(new, [file.relative_to(new.base).as_posix()])
    found = Reproduction(number, again, tree, commit)
    for path in reversed(chain.files):
        if not provenance.inside(path) or path not in second.files:
            continue
        same = chain.content(path)[0] == second.content(path)[0]
        (found.same if same else found.differing).append(path)
    if json.dumps(number) != json.dumps(again) and not found.differing:
        found.differing.append(str(file))
    return found
