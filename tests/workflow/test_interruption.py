"""A training that is killed goes on where it stopped, and ends at the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.trees import ENVIRONMENT

pytestmark = pytest.mark.workflow


def _command(*words):
    return [sys.executable, "-m", "snakemake", "--profile", "profiles/test", *words]


def test_a_killed_training_resumes_and_ends_at_the_same_bytes(tiny, clone):
    trees = {name: clone(name) for name in ("killed", "whole")}
    for tree in trees.values():
        shutil.copytree(tiny / ".test", tree / ".test")
        config = tree / "config/test.yaml"
        config.write_text(config.read_text().replace("epochs: 20", "epochs: 2000"))
    target = "results/models/scatter_vae"
    run = {"capture_output": True, "text": True, "env": ENVIRONMENT, "check": False}

    process = subprocess.Popen(
        _command(target), cwd=trees["killed"], env=ENVIRONMENT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    checkpoints = trees["killed"] / ".test/results/checkpoints/scatter_vae"
    old = set(checkpoints.rglob("*"))
    deadline = time.monotonic() + 300
    while not set(checkpoints.rglob("card.json")) - old:
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline, "no checkpoint in 300 s"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (trees["killed"] / ".test" / target).exists()

    subprocess.run(_command("--unlock"), cwd=trees["killed"], **run)
    for tree in trees.values():
        done = subprocess.run(_command(target), cwd=tree, **run)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    log = (trees["killed"] / ".test/results/logs/train_scatter_vae.log").read_text()
    assert "resumed after epoch" in log
    killed, whole = (tree / ".test" / target / "arrays.npz" for tree in trees.values())
    assert killed.read_bytes() == whole.read_bytes()
