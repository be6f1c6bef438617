"""The whole sky: one job a bulk file, broken ones alone again, one catalogue that LSDB opens."""

import os
import signal
import subprocess
import time

import astropy.units as u
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy_healpix import HEALPix

from starloom.archives.gaia import read_gaia_source, read_xp
from starloom.archives.names import SOURCE_ID_TO_LEVEL8, bulk_chunks, chunk_range
from starloom.sky.files import write_gaia_source, write_xp_bulk
from starloom.tables import read_json, stack
from tests.trees import ENVIRONMENT
from tests.workflow.test_interruption import _command

pytestmark = pytest.mark.workflow

FILES, STARS = 20, 8
RULES = ("stage_sky_xp", "stage_sky_gaia_source", "label_sky", "catalog_sky", "allsky")
WORDS = ("allsky", "--allowed-rules", *RULES)


def _bulk_files(tree):
    """Twenty bulk files, of stars of the tiny sky moved into each part of the sky."""
    raw = tree / ".test/results/raw/gaia"
    spectra = stack([read_xp(path) for path in sorted(raw.glob("xp_continuous/*.gz"))])
    gaia = stack([read_gaia_source(path) for path in sorted(raw.glob("gaia_source/*.gz"))])
    rows = np.array([np.flatnonzero(gaia["source_id"] == i)[0] for i in spectra["source_id"]])
    gaia = {name: values[rows] for name, values in gaia.items()}
    files = {}
    for number, chunk in enumerate(bulk_chunks(FILES)):
        own = slice(number * STARS, (number + 1) * STARS)
        pixel = int(np.mean(chunk_range(chunk)))
        place = {"source_id": (np.int64(pixel) << SOURCE_ID_TO_LEVEL8) + 1 + np.arange(STARS)}
        lon, lat = HEALPix(256, "nested").healpix_to_lonlat(np.full(STARS, pixel))
        sky = {"ra": lon.to_value(u.deg), "dec": lat.to_value(u.deg)}
        path = raw / "xp_continuous" / f"XpContinuousMeanSpectrum_{chunk}.csv.gz"
        write_xp_bulk(path, {name: v[own] for name, v in spectra.items()} | place)
        table = {name: v[own] for name, v in gaia.items()} | place | sky
        write_gaia_source(raw / "gaia_source" / f"GaiaSource_{chunk}.csv.gz", table)
        files[chunk] = path
    return files


def _parts(tree):
    return {path.name for path in (tree / ".test/results/allsky/parts").glob("[!.]*")}


@pytest.fixture(scope="module")
def sky(tiny, clone):
    tree = clone("allsky")
    subprocess.run(["cp", "-a", tiny / ".test", tree / ".test"], check=True)
    config = tree / "config/test.yaml"
    config.write_text(config.read_text().replace("xp_files: 2\n", f"xp_files: {FILES}\n"))
    return tree, _bulk_files(tree)


def test_broken_files_fail_alone_and_a_killed_run_goes_on(sky, run_in):
    tree, files = sky
    names = sorted(files)
    whole = {name: files[name].read_bytes() for name in (names[3], names[7], names[11])}
    corrupt = bytearray(whole[names[3]])
    corrupt[len(corrupt) // 2 : len(corrupt) // 2 + 64] = bytes(64)
    files[names[3]].write_bytes(corrupt)
    files[names[7]].write_bytes(whole[names[7]][: len(corrupt) // 2])
    files[names[11]].write_bytes(b"")

    process = subprocess.Popen(
        _command(*WORDS), cwd=tree, env=ENVIRONMENT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while len(_parts(tree)) < 2:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no part in 600 s"
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = _parts(tree)
    subprocess.run(_command("--unlock"), cwd=tree, env=ENVIRONMENT, check=True)

    times = {name: (tree / ".test/results/allsky/parts" / name).stat().st_mtime for name in done}
    failed = run_in(tree, *WORDS, check=False)
    assert failed.returncode != 0
    assert _parts(tree) == set(names) - set(whole)
    again = [
        name
        for name, at in times.items()
        if (tree / ".test/results/allsky/parts" / name).stat().st_mtime != at
    ]
    assert len(again) <= 2  # those that were being written when the run was killed
    for name in whole:
        log = (tree / f".test/results/logs/label_sky/{name}.log").read_text()
        assert "ValueError" in log and name in log, log[-500:]
    staged = {path.name for path in (tree / ".test/results/temp/allsky").glob("Xp*")}
    assert staged <= {files[name].name for name in whole}
    assert not (tree / ".test/results/allsky/summary.json").exists()

    for name, content in whole.items():
        files[name].write_bytes(content)
    run_in(tree, *WORDS)
    summary = read_json(tree / ".test/results/allsky/summary.json")
    assert summary["rows"] == FILES * STARS and summary["files"] == FILES
    assert not list((tree / ".test/results/temp/allsky").glob("*.gz"))


def test_the_catalogue_has_each_star_once_with_its_labels_and_latents(sky):
    tree, _ = sky
    dataset = tree / ".test/results/allsky/stellar_labels/dataset"
    table = pq.read_table(dataset, partitioning=None)
    assert table.num_rows == len(set(table.column("source_id").to_pylist())) == FILES * STARS
    assert np.isfinite(table.column("teff_xp").to_numpy()).mean() > 0.9
    assert {"z0", "e_z0", "label_flag", "xp_flag", "_healpix_29"} <= set(table.column_names)


def test_lsdb_opens_it_and_finds_a_cone(sky, hats_python):
    tree, _ = sky
    code = (
        "import lsdb, sys; c = lsdb.open_catalog(sys.argv[1]); t = c.compute();"
        "ra, dec = (float(t[name].iloc[0]) for name in ('ra', 'dec'));"
        "n = len(c.cone_search(ra, dec, 60.0).compute());"
        "print(len(t), n)"
    )
    path = tree / ".test/results/allsky/stellar_labels"
    done = subprocess.run(
        [hats_python, "-c", code, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-2:] == [str(FILES * STARS), str(STARS)]
