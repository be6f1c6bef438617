"""The workflow's own order: lint, format, messages, the picture of its rules."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow


def _run(root, *words):
    return subprocess.run([sys.executable, "-m", *words], cwd=root, capture_output=True, text=True)


def test_snakemake_lint_finds_nothing(root):
    done = _run(root, "snakemake", "--lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_snakefmt_finds_nothing(root):
    done = _run(root, "snakefmt", "--check", "Snakefile", "workflow")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [["ruff", "check", "."], ["ruff", "format", "--check", "."]])
def test_ruff_finds_nothing(root, command):
    done = _run(root, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_slurm_profile_is_found_as_typed(root):
    done = _run(root, "snakemake", "--cores", "all", "--profile", "slurm", "--dry-run", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("surveyy=simulated", ["unknown key 'surveyy'", "did you mean 'survey'"]),
        ("survey=moon", ["'survey' is 'moon'", "'simulated'"]),
        ("seed=-1", ["'seed' is -1", "at least 0"]),
    ],
)
def test_a_config_typo_stops_with_its_name_and_what_is_allowed(root, setting, words):
    done = _run(root, "snakemake", "--dry-run", "--config", setting)
    assert done.returncode != 0
    for word in words:
        assert word in done.stdout + done.stderr


def test_every_rule_has_what_a_cluster_and_an_auditor_need(root):
    text = "\n".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    for rule in text.split("rule ")[1:]:
        name, body = rule.split(":", 1)
        if "script:" not in body:
            continue  # a target: it only names files
        for word in (
            "log:",
            "benchmark:",
            "conda:",
            "mem_mb=grows(",
            "runtime=grows(",
            "gpu=",
            "threads:",
        ):
            assert word in body, f"rule {name} has no {word}"


def test_the_picture_of_the_rules_is_up_to_date(root):
    from starloom.figures.rulegraph import EVERY_RULE, as_text, contracted, read_rulegraph

    rules = read_rulegraph(root)
    for name, graph in (("rulegraph.svg", contracted(*rules)), (EVERY_RULE, rules)):
        picture = (root / "docs" / name).read_text()
        expected = as_text(*graph).replace(">", "&gt;")
        assert expected in picture, f"docs/{name} is stale: run `make rulegraph`"
