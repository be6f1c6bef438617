"""survey: files: raw files of a user's own through the same rules, real ones among them."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml

from starloom.columns import XP_FLAGS
from starloom.tables import read_meta, read_table

pytestmark = pytest.mark.workflow


def _run(tree, folder, files, *words):
    """Run the workflow on a user's files, in a folder of its own, with the tiny sky's model."""
    config = {
        "survey": "files",
        "files": {
            name: [str(p) for p in path] if name == "xp" else str(path)
            for name, path in files.items()
        },
        "scatter_vae": {"pretrained": str(tree / ".test/results/models/scatter_vae")},
    }
    (tree / "mine.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    command += ["--configfile", "config/test.yaml", "mine.yaml"]
    return subprocess.run(
        [*command, "--directory", str(folder), *words],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_simulated_raw_files_as_a_users_own_give_the_same_latents(tiny, tmp_path):
    raw = tiny / ".test/results/raw"
    files = {
        "xp": sorted((raw / "gaia/xp_continuous").iterdir())[:1],
        "gaia_source": sorted((raw / "gaia/gaia_source").iterdir())[0],
        "allstar": raw / "apogee/allStar.fits",
        "twomass": raw / "twomass/twomass.csv.gz",
        "unwise": raw / "unwise/unwise.cat.fits",
    }
    done = _run(tiny, tmp_path, files)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    mine = read_table(tmp_path / "results/catalogs/scatter_vae.parquet")
    sky = read_table(tiny / ".test/results/catalogs/scatter_vae.parquet")
    rows = np.searchsorted(sky["source_id"], mine["source_id"])
    for name in ("source_id", "z0", "e_z0", "chi2", "apogee_id", "bp_rp", "in_good"):
        np.testing.assert_array_equal(mine[name], sky[name][rows])
    numbers = json.loads((tmp_path / "results/numbers/scatter_vae.json").read_text())
    assert {number["data"] for number in numbers} == {"files"}


@pytest.mark.real
def test_real_stars_come_out_with_flags_for_what_the_model_cannot_read(tiny, real, tmp_path):
    folder = real / "xp/gaiaxpy/continuous"
    files = {
        "xp": [
            folder / "XP_CONTINUOUS_RAW_with_missing_BP.csv",
            folder / "XP_CONTINUOUS_RAW_colour_eq_dr3int6.csv",
            real / "xp/xp_continuous_500.fits",
        ]
    }
    done = _run(tiny, tmp_path, files)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    path = tmp_path / "results/catalogs/scatter_vae.parquet"
    stars = read_table(path)
    assert read_meta(path)["data"] == "files"
    assert len(stars["source_id"]) == 3 + 3 + 500
    no_bp = stars["xp_flag"] & XP_FLAGS["no_bp"].mask > 0
    np.testing.assert_array_equal(stars["source_id"][no_bp], [5405570973190252288])
    np.testing.assert_array_equal(np.isnan(stars["z0"]), no_bp)
    synthetic = stars["xp_flag"] & XP_FLAGS["synthetic_g"].mask > 0
    np.testing.assert_array_equal(synthetic, ~no_bp)
    assert np.any(stars["xp_flag"] & XP_FLAGS["out_of_range"].mask > 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "page"),
        (b"source_id,teff\n1,5000\n", "bp_coefficients"),
    ],
)
def test_a_file_that_holds_no_spectra_stops_with_its_name_and_why(tiny, tmp_path, content, words):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    done = _run(tiny, tmp_path, {"xp": [path]})
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "broken.csv" in said
    assert words in said
    assert not list((tmp_path / "results").rglob("XpContinuousMeanSpectrum_*"))


def test_a_missing_file_is_named(tiny, tmp_path):
    done = _run(tiny, tmp_path, {"xp": [tmp_path / "absent.csv"]}, "--dry-run")
    assert done.returncode != 0
    assert "absent.csv" in done.stdout + done.stderr
