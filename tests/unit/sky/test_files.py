"""Raw files of the simulated sky: read back by our readers, by astropy and by GaiaXPy."""

import gzip
import hashlib

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from astropy.table import Table

from starloom.archives.gaia import read_gaia_source, read_xp
from starloom.archives.raw_tables import NO_INTEGER
from starloom.archives.schema import archive_columns
from starloom.archives.sdss import PIXELS, read_allstar, read_apstar, read_aspcapstar
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.sky import files

N_STAR = 4
IDS = 5853498713190525696 + np.arange(N_STAR)
PLACE = {"ra": np.array([0.1, 123.456789012345, 359.9, 2.0]), "dec": np.array([-89.0, 0, 1, 2])}


def _xp(size=55, count=N_STAR):
    rng = np.random.default_rng(3)
    spectra = {"source_id": 5853498713190525696 + np.arange(count)}
    for band in ("bp", "rp"):
        half = rng.normal(size=(count, size, 2 * size))
        covariance = half @ half.transpose(0, 2, 1)
        sigma = np.sqrt(np.einsum("nii->ni", covariance))
        correlation = covariance / sigma[:, :, None] / sigma[:, None, :]
        row, column = np.tril_indices(size, -1)
        spectra[f"{band}_coefficients"] = rng.normal(size=(count, size)) * 1e3
        spectra[f"{band}_coefficient_errors"] = sigma.astype(np.float32)
        spectra[f"{band}_coefficient_correlations"] = correlation[:, row, column].astype(np.float32)
        spectra[f"{band}_n_relevant_bases"] = np.full(count, 12, np.int32)
        spectra[f"{band}_standard_deviation"] = rng.uniform(1, 1.2, count).astype(np.float32)
        spectra[f"{band}_n_measurements"] = np.full(count, 900)
    for name, values in spectra.items():
        if name.startswith("bp"):
            values[1] = -1 if values.dtype.kind == "i" else np.nan
    return spectra


@pytest.mark.parametrize("write", [files.write_xp_bulk, files.write_xp_fits])
def test_xp_spectra_come_back_as_they_were(tmp_path, write):
    spectra = _xp()
    path = tmp_path / ("xp.csv.gz" if write is files.write_xp_bulk else "xp.fits")
    write(path, spectra | {"g_mag": np.zeros(N_STAR)})
    read = read_xp(path)
    assert read["xp_flag"].tolist() == [0, 1, 0, 0]
    for name in set(spectra) & set(read):
        kind = spectra[name].dtype
        np.testing.assert_array_equal(read[name].astype(kind), spectra[name], err_msg=name)


def test_a_bulk_file_has_the_archives_columns_nulls_and_label(tmp_path):
    files.write_xp_bulk(tmp_path / "xp.csv.gz", _xp(size=5))
    text = gzip.decompress((tmp_path / "xp.csv.gz").read_bytes()).decode()
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert comments[0] == "# %ECSV 1.0" and any("simulated" in line for line in comments)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0].split(",") == list(archive_columns("xp_continuous"))
    assert lines[2].startswith(f"{IDS[1]},0,null,null,null,-1,null".replace("-1", "null"))
    assert '"[' in lines[1] and '"(' not in lines[1]
    table = Table.read(tmp_path / "xp.csv.gz", format="ascii.ecsv", fill_values=("null", "0"))
    assert table.meta["origin"].startswith("simulated")
    assert table["bp_n_parameters"].tolist() == [5, None, 5, 5]
    np.testing.assert_array_equal(table["bp_coefficients"][0], _xp(size=5)["bp_coefficients"][0])


def test_gaiaxpy_reads_the_simulated_files_as_we_do(tmp_path):
    from starloom import gaiaxpy_quiet

    gaiaxpy = gaiaxpy_quiet.load()
    files.write_xp_bulk(tmp_path / "xp.csv", _xp())
    files.write_xp_fits(tmp_path / "xp.fits", _xp())
    fluxes = []
    for name in ("xp.csv", "xp.fits"):
        with gaiaxpy_quiet.silence():
            spectra, _ = gaiaxpy.convert(str(tmp_path / name), save_file=False)
        missing = spectra["flux"].map(np.size) == 1
        assert spectra["source_id"][missing].tolist() == [IDS[1]]
        fluxes.append(np.stack(spectra["flux"][~missing]))
    np.testing.assert_allclose(fluxes[0], fluxes[1], rtol=1e-6)


def test_the_same_spectra_give_the_same_bytes(tmp_path):
    digests = set()
    for name in ("a.csv.gz", "b.csv.gz"):
        files.write_xp_bulk(tmp_path / name, _xp(size=6, count=300))
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_no_star_gives_a_file_with_a_header_only(tmp_path):
    empty = {name: values[:0] for name, values in _xp(size=5).items()}
    files.write_xp_bulk(tmp_path / "xp.csv.gz", empty)
    with pytest.raises(ValueError, match="has no rows"):
        read_xp(tmp_path / "xp.csv.gz")


