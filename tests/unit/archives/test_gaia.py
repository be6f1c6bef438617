"""XP continuous spectra in all their forms, and tables of Gaia sources."""

import gzip
import zipfile
from importlib import resources

import fastavro
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table

from starloom.archives import write_fits
from starloom.archives.gaia import iter_xp, read_gaia_source, read_xp
from starloom.columns import XP_FLAGS


@pytest.mark.parametrize("style", ["({})", "[{}]"])
@pytest.mark.parametrize("joint", [", ", ","])
@pytest.mark.parametrize("null", ["", "null", "nan"])
def test_text_of_every_style_gives_the_numbers_that_python_reads(
    tmp_path, spectra, as_csv, assert_same, style, joint, null
):
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra, style, joint, null))
    assert_same(read_xp(path), spectra)


def test_a_gzipped_file_with_an_ecsv_header_and_windows_line_ends_is_read(
    tmp_path, spectra, as_csv, assert_same
):
    text = as_csv(spectra, "[{}]", ",", "null", "# %ECSV 1.0\n# ---\n# delimiter: ','\n")
    path = tmp_path / "xp.csv.gz"
    path.write_bytes(gzip.compress(text.replace("\n", "\r\n").encode()))
    assert_same(read_xp(path), spectra)


def test_a_gzip_file_of_several_members_is_read_whole(tmp_path, spectra, as_csv, assert_same):
    text = as_csv(spectra).encode()
    cut = len(text) // 2
    path = tmp_path / "xp.csv.gz"
    path.write_bytes(gzip.compress(text[:cut]) + gzip.compress(text[cut:]))
    assert_same(read_xp(path), spectra)


def test_without_correlations_the_rest_is_the_same(tmp_path, spectra, as_csv, assert_same):
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    kept = {name: values for name, values in spectra.items() if "correlations" not in name}
    assert_same(read_xp(path, correlations=False), kept)


def test_fits_and_votable_give_what_was_written(tmp_path, spectra):
    path = tmp_path / "xp.fits"
    write_fits.write_xp_fits(path, spectra, "test")
    single = {k: v.astype(np.float32) if "co" in k[:5] else v for k, v in spectra.items()}
    read = read_xp(path)
    for name, values in single.items():
        wanted = values if name.endswith("coefficients") else np.asarray(values, read[name].dtype)
        np.testing.assert_allclose(read[name], wanted, rtol=6e-8, err_msg=name)
    packed = tmp_path / "xp.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_xp(packed)["bp_coefficients"], read["bp_coefficients"])


def test_one_column_a_coefficient_is_put_together_in_the_order_of_the_numbers(tmp_path):
    names = [f"bp_coeff_{k}" for k in range(12)] + [f"e_bp_coeff_{k}" for k in range(12)]
    names += [f"rp_coeff_{k}" for k in range(3)] + [f"e_rp_coeff_{k}" for k in range(3)]
    table = Table({"source_id": [1, 2]} | {n: [k + 1.0, k + 0.5] for k, n in enumerate(names)})
    table = table[["source_id", *sorted(names)]]
    table.write(tmp_path / "xp.fits")
    read = read_xp(tmp_path / "xp.fits")
    np.testing.assert_array_equal(read["bp_coefficients"][0], np.arange(1, 13))
    np.testing.assert_array_equal(read["rp_coefficient_errors"][1], [27.5, 28.5, 29.5])
    assert "bp_coefficient_correlations" not in read
    assert read["bp_n_relevant_bases"].tolist() == [-1, -1]


