"""A user's own files become raw files, checked, with their origin."""

import gzip
import hashlib

import numpy as np
import pytest
from astropy.table import Table

from starloom.archives import write_fits
from starloom.archives.gaia import read_gaia_source, read_xp
from starloom.archives.sdss import read_allstar
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.archives.user_files import (
    ADOPT,
    adopt_allstar,
    adopt_gaia_source,
    adopt_twomass,
    adopt_unwise,
    adopt_xp,
)


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_text_is_taken_as_it_is_and_gzipped(tmp_path, spectra, as_csv, assert_same):
    path, target = tmp_path / "mine.csv", tmp_path / "raw" / "xp.csv.gz"
    path.write_text(as_csv(spectra))
    row = adopt_xp(path, target)
    assert gzip.decompress(target.read_bytes()) == path.read_bytes()
    assert_same(read_xp(target), spectra)
    assert row == {
        "path": str(target),
        "origin": str(path),
        "origin_sha256": _sha256(path),
        "sha256": _sha256(target),
        "bytes": target.stat().st_size,
        "converted": False,
        "rows": 7,
        **dict.fromkeys(("not_finite", "bad_error", "no_g_flux", "synthetic_g"), 0),
        **{"no_bp": 1, "no_rp": 1, "duplicate": 0, "out_of_range": 0},
    }
    again = tmp_path / "again.csv.gz"
    assert adopt_xp(target, again)["sha256"] == row["sha256"]


def test_other_forms_of_spectra_are_converted(tmp_path, spectra):
    path, target = tmp_path / "mine's.fits", tmp_path / "xp.csv.gz"
    write_fits.write_xp_fits(path, spectra, "test")
    assert adopt_xp(path, target)["converted"]
    read, given = read_xp(target), read_xp(path)
    for name, values in given.items():
        np.testing.assert_array_equal(np.asarray(read[name], values.dtype.str), read[name])
        np.testing.assert_allclose(read[name], values, rtol=1e-7, err_msg=name)
    table = Table.read(target, format="ascii.ecsv", fill_values=("null", "0"))
    assert table.meta["origin"] == "converted by starloom from mine's.fits"


def test_a_damaged_file_leaves_nothing_behind(tmp_path, spectra, as_csv):
    path, target = tmp_path / "mine.csv.gz", tmp_path / "raw" / "xp.csv.gz"
    path.write_bytes(gzip.compress(as_csv(spectra).encode())[:-20])
    with pytest.raises(ValueError, match=r"mine\.csv\.gz is a cut or damaged gzip file"):
        adopt_xp(path, target)
    assert not target.parent.exists() or not list(target.parent.iterdir())


PLACE = {"ra": [1.0, 2.0], "dec": [3.0, 4.0]}
TABLES = {
    "gaia_source": (
        {"source_id": [5853498713190525697, 7], **PLACE, "phot_g_mean_mag": [12.5, np.nan]},
        read_gaia_source,
        adopt_gaia_source,
        "GaiaSource_user.csv.gz",
    ),
    "twomass": (
        {"designation": ["a", "b"], **PLACE, "j_m": [1.0, 2.0], "h_m": [1.0, 2.0], "k_m": [3.0, 4]},
        read_twomass,
        adopt_twomass,
        "twomass.csv.gz",
    ),
    "unwise": (
        {**PLACE, "flux_w1": [1000.0, 2.0], "flux_w2": [3.0, 4.0]},
        read_unwise,
        adopt_unwise,
        "unwise.cat.fits",
    ),
    "allstar": (
        {"APOGEE_ID": ["2M1", "2M2"], "RA": PLACE["ra"], "DEC": PLACE["dec"], "TEFF": [4000.5, 1]},
        read_allstar,
        adopt_allstar,
        "allStar.fits",
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("form", ["csv", "fits", "votable", "fits.gz"])
def test_tables_come_into_the_raw_form_with_their_values(tmp_path, name, form):
    columns, read, adopt, target = TABLES[name]
    path = tmp_path / f"mine.{form}"
    table = Table(columns | {"my_column": [1.0, 2.0]})
    if form == "fits.gz":
        table.write(tmp_path / "plain.fits")
        path.write_bytes(gzip.compress((tmp_path / "plain.fits").read_bytes()))
    else:
        table.write(path, format="ascii.csv" if form == "csv" else form)
    row = adopt(path, tmp_path / target)
    assert ADOPT[name] is adopt
    assert row["rows"] == 2 and row["sha256"] == _sha256(tmp_path / target)
    assert row["converted"] == (form[:4] != ("csv" if target.endswith("gz") else "fits"))
    given, raw = read(path), read(tmp_path / target)
    for column in set(given) - {"my_column"}:
        np.testing.assert_array_equal(raw[column], given[column], err_msg=column)
    magic = (tmp_path / target).read_bytes()[:2]
    assert magic == (b"\x1f\x8b" if target.endswith("gz") else b"SI")


def test_a_gaia_table_with_a_row_without_source_id_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("source_id,ra,dec\n7,1,2\n,1,2\n")
    with pytest.raises(ValueError, match="row 2: no source_id"):
        adopt_gaia_source(path, tmp_path / "raw.csv.gz")


@pytest.mark.real
def test_real_spectra_of_every_form_are_adopted(tmp_path, real):
    folder = real / "xp" / "gaiaxpy" / "continuous"
    for path in [*folder.glob("*"), real / "xp" / "xp_continuous_500.fits"]:
        row = adopt_xp(path, tmp_path / "xp.csv.gz")
        given, raw = read_xp(path), read_xp(tmp_path / "xp.csv.gz")
        assert row["rows"] == len(given["source_id"])
        assert list(raw) == list(given)
        for name, values in given.items():
            np.testing.assert_allclose(raw[name], values, rtol=1.3e-7, err_msg=f"{path} {name}")