def test_spectra_without_errors_or_of_other_length_are_refused(tmp_path):
    spectra = _xp(size=5)
    errors = spectra.pop("rp_coefficient_errors")
    with pytest.raises(ValueError, match="without rp_coefficient_errors"):
        files.write_xp_bulk(tmp_path / "xp.csv.gz", spectra)
    with pytest.raises(ValueError, match="different length"):
        files.write_xp_fits(tmp_path / "xp.fits", spectra | {"rp_coefficient_errors": errors[1:]})
    assert not list(tmp_path.iterdir())


def _gaia():
    return {
        "source_id": IDS,
        **PLACE,
        "phot_g_mean_mag": np.array([12.345678, np.nan, 1, 2], np.float32),
        "pmra": np.array([np.nan, 1.5, -2, 0]),
        "astrometric_params_solved": np.array([31, 3, NO_INTEGER, 95], np.int16),
        "has_xp_continuous": np.array([True, False, True, True]),
        "phot_variable_flag": np.array(["VARIABLE", "NOT_AVAILABLE", "", ""]),
    }


def test_gaia_sources_come_back_as_they_were(tmp_path):
    files.write_gaia_source(tmp_path / "g.csv.gz", _gaia())
    read = read_gaia_source(tmp_path / "g.csv.gz")
    for name, values in _gaia().items():
        np.testing.assert_array_equal(read[name], values, err_msg=name)
        assert read[name].dtype.kind == values.dtype.kind
    assert read["designation"][0] == f"Gaia DR3 {IDS[0]}"
    assert list(read) == [name for name in archive_columns("gaia_source") if name in read]


def test_astropy_reads_the_simulated_gaia_source_with_units(tmp_path):
    files.write_gaia_source(tmp_path / "g.csv.gz", _gaia())
    table = Table.read(tmp_path / "g.csv.gz", format="ascii.ecsv", fill_values=("null", "0"))
    assert table["ra"].unit == "deg" and table["source_id"].dtype == np.int64
    np.testing.assert_array_equal(table["ra"], PLACE["ra"])
    assert table["phot_g_mean_mag"].mask.tolist() == [False, True, False, False]


def test_a_column_that_no_archive_has_is_refused(tmp_path):
    with pytest.raises(ValueError, match="gaia_source has no column true_teff"):
        files.write_gaia_source(tmp_path / "g.csv.gz", _gaia() | {"true_teff": PLACE["ra"]})


def _twomass():
    magnitudes = {f"{band}_m": np.array([9.1, 10.25, np.nan, 4], np.float32) for band in "jh"}
    return {
        "designation": np.array(["00000000+0000000", "b", "c", "d"]),
        **PLACE,
        **magnitudes,
        "ks_m": np.array([9, 10, 11, 12], np.float32),
        "ks_msigcom": np.array([0.02, np.nan, 0.1, 0.2], np.float32),
        "ph_qual": np.array(["AAA", "AAU", "EEE", "BCD"]),
        "ext_key": np.array([0, 5, 0, 0]),
        "j_date": 2451000.1234 + np.arange(4),
    }


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_2mass_sources_come_back_as_they_were(tmp_path, name):
    files.write_twomass(tmp_path / name, _twomass())
    read = read_twomass(tmp_path / name)
    wanted = _twomass() | {"ext_key": np.array([NO_INTEGER, 5, NO_INTEGER, NO_INTEGER])}
    for column, values in wanted.items():
        np.testing.assert_array_equal(read[column], values, err_msg=column)
    raw = (tmp_path / name).read_bytes()
    text = gzip.decompress(raw) if name.endswith("gz") else raw
    assert text.startswith(b"# simulated")
    again = pl.read_csv(text, comment_prefix="#", null_values="null")
    assert again["ext_key"].to_list() == [None, 5, None, None]


def test_irsas_names_of_2mass_columns_are_turned_into_the_gaia_archives(tmp_path):
    table = _twomass()
    table["jdate"], table["k_m"] = table.pop("j_date"), table.pop("ks_m")
    files.write_twomass(tmp_path / "t.csv", table)
    assert {"j_date", "ks_m"} <= set(read_twomass(tmp_path / "t.csv"))


