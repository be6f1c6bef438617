"""A small finished run: jobs of all stages with real records, on files of a few bytes."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from snakemake.iocontainers import Namedlist

from starloom.job import logged
from starloom.numbers import Number, write_numbers
from starloom.provenance import source_files
from starloom.tables import write_model, write_table

RAW = "results/raw/gaia/XpContinuousMeanSpectrum_{}.csv.gz"

# The smallest PNG: one transparent pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c"
    "6300010000000500010d0a2db40000000049454e44ae426082"
)


class Job:
    """What a script sees as `snakemake`."""

    def __init__(self, tree, rule, inputs, outputs, params, wildcards):
        self.rule = rule
        self.scriptdir = str(tree / "workflow" / "scripts")
        self.input = Namedlist(inputs)
        self.output = Namedlist(outputs)
        self.params = Namedlist(fromdict=params)
        self.wildcards = Namedlist(fromdict=wildcards)
        self.log = Namedlist([str(tree / "job.log")])
        self.config = {"survey": "simulated"}
        self.threads = 1


@pytest.fixture(scope="session")
def finished(tmp_path_factory, root) -> Path:
    """The work tree of a finished run; made once, copied for each test."""
    tree = tmp_path_factory.mktemp("finished")
    rules = ("sky_stars", "sky_spectra", "prepare_xp", "train_vae", "evaluate_vae", "number_vae")
    for rule in (*rules, "catalog_vae", "plot_vae", "publish_sources"):
        script = tree / "workflow" / "scripts" / f"{rule}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'"""Do {rule}."""\n\nimport helper\n\nRULE = "{rule}"\n')
    (tree / "workflow/scripts/helper.py").write_text('"""Help."""\n\nSCALE = 2.0\n')
    (tree / "Snakefile").write_text("rule all:\n    input: []\n")
    (tree / ".gitignore").write_text("results/\n*.log\n")
    (tree / "envs").mkdir()
    (tree / "envs" / "base.lock").write_text("numpy==2.0 --hash=sha256:00\n")
    (tree / "config").mkdir()
    shutil.copy(root / "config" / "published_numbers.csv", tree / "config")
    git = ["git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tree)
        _run(tree)
    return tree


@pytest.fixture
def tree(finished, tmp_path, monkeypatch) -> Path:
    """A finished run to change at will; the working folder is in it."""
    copy = tmp_path / "run"
    shutil.copytree(finished, copy)
    monkeypatch.chdir(copy)
    return copy


def _run(tree: Path) -> None:
    def job(rule, inputs, outputs, make, params=(), **wildcards):
        params = {"code": "c", **dict(params)}
        with logged(Job(tree, rule, inputs, outputs, params, wildcards)):
            for output in outputs:
                Path(output).parent.mkdir(parents=True, exist_ok=True)
            make(*outputs)

    def text(content):
        return lambda *paths: [Path(path).write_text(f"{content} {path}\n") for path in paths]

    stars = "results/truth/stars.parquet"
    job("sky_stars", [], [stars], text("truth"), {"seed": 7, "sky": {"stars": 4, "cemp": True}})
    for chunk in "01":
        raw, xp = RAW.format(chunk), f"results/data/xp/{chunk}.zarr"
        job("sky_spectra", [stars], [raw], text("raw"), {"seed": 7}, chunk=chunk)
        job("prepare_xp", [raw], [xp], _folder, {"clip": 0.5}, chunk=chunk)
    xps = [f"results/data/xp/{chunk}.zarr" for chunk in "01"]
    model, history = "results/models/vae", "results/temp/history.csv"
    job("train_vae", xps, [model, history], _model, {"seed": 7})
    evaluation = "results/vae/evaluation.json"
    job("evaluate_vae", [model, history, *xps], [evaluation], text("evaluation"))
    Path(history).unlink()
    numbers = "results/numbers/scatter_vae.json"
    job("number_vae", [evaluation], [numbers], _numbers, {"lock": "l"})
    catalog = "results/catalogs/scatter_vae.parquet"
    job("catalog_vae", [model, *xps], [catalog], _catalog, {"data": "simulated"})
    figure = "results/figures/scatter_vae/losses.png"
    job("plot_vae", [model], [figure, figure.replace("png", "json")], _figure)
    sources = sorted(path for path in source_files(tree, []))
    job("publish_sources", sources, ["results/sources.json"], text("sources"))


def _folder(path):
    (Path(path) / "c").mkdir(parents=True)
    (Path(path) / "zarr.json").write_text("{}")
    (Path(path) / "c" / "0").write_bytes(path.encode())


def _model(model, history):
    write_model(model, {"weight": np.ones(2)}, {"latent": 6})
    Path(history).write_text("epoch,loss\n")


def _numbers(path):
    numbers = [
        Number(
            "xpvae.val_loss", "scatter_vae", -93.5, "nat", "ELBO of validation stars", 0.25, 800
        ),
        Number(
            "xpvae.residual_width", "scatter_vae", 1.01, "1", "width of residuals <of test stars>"
        ),
    ]
    write_numbers(path, numbers, "simulated", "config/published_numbers.csv")


def _catalog(path):
    columns = {"source_id": np.array([1, 2]), "latent": np.zeros((2, 6), np.float32)}
    described = {"latent": {"unit": "1", "description": "mean +- 1 of the file's own words"}}
    write_table(path, columns, {"data": "simulated", "columns": described})


def _figure(image, sidecar):
    Path(image).write_bytes(PIXEL)
    caption = {"title": "Losses", "caption": "Loss by epoch.", "data": "simulated"}
    Path(sidecar).write_text(json.dumps(caption))
