"""A real Slurm on this machine: one controller, a node with two CPUs, a node with two fake GPUs."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CONFIGURED = Path("/etc/slurm/slurm.conf")
MARK = "# starloom's tests wrote this file"

SLURM_CONF = """{mark}
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/d/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MinJobAge=300
KillWait=2
GresTypes=gpu
SlurmdParameters=config_overrides
MpiDefault=none
NodeName=cpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=64000
NodeName=gpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=64000 Gres=gpu:2
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=gpu1 MaxTime=INFINITE State=UP
"""


def absent() -> str | None:
    """Why no Slurm can be started here, or None."""
    programs = ("slurmctld", "slurmd", "sbatch", "squeue", "munged")
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        return f"no {', '.join(missing)}: tests/cluster/install_slurm.sh installs them"
    if os.getuid() != 0:
        return "a Slurm of its own needs root"
    if CONFIGURED.exists() and MARK not in CONFIGURED.read_text():
        return f"{CONFIGURED} belongs to another Slurm"
    return None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[None]:
    """
    Start Slurm and end it again.

    Args:
        folder: for its state and logs.

    Raises:
        RuntimeError: if its nodes are not idle within 30 seconds; the message has the logs.
    """
    host = socket.gethostname().partition(".")[0]
    for name in ("ctld", "d/cpu1", "d/gpu1"):
        (folder / name).mkdir(parents=True)
    devices = [folder / f"gpu{index}" for index in range(2)]
    for device in devices:  # Slurm takes character devices only
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    CONFIGURED.parent.mkdir(exist_ok=True)
    CONFIGURED.write_text(SLURM_CONF.format(mark=MARK, host=host, folder=folder))
    (CONFIGURED.parent / "gres.conf").write_text(
        f"{MARK}\nAutoDetect=off\n"
        f"NodeName=gpu1 Name=gpu File={folder}/gpu[0-1] Flags=nvidia_gpu_env\n"
    )
    started = [_start_munge()]
    started += [_start(name) for name in (["slurmctld", "-D"],)]
    started += [_start(["slurmd", "-D", "-N", node]) for node in ("cpu1", "gpu1")]
    try:
        _wait_for_nodes(folder)
        yield
    finally:
        for process in filter(None, reversed(started)):
            process.send_signal(signal.SIGTERM)
        for process in filter(None, started):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
        CONFIGURED.unlink()
        (CONFIGURED.parent / "gres.conf").unlink()


def completed(folder: Path) -> list[dict[str, str]]:
    """What Slurm notes of each job that ended: JobId, JobState, TimeLimit, and more."""
    lines = (folder / "jobs.txt").read_text().splitlines()
    return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]


def _start(command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _start_munge():
    """The authentication daemon, unless one runs already."""
    if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
        return None
    for name in ("/run/munge", "/var/lib/munge", "/var/log/munge", "/etc/munge"):
        Path(name).mkdir(exist_ok=True)
        shutil.chown(name, "munge", "munge")
    key = Path("/etc/munge/munge.key")
    if not key.exists():
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        shutil.chown(key, "munge", "munge")
    demote = ["setpriv", "--reuid=munge", "--regid=munge", "--clear-groups"]
    process = _start([*demote, "munged", "--foreground"])
    for _ in range(50):
        if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
            return process
        time.sleep(0.1)
    raise RuntimeError("munged does not answer")


def _wait_for_nodes(folder):
    for _ in range(150):
        done = subprocess.run(
            ["sinfo", "-h", "-N", "-o", "%N %t"], capture_output=True, text=True, check=False
        )
        if sorted(done.stdout.split()) == ["cpu1", "gpu1", "idle", "idle"]:
            return
        time.sleep(0.2)
    logs = "\n".join(f"== {log}\n{log.read_text()[-1500:]}" for log in folder.glob("*.log"))
    raise RuntimeError(f"Slurm's nodes are not idle: {done.stdout}{done.stderr}\n{logs}")
