"""The record a job leaves."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from snakemake.iocontainers import Namedlist

from starloom.job import logged
from starloom.provenance import code_digest, file_digest, read_records
from starloom.provenance.record import PACKAGE, record_key, stored_path


class Job:
    """What a script sees as `snakemake`."""

    def __init__(self, tree: Path, **given):
        self.rule = "train"
        self.scriptdir = str(tree / "workflow" / "scripts")
        self.input = Namedlist(["results/data/in.csv"])
        self.output = Namedlist(fromdict={"model": "results/model"})
        self.params = Namedlist(fromdict={"seed": 3, "code": "x"})
        self.wildcards = Namedlist(fromdict={})
        self.log = Namedlist(["train.log"])
        self.config = {"survey": "simulated"}
        self.threads = 2
        self.resources = Namedlist(fromdict={})
        self.__dict__.update(given)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    script = tmp_path / "workflow" / "scripts" / "train.py"
    for path in (script, tmp_path / "envs" / "base.lock", tmp_path / "results/data/in.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("results/\n*.log\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(job) -> dict:
    with logged(job):
        os.makedirs("results/model", exist_ok=True)
        Path("results/model/arrays.npz").write_bytes(b"weights")
    (record,) = read_records("results/provenance").values()
    return record


def test_a_record_says_what_ran_on_what_and_what_came_out(tree):
    record = run(Job(tree))
    assert record["rule"] == "train"
    assert record["code"]["script"] == "workflow/scripts/train.py"
    assert record["code"]["digest"] == code_digest(tree / "workflow/scripts/train.py", PACKAGE)
    assert set(record["code"]["modules"]) == {"script"}
    assert record["params"] == {"seed": 3, "code": "x"}
    assert record["survey"] == "simulated"
    assert record["lock"] == file_digest(tree / "envs/base.lock")
    assert record["inputs"] == [
        {"path": "results/data/in.csv", "sha256": file_digest("results/data/in.csv"), "bytes": 6}
    ]
    assert record["outputs"] == [
        {"path": "results/model", "sha256": file_digest("results/model"), "bytes": 7}
    ]
    assert record["started"] <= record["ended"]
    assert set(record["versions"]) == {"python", "starloom", "jax", "numpy"}


def test_a_record_has_the_commit_and_whether_the_tree_differs_from_it(tree):
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    record = run(Job(tree))
    assert record["code"]["commit"] == head.stdout.strip()
    assert record["code"]["dirty"] is False
    (tree / "workflow/scripts/train.py").write_text("x = 2\n")
    assert run(Job(tree))["code"]["dirty"] is True


def test_a_tree_without_git_has_no_commit(tree, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tree / "none"))
    record = run(Job(tree))
    assert record["code"]["commit"] is None
    assert record["code"]["dirty"] is None


def test_no_record_is_left_by_a_job_that_fails(tree):
    with pytest.raises(RuntimeError), logged(Job(tree)):
        raise RuntimeError("no convergence")
    assert not Path("results/provenance").exists()


def test_a_temporary_input_that_is_gone_is_no_error(tree):
    job = Job(tree, input=Namedlist(["results/temp/gone.csv"]))
    assert run(job)["inputs"] == [{"path": "results/temp/gone.csv", "sha256": None, "bytes": None}]


def test_a_missing_output_is_named(tree):
    with pytest.raises(FileNotFoundError, match="results/none"):
        run(Job(tree, output=Namedlist(["results/none"])))


def test_wildcards_name_the_record(tree):
    job = Job(tree, wildcards=Namedlist(fromdict={"study": "ages", "seed": "0"}))
    run(job)
    assert [path.name for path in Path("results/provenance").iterdir()] == [
        "train-seed=0,study=ages.json"
    ]
    assert record_key({"rule": "a", "wildcards": {"file": "b/c"}}) == "a-file=b%2Fc"


def test_params_become_plain_json(tree):
    params = {
        "array": np.arange(2),
        "scalar": np.float64(0.5),
        "path": Path("a/b"),
        "none": None,
        "nested": {"list": (1, Namedlist(["x"]))},
        "user": str(Path.home() / "stars.csv"),
        "big": float("inf"),
    }
    record = run(Job(tree, params=Namedlist(fromdict=params)))
    assert record["params"] == {
        "array": [0, 1],
        "scalar": 0.5,
        "path": "a/b",
        "none": None,
        "nested": {"list": [1, ["x"]]},
        "user": "~/stars.csv",
        "big": "inf",
    }


def test_paths_are_kept_from_the_working_folder_and_never_with_a_user_name(tree, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/somewhere/alice"))
    assert stored_path(tree / "results/a", tree) == "results/a"
    assert stored_path("results/a", tree) == "results/a"
    assert stored_path("/somewhere/alice/xp.csv", tree) == "~/xp.csv"
    assert stored_path("/archive/xp.csv", tree) == "/archive/xp.csv"
    (tree / "run").mkdir()
    monkeypatch.chdir(tree / "run")
    assert stored_path(tree / "config/x.csv", tree) == "../config/x.csv"


def test_an_edited_record_is_found(tree):
    run(Job(tree))
    path = Path("results/provenance/train.json")
    record = json.loads(path.read_text())
    record["params"]["seed"] = 4
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"train\.json has changed"):
        read_records("results/provenance")
    record["params"]["seed"] = 3
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"train\.json has changed"):
        read_records("results/provenance")
    path.write_text("{")
    with pytest.raises(ValueError, match=r"train\.json has changed"):
        read_records("results/provenance")
