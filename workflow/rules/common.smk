"""
What every stage uses: the checked configuration, code digests, the names of the raw files.
"""

import functools
import os

from starloom.archives.chunks import archive_chunks
from starloom.archives.names import bulk_chunks, user_chunks
from starloom.config import check
from starloom.provenance import code_digest, file_digest, source_files

ROOT = Path(workflow.basedir)

try:
    check(config, ROOT / "workflow" / "schemas" / "config.schema.yaml")
except ValueError as error:
    raise WorkflowError(str(error)) from None

# Compiled JAX programs are kept between jobs and runs; they depend on nothing but the code.
# On a CPU each job computes on one thread: XLA's pool of threads can wedge for ever on few cores,
# the bytes do not depend on the number of cores, and the jobs run side by side.
# Every environment finds the package in src; it is never installed into a conda environment.
os.environ.update(
    {
        "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache" / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTHONHASHSEED": "0",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
    }
)

SURVEY = config["survey"]
LOCK = file_digest(ROOT / "envs" / "base.lock")

# Every XP file is one chunk of stars and keeps its name from raw file to latent.
try:
    CHUNKS = {
        "simulated": lambda: bulk_chunks(config["sky"]["xp_files"]),
        "dr17": lambda: archive_chunks(config["archives"]),
        "files": lambda: user_chunks(config["files"]["xp"]),
    }[SURVEY]()
except ValueError as error:
    raise WorkflowError(str(error)) from None


# What the studies deliver, each in its own rules; the page, the crate and `rule all` read it here.
PUBLISHED = {"catalogs": [], "figures": [], "numbers": [], "release": []}


wildcard_constraints:
    chunk=r"[A-Za-z0-9_.+-]+",


def code_of(script):
    """
    Digest of what a script means: its syntax tree and those of the modules it imports.

    Found when a job needs it: a cluster's job looks at its own script only.
    """
    path = ROOT / "workflow" / "scripts" / f"{script}.py"
    return lambda wildcards: digest_of_code(path)


@functools.cache
def digest_of_code(path):
    return code_digest(path, ROOT / "src" / "starloom")


def content_of(path):
    """Digest of a file of the repository, for a param: a fresh clone changes its time only."""
    return file_digest(ROOT / path)


def pick(section, *names):
    """Some values of a section of the configuration: a stage depends on what it names."""
    return {name: config[section][name] for name in names}


def grows(first):
    """A resource that grows with each try: a job that ran out of it gets more."""
    return lambda wildcards, attempt: first * attempt