def test_avro_errors_hold_the_standard_deviation_and_correlations_have_no_diagonal(tmp_path):
    rng = np.random.default_rng(1)
    half = rng.normal(size=(3, 3))
    covariance = half @ half.T
    solution = {
        "parameters": [1.0, 2.0, 3.0],
        "covariance": covariance[np.tril_indices(3)].tolist(),
        "standardDeviation": 1.5,
    }
    one = {"NRelevantBases": 2, "solution": solution}
    numbers = {"type": "array", "items": "double"}
    inner = {
        "type": "record",
        "name": "Solution",
        "fields": [
            {"name": "parameters", "type": numbers},
            {"name": "covariance", "type": numbers},
            {"name": "standardDeviation", "type": "double"},
        ],
    }
    band = {
        "type": "record",
        "name": "Band",
        "fields": [
            {"name": "NRelevantBases", "type": "int"},
            {"name": "solution", "type": inner},
        ],
    }
    schema = {
        "type": "record",
        "name": "Spectrum",
        "fields": [
            {"name": "sourceId", "type": "long"},
            {"name": "bpSpec", "type": ["null", band]},
            {"name": "rpSpec", "type": "Band"},
        ],
    }
    records = [
        {"sourceId": 1, "bpSpec": one, "rpSpec": one},
        {"sourceId": 2, "bpSpec": None, "rpSpec": one},
    ]
    with open(tmp_path / "xp.avro", "wb") as handle:
        fastavro.writer(handle, schema, records)
    read = read_xp(tmp_path / "xp.avro")
    sigma = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(read["bp_coefficient_errors"][0], 1.5 * sigma)
    wanted = (covariance / np.outer(sigma, sigma))[[1, 2, 2], [0, 0, 1]]
    np.testing.assert_allclose(read["rp_coefficient_correlations"][1], wanted)
    assert read["xp_flag"].tolist() == [0, XP_FLAGS["no_bp"].mask]
    cut = tmp_path / "cut.avro"
    cut.write_bytes((tmp_path / "xp.avro").read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"cut\.avro is cut"):
        read_xp(cut)


def test_the_archives_zip_gives_all_its_continuous_spectra(tmp_path, spectra, as_csv, assert_same):
    path = tmp_path / "answer.zip"
    first = {name: values[:3] for name, values in spectra.items()}
    second = {name: values[3:] for name, values in spectra.items()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("XP_SAMPLED-Gaia DR3 1.csv", "source_id,wavelength,flux\n1,2,3\n")
        archive.writestr("XP_CONTINUOUS-Gaia DR3 1.csv", as_csv(first))
        archive.writestr("XP_CONTINUOUS-Gaia DR3 2.csv", as_csv(second))
    assert_same(read_xp(path), spectra)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("XP_SAMPLED-Gaia DR3 1.csv", "source_id,wavelength,flux\n1,2,3\n")
    with pytest.raises(ValueError, match="holds no XP_CONTINUOUS file but XP_SAMPLED"):
        read_xp(path)


def test_a_file_of_stars_without_bp_gets_as_many_nan_as_rp_has(tmp_path, spectra, as_csv):
    one = {name: values[2:3] for name, values in spectra.items()}
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(one))
    read = read_xp(path)
    assert read["bp_coefficients"].shape == (1, 4)
    assert np.isnan(read["bp_coefficients"]).all()
    assert read["xp_flag"].tolist() == [XP_FLAGS["no_bp"].mask]


def test_bad_numbers_are_flagged_and_stop_nothing(tmp_path, spectra, as_csv):
    spectra["bp_coefficients"][0, 1] = np.inf
    spectra["rp_coefficients"][1, 0] = np.nan
    spectra["rp_coefficient_errors"][3, 2] = -1.0
    spectra["bp_coefficient_errors"][5, 0] = 0.0
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    flag = read_xp(path)["xp_flag"]
    finite, error = XP_FLAGS["not_finite"].mask, XP_FLAGS["bad_error"].mask
    assert flag.tolist() == [finite, finite, 1, error, 2, error, 0]


def test_a_number_that_is_no_number_becomes_nan_with_a_flag(tmp_path, spectra, as_csv):
    text = as_csv(spectra)
    word = repr(float(spectra["bp_coefficients"][6, 2]))
    path = tmp_path / "xp.csv"
    path.write_text(text.replace(word, "oops"))
    read = read_xp(path)
    assert np.isnan(read["bp_coefficients"][6, 2])
    assert read["xp_flag"][6] == XP_FLAGS["not_finite"].mask
    np.testing.assert_array_equal(read["rp_coefficients"], spectra["rp_coefficients"])


