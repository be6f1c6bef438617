"""Run the study of ages on a simulated sky without what it lives on, in a folder of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

from starloom.job import logged
from starloom.tables import write_json

WANTED = "results/ages/evaluation.json"


def main(folder, evaluation_path, config, snakefile, cores, deployment):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config)
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", str(cores)]
    command += ["--directory", str(folder), "--configfile", str(folder / "config.json")]
    command += ["--sdm", *deployment] if deployment else []
    run = subprocess.run([*command, "--", WANTED], capture_output=True, text=True)
    print(run.stdout, run.stderr, sep="\n")
    if run.returncode:
        raise RuntimeError(f"the sky in {folder} failed; its logs are in {folder}/results/logs")
    shutil.copyfile(folder / WANTED, evaluation_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        given = (job.params.config, job.params.snakefile, job.threads, job.params.deployment)
        main(job.params.folder, job.output.evaluation, *given)