def test_unwise_sources_come_back_as_they_were(tmp_path):
    table = dict(PLACE)
    for index, name in enumerate(("flux_w1", "flux_w2", "dflux_w1", "dflux_w2")):
        table[name] = np.arange(4, dtype=np.float32) + index
    table["unwise_objid"] = np.array(["0000m016o0000001", "b", "c", "d"])
    files.write_unwise(tmp_path / "u.cat.fits", table)
    read = read_unwise(tmp_path / "u.cat.fits")
    assert set(read) == set(table)
    for name, values in table.items():
        np.testing.assert_array_equal(read[name], values, err_msg=name)
    with fits.open(tmp_path / "u.cat.fits") as hdus:
        assert hdus[0].header["SIMULATD"] is True
        assert hdus[1].data["flux"].shape == (4, 2)
    del table["dflux_w2"]
    with pytest.raises(ValueError, match="one band only: dflux_w1"):
        files.write_unwise(tmp_path / "u.cat.fits", table)


def test_allstar_comes_back_as_it_was(tmp_path):
    table = {
        "APOGEE_ID": np.array(["2M00000002+7417074", "b", "c", "d"]),
        "RA": PLACE["ra"],
        "DEC": PLACE["dec"],
        "TEFF": np.array([4000.5, np.nan, -9999, 5000], np.float32),
        "STARFLAG": np.array([2**40, 1, 0, 512]),
        "ASPCAPFLAG": np.array([0, 1 << 23, 0, 0]),
        "EXTRATARG": np.array([0, 16, 0, 0], np.int32),
        "GAIAEDR3_SOURCE_ID": IDS,
        "X_H": np.arange(4 * 26, dtype=np.float32).reshape(4, 26),
    }
    files.write_allstar(tmp_path / "allStar.fits", table)
    read = read_allstar(tmp_path / "allStar.fits", table)
    assert set(read) == set(table)
    for name, values in table.items():
        np.testing.assert_array_equal(read[name], values, err_msg=name)
    with fits.open(tmp_path / "allStar.fits") as hdus:
        assert len(hdus) == 4 and "simulated" in str(hdus[0].header["COMMENT"])
        assert hdus[3].data["ELEM_SYMBOL"][0, 17] == "Fe"
        assert hdus[3].data["PARAM_SYMBOL"][0, 0] == "TEFF"
        assert hdus[1].columns["APOGEE_ID"].format == "30A"
        assert hdus[1].columns["TEFF"].unit == "K"


def test_the_same_tables_give_the_same_bytes(tmp_path):
    table = {"APOGEE_ID": np.array(["a"]), "RA": np.ones(1), "DEC": np.ones(1)}
    for name in ("a.fits", "b.fits"):
        files.write_allstar(tmp_path / name, table)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()


def _star():
    flux = np.full(PIXELS, 0.9, np.float32)
    flux[:200] = np.nan
    return {
        "apogee_id": "2M00000002+7417074",
        "field": "120+12",
        "ra": 0.1,
        "dec": 74.2,
        "snr": 100.0,
        "n_visits": 3,
        "starflag": 2**33,
        "vhelio": np.nan,
        "flux": flux,
        "error": np.where(np.isnan(flux), np.nan, np.float32(0.01)),
        "mask": np.where(np.isnan(flux), 1, 0).astype(np.int64),
        "model": flux + np.float32(0.01),
    }


@pytest.mark.parametrize(
    ("write", "read"),
    [(files.write_apstar, read_apstar), (files.write_aspcapstar, read_aspcapstar)],
)
def test_apogee_spectra_come_back_as_they_were(tmp_path, write, read):
    write(tmp_path / "star.fits", _star())
    star = read(tmp_path / "star.fits")
    for name in star:
        np.testing.assert_array_equal(star[name], _star()[name], err_msg=name)
    with fits.open(tmp_path / "star.fits") as hdus:
        assert hdus[0].header["SIMULATD"] is True
        assert hdus[1].header["CRVAL1"] == 4.179 and hdus[1].header["CDELT1"] == 6e-6


@pytest.mark.real
def test_an_apstar_file_has_the_real_files_layout(tmp_path, real):
    files.write_apstar(tmp_path / "star.fits", _star())
    path = real / "apogee/spectra/apStar-dr17-2M19485057+5005279.fits"
    with fits.open(path) as theirs, fits.open(tmp_path / "star.fits") as ours:
        assert len(ours) == 10
        for index in range(1, 4):
            assert ours[index].shape == theirs[index].shape
            assert np.sign(ours[index].header["BITPIX"]) == np.sign(theirs[index].header["BITPIX"])
        for key in ("OBJID", "FIELD", "RA", "SNR", "NVISITS", "STARFLAG", "CRVAL1", "NWAVE"):
            assert key in theirs[0].header and key in ours[0].header


def test_a_spectrum_on_another_grid_is_refused(tmp_path):
    with pytest.raises(ValueError, match="flux has 7514 pixels, not 8575"):
        files.write_aspcapstar(tmp_path / "star.fits", _star() | {"flux": np.ones(7514)})
    star = _star()
    del star["mask"]
    with pytest.raises(ValueError, match="without mask"):
        files.write_apstar(tmp_path / "star.fits", star)