def test_blanks_on_either_side_of_a_number_do_not_matter(tmp_path, spectra, as_csv, assert_same):
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra, joint=" ,  "))
    assert_same(read_xp(path), spectra)


def test_a_coefficient_that_equals_the_parsers_mark_is_read_as_it_is(
    tmp_path, spectra, as_csv, assert_same
):
    spectra["bp_coefficients"][1] = 9.0
    spectra["rp_coefficients"][0, -1] = 9.0
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    assert_same(read_xp(path), spectra)


def test_a_row_of_another_length_loses_that_band_and_is_flagged(tmp_path, spectra, as_csv):
    text = as_csv(spectra).splitlines()
    word = ", " + repr(float(spectra["bp_coefficients"][1, 4])) + ')"'
    assert word in text[2]
    text[2] = text[2].replace(word, ')"')
    path = tmp_path / "xp.csv"
    path.write_text("\n".join(text))
    read = read_xp(path)
    assert read["xp_flag"][1] == XP_FLAGS["not_finite"].mask
    assert np.isnan(read["bp_coefficients"][1]).all()
    assert np.isnan(read["bp_coefficient_errors"][1]).all()
    others = np.arange(7) != 1
    np.testing.assert_array_equal(
        read["bp_coefficients"][others], spectra["bp_coefficients"][others]
    )
    np.testing.assert_array_equal(read["rp_coefficients"], spectra["rp_coefficients"])


def test_of_rows_with_one_source_id_the_first_is_kept_and_flagged(tmp_path, spectra, as_csv):
    spectra["source_id"][5] = spectra["source_id"][0]
    spectra["source_id"][6] = spectra["source_id"][0]
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    read = read_xp(path)
    assert read["source_id"].tolist() == spectra["source_id"][:5].tolist()
    assert read["xp_flag"].tolist() == [XP_FLAGS["duplicate"].mask, 0, 1, 0, 2]
    np.testing.assert_array_equal(read["bp_coefficients"], spectra["bp_coefficients"][:5])


def test_unsorted_rows_keep_the_order_of_the_file(tmp_path, spectra, as_csv, assert_same):
    turned = {name: values[::-1] for name, values in spectra.items()}
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(turned))
    assert_same(read_xp(path), turned)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_blocks_joined_are_the_whole_file(tmp_path, spectra, as_csv, assert_same, rows):
    path = tmp_path / "xp.csv.gz"
    path.write_bytes(gzip.compress(as_csv(spectra).encode()))
    blocks = list(iter_xp(path, rows))
    lengths = [len(block["source_id"]) for block in blocks]
    assert all(length == rows for length in lengths[:-1]) and sum(lengths) == 7
    assert_same({name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}, spectra)


def test_a_block_without_rows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="0 rows"):
        next(iter_xp(tmp_path / "xp.csv", 0))


def test_a_stream_that_is_not_read_to_its_end_can_be_closed(tmp_path, spectra, as_csv):
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    stream = iter_xp(path, 1)
    next(stream)
    stream.close()


def _damaged(tmp_path, spectra, as_csv):
    text = as_csv(spectra)
    lines = text.splitlines(keepends=True)
    header = lines[0]
    packed = gzip.compress(text.encode())
    return {
        "no.csv": (None, "No such file"),
        "empty.csv": (b"", "is empty"),
        "blank.csv": (b"\n \n", "is empty"),
        "empty.csv.gz": (gzip.compress(b""), "is empty"),
        "page.csv": (b"<!DOCTYPE html><html>503</html>", "is a web page"),
        "page.csv.gz": (gzip.compress(b"<html>503</html>"), "is a web page"),
        "header.csv": (header.encode(), "has no rows"),
        "comments.csv": (b"# %ECSV 1.0\n# ---\n", "has no rows"),
        "other.csv": (b"source_id,ra\n1,2\n", "lacks the columns bp_coefficients"),
        "sampled.csv": (b"source_id,flux\n1,2\n", "ask the archive for XP_CONTINUOUS"),
        "cut.csv.gz": (packed[:-30], "cut or damaged gzip"),
        "bad.csv.gz": (packed[:200] + b"\0\0\0\0" + packed[204:], "cut or damaged gzip"),
        "cut.csv": (
            text[:-60].encode(),
            rf"row 7 \(source_id {spectra['source_id'][6]}\): an array has no end",
        ),
        "short.csv": (
            "".join([*lines[:4], lines[4].replace(",", ";", 1), *lines[5:]]).encode(),
            r"row 4 \(source_id .*\): \d+ cells where the header has",
        ),
        "named.csv": (
            text.replace(str(spectra["source_id"][3]), "star").encode(),
            "row 4: source_id is not an integer",
        ),
        "cut.zip": (b"PK\x03\x04 and no more", "cut or damaged zip"),
        "cut.fits": (b"SIMPLE  =                    T", "cut or damaged FITS|holds no rows"),
        "cut.xml": (b"<?xml version='1.0'?><VOTABLE><RESOURCE>", "damaged VOTable"),
        "table.parquet": (b"PAR1 more", "is a parquet file"),
    }


