"""Spectra, light curves and bulk files from trees of files, as the archives lay them out."""

import gzip
import hashlib
import io
import json
import shutil

import numpy as np
import pytest
from astropy.io import fits
from twin.files import fits_bytes
from twin.server import Fault

from starloom.archives import kepler, lamost, sdss_client, zenodo
from starloom.archives.chunks import read_bulk_chunks
from starloom.archives.datasets import Dataset, Datasets
from starloom.archives.gaia_client import read_sums
from starloom.archives.sdss import read_apstar
from starloom.archives.wanted import FetchError

STAMPS = ("2009131105131", "2009166043257", "2013131215648")


@pytest.fixture
def datasets(site, root, tmp_path):
    """The project's own table of sources, its hosts replaced by the twin."""
    text = (root / "config" / "datasets.csv").read_text()
    for host in ("data.sdss.org/sas", "archive.stsci.edu/missions", "cdn.gea.esac.esa.int"):
        text = text.replace(f"https://{host}", f"{site.address}/{host}")
    path = tmp_path / "datasets.csv"
    path.write_text(text)
    return Datasets(path)


def _put(site, path, body):
    file = site.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)


STARS = "data.sdss.org/sas/dr17/apogee/spectro/redux/dr17/stars"
ASPCAP = "data.sdss.org/sas/dr17/apogee/spectro/aspcap/dr17/synspec_rev1"


def _allstar():
    names = ("apo25m", "060+00", "apStar", "2M1"), ("lco25m", "N6791", "asStar", "2M2")
    rows = [(t, f, f"{p}-dr17-{i}.fits", i) for t, f, p, i in names]
    rows += [("apo25m", "060+00", "apStar-dr17-2M3.fits", "2M3"), ("", "", "", "2M4"), rows[0]]
    columns = zip(*rows, strict=True)
    names = ("TELESCOPE", "FIELD", "FILE", "APOGEE_ID")
    return {name: np.array(cells) for name, cells in zip(names, columns, strict=True)}


def _serve_stars(site, root, kind):
    files = sdss_client.spectra(_allstar(), kind)
    for number, one in enumerate(files):
        body = fits_bytes(100, seed=number)
        _put(site, f"{root}/{one.folder}/{one.file}", body)
        run = {"stars": f"dr17_stars_{one.telescope}_{one.field}.sha1sum"}
        name = run.get(kind) or sdss_client.list_name(one.telescope, one.field)
        sums = site.root / root / one.folder / name
        with open(sums, "a") as handle:
            handle.write(f"{hashlib.sha1(body).hexdigest()}  {one.file}\n")
    return files


@pytest.mark.parametrize(("kind", "place"), [("stars", STARS), ("aspcap", ASPCAP)])
def test_spectra_come_with_the_checksums_of_their_field(site, raw, fetcher, datasets, kind, place):
    files = _serve_stars(site, place, kind)
    assert len(files) == 3
    site.faults[f"/{place}/{files[0].folder}/{files[0].file}"] = [Fault("flipped")]
    folder = raw / "apogee" / kind
    assert sdss_client.fetch_spectra(datasets, fetcher, files, kind, folder) == []
    for one in files:
        served = (site.root / place / one.folder / one.file).read_bytes()
        assert (folder / one.folder / one.file).read_bytes() == served
    assert len(fetcher.manifest.rows()) == 3
    site.asked.clear()
    sdss_client.fetch_spectra(datasets, fetcher, files, kind, folder)
    assert not site.asked


def test_a_missing_spectrum_or_list_is_told_and_a_wrong_checksum_stops(
    site, raw, fetcher, datasets
):
    files = _serve_stars(site, STARS, "stars")
    (site.root / STARS / files[0].folder / files[0].file).unlink()
    (site.root / STARS / files[-1].folder / "dr17_stars_lco25m_N6791.sha1sum").unlink()
    gone = sdss_client.fetch_spectra(datasets, fetcher, files, "stars", raw / "stars")
    assert gone == [files[0]]
    shutil.rmtree(raw / "stars")
    site.faults[f"/{STARS}/{files[1].folder}/{files[1].file}"] = [Fault("flipped", for_ever=True)]
    with pytest.raises(FetchError, match="checksum is not sha1"):
        sdss_client.fetch_spectra(datasets, fetcher, files, "stars", raw / "stars")


def test_batches_hold_whole_fields():
    files = [
        sdss_client.Spectrum("apo25m", field, f"{number}.fits")
        for field, count in (("A", 300), ("B", 300), ("C", 10), ("D", 900))
        for number in range(count)
    ]
    for count in (1, 2, 3, 7, 2000):
        parts = [sdss_client.batch(files, index, count) for index in range(count)]
        assert [one for part in parts for one in part] == files
        fields = [{one.field for one in part} for part in parts]
        assert sum(map(len, fields)) == 4
    assert [len(sdss_client.batch(files, index, 2)) for index in (0, 1)] == [610, 900]


def _serve_light_curves(site, kic, stamps, bodies=None):
    nine = kepler.kic9(kic)
    place = f"archive.stsci.edu/missions/kepler/lightcurves/{nine[:4]}/{nine}"
    for number, stamp in enumerate(stamps):
        body = bodies[number] if bodies else fits_bytes(50, seed=number)
        _put(site, f"{place}/kplr{nine}-{stamp}_llc.fits", body)
    _put(site, f"{place}/kplr{nine}-2010009091648_slc.fits", b"short cadence")
    _put(site, f"{place}/kplr{nine}-{STAMPS[0]}_llc.fits.txt", b"not a light curve")


