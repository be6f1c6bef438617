"""A number made again from its commit: the same, or found not to be."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from starloom.cli import main

SNAKEFILE = """
    configfile: "config/config.yaml"

    rule number_x:
        output: "results/numbers/x.json"
        log: "results/x.log"
        params: code="c", scale=config["scale"]
        script: "workflow/scripts/number_x.py"

    rule publish_sources:
        input: "results/numbers/x.json"
        output: "results/sources.json"
        run:
            import json
            open(output[0], "w").write(json.dumps({"config": dict(config)}))
"""
SCRIPT = """
    from pathlib import Path

    from starloom.job import logged
    from starloom.numbers import Number, write_numbers

    if __name__ == "__main__":
        job = snakemake
        with logged(job):
            value = 2.0 * job.params.scale + OFFSET
            number = Number("xpvae.x", "scatter_vae", value, "1", "twice the scale", ERROR)
            table = Path(job.scriptdir).parents[1] / "config" / "published_numbers.csv"
            write_numbers(job.output[0], [number], "simulated", table)
"""


def git(tree, *words):
    command = ["git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
    subprocess.run(command, check=True)


@pytest.fixture
def project(tmp_path, monkeypatch, root):
    """Make a project whose run has ended: one number, with what is added to it and its error."""

    def make(offset: str = "0", error: str = "None") -> Path:
        tree = tmp_path / "project"
        script = SCRIPT.replace("OFFSET", offset).replace("ERROR", error)
        for name, text in {
            "Snakefile": SNAKEFILE,
            "workflow/scripts/number_x.py": script,
            "config/config.yaml": "scale: 1.0\nsurvey: simulated\n",
            "config/published_numbers.csv": "id,study,value,unit,where,note\n",
            "envs/base.lock": "",
            ".gitignore": "results/\n.snakemake/\n",
        }.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        git(tree.parent, "init", "-q", "project")
        git(tree, "add", ".")
        git(tree, "commit", "-qm", "first")
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", "scale=3.0",
                   "--quiet", "all", "--", "results/sources.json"]  # fmt: skip
        monkeypatch.setenv("PYTHONPATH", str(root / "src"))
        subprocess.run(command, cwd=tree, check=True)
        monkeypatch.chdir(tree)
        return tree

    return make


def test_a_number_is_made_again_from_its_commit_and_configuration(project, tmp_path, capsys):
    tree = project()
    # What was edited since does not matter.
    (tree / "config" / "config.yaml").write_text("scale: 9.0\nsurvey: simulated\n")
    assert main(["reproduce", "xpvae.x", "--folder", str(tmp_path / "again")]) == 0
    out = capsys.readouterr().out
    assert "REPRODUCED: 6.0, 1 files of its chain have the same bytes" in out
    again = json.loads((tmp_path / "again/results/numbers/x.json").read_text())
    assert again[0]["value"] == 6.0
    assert main(["reproduce", "xpvae.x", "--folder", str(tmp_path / "again")]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [("None", 1, "NOT REPRODUCED: it was"), ("1e12", 0, "REPRODUCED within its error: it was")],
)
def test_a_number_that_comes_out_otherwise_is_told(project, tmp_path, capsys, error, status, words):
    project("__import__('time').time()", error)
    assert main(["reproduce", "xpvae.x", "--folder", str(tmp_path / "again")]) == status
    out = capsys.readouterr().out
    assert words in out
    assert "1 differ:\n  results/numbers/x.json" in out


def test_a_number_of_no_commit_or_of_no_run_is_refused(project, capsys):
    project()
    assert main(["reproduce", "xpvae.y"]) == 2
    assert "there is no number xpvae.y" in capsys.readouterr().err
    sources = Path("results/sources.json")
    sources.rename("kept")
    assert main(["reproduce", "xpvae.x"]) == 2
    assert "run the workflow to its end" in capsys.readouterr().err
    from starloom.provenance.record import seal
    from starloom.tables import read_json, write_json

    record = read_json("results/provenance/number_x.json")
    record["code"]["dirty"] = True
    write_json("results/provenance/number_x.json", record | {"seal": seal(record)})
    assert main(["reproduce", "xpvae.x"]) == 2
    assert "no commit has its code" in capsys.readouterr().err