@pytest.mark.parametrize(
    "name",
    "no.csv empty.csv blank.csv empty.csv.gz page.csv page.csv.gz header.csv comments.csv "
    "other.csv sampled.csv cut.csv.gz bad.csv.gz cut.csv short.csv named.csv cut.zip cut.fits "
    "cut.xml table.parquet".split(),
)
def test_a_damaged_file_is_refused_by_name(tmp_path, spectra, as_csv, name):
    content, message = _damaged(tmp_path, spectra, as_csv)[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    error = ValueError if content is not None else FileNotFoundError
    with pytest.raises(error, match=message) as raised:
        read_xp(path)
    assert name in str(raised.value)


def test_a_cut_fits_file_is_refused(tmp_path, spectra):
    path = tmp_path / "xp.fits"
    write_fits.write_xp_fits(path, spectra, "test")
    whole = path.read_bytes()
    for missing in (1000, 2900, 2880 * 4, len(whole) - 2880):
        path.write_bytes(whole[: len(whole) - missing])
        with pytest.raises(ValueError, match=r"xp\.fits"):
            read_xp(path)


def test_source_ids_in_a_floating_point_column_are_refused(tmp_path):
    names = [f"{sign}{band}_coeff_0" for sign in ("", "e_") for band in ("bp", "rp")]
    Table({"source_id": [5.8e18]} | {name: [1.0] for name in names}).write(tmp_path / "xp.fits")
    with pytest.raises(ValueError, match="source_id is not an integer column"):
        read_xp(tmp_path / "xp.fits")


def test_correlations_that_do_not_fit_the_coefficients_are_refused(tmp_path, spectra, as_csv):
    spectra["rp_coefficient_correlations"] = spectra["rp_coefficient_correlations"][:, :5]
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    with pytest.raises(ValueError, match="rp_coefficient_correlations has 5 numbers a row where 6"):
        read_xp(path)


def test_missing_correlations_are_nan_without_a_flag(tmp_path, spectra, as_csv):
    spectra["bp_coefficient_correlations"][:] = np.nan
    path = tmp_path / "xp.csv"
    path.write_text(as_csv(spectra))
    read = read_xp(path)
    assert np.isnan(read["bp_coefficient_correlations"]).all()
    assert read["xp_flag"].tolist() == spectra["xp_flag"].tolist()


@pytest.mark.real
@pytest.mark.parametrize("form", ["ecsv", "fits", "xml"])
def test_real_spectra_are_the_same_in_every_form(real, form):
    folder = real / "xp" / "gaiaxpy" / "continuous"
    one = read_xp(folder / "XP_CONTINUOUS_RAW_with_missing_BP.csv")
    other = read_xp(folder / f"XP_CONTINUOUS_RAW_with_missing_BP.{form}")
    assert one["source_id"].tolist() == [
        5853498713190525696,
        5405570973190252288,
        5762406957886626816,
    ]
    assert one["xp_flag"].tolist() == [0, XP_FLAGS["no_bp"].mask, 0]
    assert list(one) == list(other)
    for name, values in one.items():
        np.testing.assert_allclose(other[name], values, rtol=6e-8, err_msg=name)


@pytest.mark.real
def test_real_numbers_are_exactly_those_that_pandas_and_python_read(real):
    path = real / "xp/gaiaxpy/continuous/XP_CONTINUOUS_RAW_colour_eq_dr3int6.csv"
    table = pd.read_csv(path, float_precision="round_trip")
    read = read_xp(path)
    for name, values in read.items():
        if name != "xp_flag" and values.ndim == 2:
            texts = [text.strip("()").split(",") for text in table[name]]
            np.testing.assert_array_equal(values, np.array(texts, float), err_msg=name)
        elif name != "xp_flag":
            np.testing.assert_array_equal(values, table[name], err_msg=name)


@pytest.mark.real
@pytest.mark.parametrize("form", ["csv", "ecsv", "fits", "vot"])
def test_the_archives_real_zips_are_read(real, form):
    folder = real / "xp" / "archive_pair"
    read = read_xp(folder / f"gaia_dr3_5937083312263887616_{form}.zip")
    assert read["source_id"].tolist() == [5937083312263887616]
    assert read["bp_coefficient_correlations"].shape == (1, 1485)
    assert (read["bp_n_relevant_bases"][0], read["rp_n_relevant_bases"][0]) == (22, 12)


@pytest.mark.real
def test_real_avro_agrees_with_the_archive_and_the_next_cycle_has_other_lengths(real):
    folder = real / "xp" / "gaiaxpy" / "continuous"
    archive = read_xp(folder / "XP_CONTINUOUS_RAW.csv")
    internal = read_xp(folder / "MeanSpectrumSolutionWithCov.avro")
    for name, values in archive.items():
        np.testing.assert_allclose(internal[name], values, rtol=1.2e-7, err_msg=name)
    later = read_xp(folder / "sources_cycle4.avro")
    assert later["bp_coefficients"].shape == (30, 51)
    assert later["rp_coefficient_correlations"].shape == (30, 1485)
    single = read_xp(folder / "regular_single_source_cycle4.avro")
    assert single["bp_coefficients"].shape == (1, 48)
    assert single["rp_coefficients"].shape == (1, 44)


@pytest.mark.real
def test_real_files_of_few_columns_are_read(real):
    bright = read_xp(real / "xp/gaiaxpy/continuous/18Sco-XP-spectra.csv")
    assert bright["phot_g_mean_mag"][0] == pytest.approx(5.327651)
    assert np.isnan(bright["bp_standard_deviation"][0]) and bright["bp_n_relevant_bases"][0] == -1
    patch = read_xp(real / "xp/xp_continuous_500.fits")
    with fits.open(real / "xp/xp_continuous_500.fits") as hdus:
        assert patch["bp_coefficients"].shape == (500, 55)
        np.testing.assert_array_equal(patch["rp_coefficients"][:, 54], hdus[1].data["rp_coeff_54"])
        np.testing.assert_array_equal(
            patch["bp_coefficient_errors"][:, 10], hdus[1].data["e_bp_coeff_10"]
        )
    assert "bp_coefficient_correlations" not in patch


def test_a_table_of_sources_as_the_archive_answers_has_the_archives_types():
    answer = resources.files("astroquery.gaia") / "tests/data/1712337806100O-result.ecsv"
    read = read_gaia_source(answer)
    table = Table.read(answer, format="ascii.ecsv")
    assert read["source_id"].dtype == np.int64
    np.testing.assert_array_equal(read["source_id"], table["source_id"])
    np.testing.assert_array_equal(read["ra"], table["ra"])
    np.testing.assert_array_equal(read["pmra"], np.ma.filled(table["pmra"], np.nan))
    assert read["phot_g_mean_mag"].dtype == np.float32
    assert read["has_rvs"].dtype == bool
    assert set(read["matched_transits"]) == {-1}
    few = read_gaia_source(answer, ["phot_g_mean_mag"])
    assert set(few) == {"source_id", "ra", "dec", "phot_g_mean_mag"}