def test_light_curves_are_found_on_the_stars_folder_page(site, raw, fetcher, datasets):
    _serve_light_curves(site, 1872517, STAMPS)
    _serve_light_curves(site, 757076, STAMPS[:1])
    folder = raw / "kepler"
    kics = np.array([1872517, 757076, 99])
    missing = kepler.fetch_light_curves(datasets, fetcher, kics, folder)
    assert missing.tolist() == [99]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("kplr*"))
    assert names == [
        "0007/000757076/kplr000757076-2009131105131_llc.fits",
        *(f"0018/001872517/kplr001872517-{stamp}_llc.fits" for stamp in STAMPS),
    ]
    site.asked.clear()
    kepler.fetch_light_curves(datasets, fetcher, kics[:2], folder)
    assert not site.asked


def test_stars_are_batched_once_each():
    batches = [kepler.batch(np.array([5, 3, 5, 1, 4]), index, 2).tolist() for index in (0, 1)]
    assert batches == [[1, 3], [4, 5]]


def test_bulk_files_are_listed_with_their_sums(site, raw, fetcher, datasets):
    place = "cdn.gea.esac.esa.int/Gaia/gdr3/gaia_source"
    names = ("GaiaSource_003112-005263.csv.gz", "GaiaSource_000000-003111.csv.gz")
    sums = "\n".join(f"{str(index) * 32}  {name}" for index, name in enumerate(names))
    _put(site, f"{place}/_MD5SUM.txt", sums.encode())
    path = raw / "_MD5SUM.txt"
    fetcher.fetch([datasets["gaia_source_bulk"].wanted(path, file=path.name)])
    assert read_sums(path) == {name: str(index) * 32 for index, name in enumerate(names)}
    assert read_bulk_chunks(path) == ["000000-003111", "003112-005263"]
    path.write_text("<html>")
    with pytest.raises(ValueError, match="is no checksum"):
        read_sums(path)


@pytest.mark.real
def test_real_spectra_and_light_curves_pass_the_checks_and_the_readers(
    site, raw, fetcher, datasets, real
):
    """Real files through the twin, the fetcher and the readers of the workflow."""
    quarters = sorted((real / "kepler" / "kic9145861").glob("*_llc.fits"))
    stamps = [path.name.split("-")[1].split("_")[0] for path in quarters]
    _serve_light_curves(site, 9145861, stamps, [path.read_bytes() for path in quarters])
    kepler.fetch_light_curves(datasets, fetcher, np.array([9145861]), raw / "kepler")
    fetched = sorted((raw / "kepler").rglob("kplr*"))
    assert [path.name for path in fetched] == [path.name for path in quarters]
    for path in fetched:
        with fits.open(path) as hdus:
            assert hdus[0].header["KEPLERID"] == 9145861
            assert "PDCSAP_FLUX" in hdus[1].columns.names
    spectrum = real / "apogee" / "spectra" / "apStar-dr17-2M19485057+5005279.fits"
    one = sdss_client.Spectrum("apo25m", "K21_071+10", spectrum.name)
    _put(site, f"{STARS}/{one.folder}/{one.file}", spectrum.read_bytes())
    assert not sdss_client.fetch_spectra(datasets, fetcher, [one], "stars", raw / "stars")
    read = read_apstar(raw / "stars" / one.folder / one.file)
    assert str(read["apogee_id"]) == "2M19485057+5005279"


def test_a_record_s_files_come_with_their_sums(site, raw, fetcher, tmp_path):
    bodies = {"a.csv": b"x\n1\n", "b.fits": fits_bytes(10)}
    for name, body in bodies.items():
        _put(site, f"files/{name}", body)
    files = [
        {
            "key": name,
            "size": len(body),
            "checksum": f"md5:{hashlib.md5(body).hexdigest()}",
            "links": {"self": f"{site.address}/files/{name}"},
        }
        for name, body in bodies.items()
    ]
    _put(site, "records/1", json.dumps({"id": 1, "files": files}).encode())
    row = Dataset("zenodo_x", "1", f"{site.address}/records/1", "", "", 0, "", "paper", "")
    site.faults["/files/a.csv"] = [Fault("flipped")]
    paths = zenodo.fetch_record(row, fetcher, raw / "x")
    assert {path.name: path.read_bytes() for path in paths} == bodies
    with pytest.raises(ValueError, match=r"has no file c\.csv; it has a\.csv, b\.fits"):
        zenodo.fetch_record(row, fetcher, raw / "x", ("c.csv",))
    _put(site, "records/1", b'{"entries": []}')
    shutil.rmtree(raw / "x")
    with pytest.raises(ValueError, match="in another way"):
        zenodo.fetch_record(row, fetcher, raw / "x")


def test_lamost_is_taken_only_if_it_has_the_labels(site, raw, fetcher):
    row = Dataset("lamost_lrs", "DR7", f"{site.address}/lrs.fits.gz", "", "", 0, "", "paper", "")
    _put(site, "lrs.fits.gz", gzip.compress(fits_bytes(10)))
    with pytest.raises(ValueError, match=r"lacks ra.*it has x.*row 'lamost_lrs'"):
        lamost.fetch_table(row, fetcher, raw / "lrs.fits.gz")
    assert not (raw / "lrs.fits.gz").exists()
    names = [*lamost.PLACE, *lamost.TABLES["lamost_lrs"].values()]
    columns = [fits.Column(name, "D", array=np.ones(3)) for name in names]
    handle = io.BytesIO()
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(handle)
    _put(site, "lrs.fits.gz", gzip.compress(handle.getvalue()))
    lamost.fetch_table(row, fetcher, raw / "lrs.fits.gz")
    assert (raw / "lrs.fits.gz").exists()
