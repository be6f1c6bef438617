"""
The tiny sky on a real Slurm, as docs/cluster.md says, while three jobs are ended from outside.

Slurm's packages may be absent: tests/cluster/install_slurm.sh.
"""

import re
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.cluster import slurm
from tests.trees import ENVIRONMENT, digests

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.workflow,
    pytest.mark.skipif(slurm.absent() is not None, reason=f"no Slurm: {slurm.absent()}"),
]

ENDED = {"sky_stars": "CANCELLED", "crossmatch": "FAILED", "prepare_stars": "TIMEOUT"}
"""Rules whose first job is ended, and the state that Slurm then gives it."""


def _end(rule: str, job: str, script: psutil.Process) -> None:
    if rule == "sky_stars":
        subprocess.run(["scancel", job], check=True)
    elif rule == "crossmatch":  # as the kernel does where memory is out
        script.kill()
    else:  # a job that hangs, and a limit that need not be waited for
        script.suspend()
        subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)


def _script_of(job: str) -> psutil.Process | None:
    """The process that runs a job's script, once it is there."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("SLURM_JOB_ID") == job and re.search(
                r"\.snakemake/scripts/\S+\.py", " ".join(process.cmdline())
            ):
                return process
        except psutil.Error:
            continue
    return None


class Saboteur(threading.Thread):
    """Ends the first job of each rule in `ENDED`; notes which job was whose."""

    def __init__(self):
        super().__init__(daemon=True)
        self.jobs: dict[str, list[str]] = {}
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(0.3):
            listed = subprocess.run(
                ["squeue", "-h", "-t", "running,pending", "-o", "%i|%T|%k"],
                capture_output=True, text=True, check=False,
            ).stdout  # fmt: skip
            for job, state, comment in (line.split("|") for line in listed.splitlines()):
                rule = comment.removeprefix("rule_").partition("_wildcards_")[0]
                known = self.jobs.setdefault(rule, [])
                if job in known or state != "RUNNING":
                    continue
                script = _script_of(job) if rule in ENDED else None
                if rule in ENDED and not known and script is None:
                    continue  # not under way yet
                known.append(job)
                if script is not None and len(known) == 1:
                    _end(rule, job, script)


@pytest.fixture(scope="module")
def site(root, tmp_path_factory) -> Path:
    """The site's profile that docs/cluster.md shows, in a home of its own."""
    home = tmp_path_factory.mktemp("home")
    text = (root / "docs" / "cluster.md").read_text()
    files = re.findall(r"```yaml\n# ~/(\S+)\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in files] == [
        ".config/snakemake/mysite/config.yaml", ".config/snakemake/mysite/partitions.yaml",
    ]  # fmt: skip
    for name, content in files:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # This Slurm keeps no accounts.
        path.write_text(content.replace("slurm_account: astro", "tmpdir: system_tmpdir"))
    with (home / ".config/snakemake/mysite/config.yaml").open("a") as profile:
        profile.write("slurm-no-account: true\nslurm-init-seconds-before-status-checks: 2\n")
        profile.write("seconds-between-status-checks: 2\n")
    return home


@pytest.fixture(scope="module")
def run(tiny, clone, site, tmp_path_factory):
    """
    The tree in which the tiny sky ran, what Slurm notes of the jobs, whose they were, and the
    digests of the local run: now, since other tests may change a file of it for a moment.
    """
    local = digests(tiny / ".test/results")
    tree, folder = clone("slurm"), tmp_path_factory.mktemp("slurmd")
    command = "snakemake --cores all --profile slurm --profile mysite".split()
    command += "--configfile config/test.yaml --directory .test all sky spectra".split()
    saboteur = Saboteur()
    with slurm.running(folder):
        saboteur.start()
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tree, capture_output=True, text=True, timeout=2400, check=False,
            env=ENVIRONMENT | {"HOME": str(site)},
        )  # fmt: skip
        saboteur.stop.set()
        saboteur.join()
        jobs = {one["JobId"]: one for one in slurm.completed(folder)}
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return tree, jobs, saboteur.jobs, local


@pytest.mark.parametrize(("rule", "state"), ENDED.items())
def test_a_job_that_was_ended_is_tried_again_with_more(run, rule, state):
    _, jobs, of_rule, _ = run
    first, second = (jobs[job] for job in of_rule[rule])
    assert first["JobState"] == state
    assert second["JobState"] == "COMPLETED"
    assert _memory(second) == 2 * _memory(first)
    if state != "TIMEOUT":  # whose limit was shortened
        assert int(second["TimeLimit"]) == 2 * int(first["TimeLimit"])


def test_gpu_jobs_run_on_the_gpu_partition_and_others_do_not(run, root):
    _, jobs, of_rule, _ = run
    texts = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    wants = {
        name: "gpu" if "gpu=1" in text else "cpu"
        for name, text in re.findall(r"^ *rule (\w+):(.*?)(?=^ *rule |\Z)", texts, re.M | re.S)
    }
    assert "gpu" in {wants.get(rule) for rule in of_rule}
    for rule, ids in of_rule.items():
        expected = wants.get(rule, "cpu")  # a group of short jobs has no rule's name
        assert {jobs[job]["Partition"] for job in ids} == {expected}, rule


def test_the_results_are_the_bytes_of_the_local_run(run):
    tree, _, _, local = run
    ours = digests(tree / ".test/results")
    assert ours.keys() == local.keys()
    assert {name for name in ours if ours[name] != local[name]} == set()


def _memory(job):
    return int(re.search(r"mem=(\d+)M", job["Tres"])[1])
