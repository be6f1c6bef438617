"""`starloom predict ages` and `psd-check` on files, with a small trained model."""

import numpy as np
import pytest
from astropy.table import Table

from starloom.archives.sdss import read_allstar
from starloom.cli import main
from starloom.columns import AGE_FLAGS, SPECTRUM_FLAGS
from starloom.prepare.apogee import read_raw, spectra
from starloom.prepare.continuum import CHIP_SIZES
from starloom.sky.files import write_apstar
from starloom.studies import ages
from starloom.studies.ages.forests import from_model, to_model
from starloom.tables import read_model, read_table, write_model
from starloom.training.fit import Settings

PSD = {
    "low_uhz": 10.0, "high_uhz": 40.0, "step_uhz": 0.05, "dnu_factor": 0.268,
    "dnu_exponent": 0.758, "bins": 96, "window_dex": 0.05, "window_step_dex": 0.02,
    "smoothing_uhz": 0.1, "clip_sigma": 5.0, "observed_days": 1350,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, forests, two spectra (one of them masked) and a table of labels."""
    from starloom.prepare.psd import settings_of

    folder, random = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    grid = settings_of(PSD)
    n = 40
    pairs = {
        "flux": (1 + 0.02 * random.normal(size=(n, 7514))).astype(np.float32),
        "log_ratio": random.normal(size=(n, grid.bins)).astype(np.float32),
        "numax": random.uniform(15, 30, n),
    }
    sizes = {"filters": (2, 2), "hidden": 4, "channels": 2, "decoder_taps": 8, "components": 4}
    architecture = ages.Architecture(n_output=grid.bins, latent=5, **sizes)
    step = Settings(batch=10, epochs=1, restart_epochs=1)
    options = {"architecture": architecture, "settings": [step], "members": 2, "seed": 0}
    model = ages.with_check(ages.train([pairs, pairs], grid, **options)[0], pairs)
    chosen = [list(range(5, size, 15)) for size in CHIP_SIZES]
    write_model(folder / "model", *ages.to_model(model, psd=PSD, continuum=chosen))
    stars = ages.encode(model, pairs["flux"]) | {
        "log_age": random.normal(0.5, 0.2, n),
        "log_age_err": np.full(n, 0.1),
        "numax": pairs["numax"],
        "dnu": pairs["numax"] ** 0.7,
        "state": random.integers(1, 3, n),
        "split": np.repeat([0, 1], n // 2),
        "components": random.normal(size=(n, 4)),
    }
    for name in ("teff", "logg", "fe_h", "alpha_m", "c_fe", "n_fe"):
        stars |= {name: random.normal(size=n), f"{name}_err": np.full(n, 0.1)}
    forests = ages.grow_all(stars, seed=0, trees=4, leaf=3, lead=False)
    mean = stars["latent_mean"]
    reach = np.stack([mean.min(axis=0), mean.max(axis=0)])
    write_model(folder / "forests", to_model(forests) | {"reach": reach}, {})
    for name, bad in (("2M-A", 0), ("2M-B", 1)):
        about = {
            "apogee_id": name, "field": "F", "ra": 1.0, "dec": 2.0, "j_mag": 9.0, "h_mag": 8.0,
            "k_mag": 7.9, "snr": 100.0, "n_visits": 3, "starflag": 0, "vhelio": 1.0,
            "vscatter": 0.1, "mask": np.full(8575, bad), "error": np.full(8575, 3.0),
            "flux": 300 * (1 + 0.01 * random.normal(size=8575)),
        }  # fmt: skip
        write_apstar(folder / f"{name}.fits", about)
    (folder / "labels.csv").write_text(
        "APOGEE_ID,RA,DEC,TEFF,LOGG,FE_H\n2M-A,1.0,2.0,4800.0,2.9,0.1\n"
    )
    return folder


def _predict(folder, *more):
    words = ["predict", "ages", str(folder / "2M-A.fits"), str(folder / "2M-B.fits")]
    words += ["-o", str(folder / "t.parquet"), "--model", str(folder / "model")]
    assert main([*words, "--forests", str(folder / "forests"), *more]) == 0
    return read_table(folder / "t.parquet")


def test_a_masked_spectrum_is_flagged_and_the_other_gets_an_age(folder):
    found = _predict(folder, "--labels", str(folder / "labels.csv"))
    assert found["apogee_id"].tolist() == ["2M-A", "2M-B"]
    assert np.isfinite(found["Age"]).tolist() == [True, False]
    assert found["spectrum_flag"][1] == SPECTRUM_FLAGS["no_continuum"].mask
    assert found["age_flag"][1] & AGE_FLAGS["bad_spectrum"].mask
    assert not found["age_flag"][0] & AGE_FLAGS["no_labels"].mask
    assert np.isnan(found["z0"][1]) and found["numax"][0] > 0


def test_without_labels_the_latent_alone_gives_the_age_and_the_flag_says_so(folder):
    found = _predict(folder)
    assert np.isfinite(found["Age"][0])
    assert found["age_flag"][0] & AGE_FLAGS["no_labels"].mask


@pytest.fixture(scope="module")
def survey(folder):
    """Eight spectra in the archive's folders and their allStar; each lacks something else."""
    random, n = np.random.default_rng(1), 8
    names = [f"2M-{i}" for i in (0, 1, 2, 3, 4, 5, 6, 0)]
    table = {
        "APOGEE_ID": names,
        "TELESCOPE": ["apo25m"] * n,
        "FIELD": ["F", "F", "F", "F", "F", "F", "F", "G"],
        "FILE": [f"apStar-dr17-{name}.fits" for name in names],
        "RA": np.ones(n), "DEC": np.ones(n),
        "TEFF": [4800.0, 4800, 4800, 4800, -9999, 4800, 4800, 4600],
        "LOGG": [2.9, 2.0, 4.5, 2.9, 2.9, 2.9, np.nan, 2.7],
        "FE_H": np.zeros(n), "FE_H_ERR": np.full(n, 0.1), "TEFF_ERR": np.full(n, 50.0),
        "SNREV": [100.0, 100, 100, 20, 100, 100, 100, 100],
        "STARFLAG": [0, 0, 0, 0, 0, 4, 0, 0], "ASPCAPFLAG": np.zeros(n, int),
    }  # fmt: skip
    paths = []
    for row in range(n):
        place = [table[name][row] for name in ("TELESCOPE", "FIELD", "FILE")]
        paths.append(folder.joinpath("stars", *place))
        about = {
            "apogee_id": names[row], "field": place[1], "ra": 1.0, "dec": 1.0, "j_mag": 9.0,
            "h_mag": 8.0, "k_mag": 7.9, "snr": 100.0, "n_visits": 3, "starflag": 0, "vhelio": 1.0,
            "vscatter": 0.1, "mask": np.zeros(8575, int), "error": np.full(8575, 3.0),
            "flux": 300 * (1 + 0.01 * random.normal(size=8575)),
        }  # fmt: skip
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        write_apstar(paths[-1], about)
    Table(table).write(folder / "allStar.fits")
    return paths


def _predict_survey(folder, paths, labels):
    words = ["predict", "ages", *map(str, paths), "--labels", str(folder / labels)]
    words += ["-o", str(folder / "s.parquet"), "--model", str(folder / "model")]
    assert main([*words, "--forests", str(folder / "forests")]) == 0
    return read_table(folder / "s.parquet")


def test_a_star_of_the_catalogue_predicted_again_is_the_same(folder, survey, capsys):
    allstar = read_allstar(folder / "allStar.fits")
    for name in ("ALPHA_M", "C_FE", "N_FE"):
        allstar[name] = np.full(8, np.nan)
    for name in ("LOGG", "ALPHA_M", "C_FE", "N_FE"):
        allstar[f"{name}_ERR"] = np.full(8, np.nan)
    arrays, card = read_model(folder / "model")
    flux = spectra(read_raw(survey), [np.array(pixels) for pixels in card["continuum"]])[0]
    latents = ages.encode(ages.from_model(arrays, card), flux["flux"]) | {
        "allstar_row": np.arange(8), "spectrum_flag": flux["spectrum_flag"],
    }  # fmt: skip
    forests = read_model(folder / "forests")[0]
    reach = forests.pop("reach")
    expected = ages.catalog(allstar, latents, from_model(forests), reach)
    backwards = survey[::-1]
    found = _predict_survey(folder, backwards, "allStar.fits")
    shared = set(found) & set(expected) - {"apogee_id"}
    assert {"z0", "e_z4", "Age", "LogAge_Error", "numax", "clump_probability"} <= shared
    for name in shared:
        np.testing.assert_allclose(found[name][::-1], expected[name], rtol=1e-6, err_msg=name)
    assert np.isfinite(expected["Age"]).tolist() == [True, *[False] * 4, True, False, True]
    assert np.isfinite(expected["z0"]).sum() == 5
    said = capsys.readouterr().out
    assert "3 outside_latent: " in said and "1 survey_flags: " in said and "1 no_labels: " in said


def test_what_a_table_does_not_say_leaves_no_star_out(folder, survey):
    (folder / "part.csv").write_text(
        "APOGEE_ID,RA,DEC,TEFF,FE_H,SNREV\n2M-2,1.0,1.0,4800.0,0.1,99\n2M-3,1.0,1.0,4800,0.1,20\n"
    )
    found = _predict_survey(folder, survey[2:5], "part.csv")
    assert np.isfinite(found["numax"]).tolist() == [True, False, True]
    assert np.isfinite(found["Age"]).tolist() == [True, False, False]
    flag = {name: (found["age_flag"] & bit.mask > 0).tolist() for name, bit in AGE_FLAGS.items()}
    assert flag["outside_latent"] == [False, True, False]
    assert flag["no_labels"] == [False, False, True]
    assert not any(flag["outside_age"] + flag["survey_flags"])


def test_a_table_without_the_labels_that_ages_need_is_refused(folder, capsys):
    (folder / "short.csv").write_text("APOGEE_ID,RA,DEC,LOGG\n2M-A,1.0,2.0,2.9\n")
    words = ["predict", "ages", str(folder / "2M-A.fits"), "-o", str(folder / "t.csv")]
    words += ["--model", str(folder / "model"), "--forests", str(folder / "forests")]
    assert main([*words, "--labels", str(folder / "short.csv")]) == 2
    assert "TEFF, FE_H" in capsys.readouterr().err


def test_a_light_curve_is_compared_or_refused_with_the_reason(folder, real, capsys):
    quarter = str(next((real / "kepler" / "mast_quarter").glob("kplr*.fits")))
    words = ["psd-check", quarter, "--model", str(folder / "model"), "--spectrum"]
    output = ["-o", str(folder / "psd.parquet")]
    assert main([*words, str(folder / "2M-A.fits"), *output]) == 0
    assert "disagreement" in capsys.readouterr().out
    table = read_table(folder / "psd.parquet")
    np.testing.assert_allclose(table["ratio"][1:], (table["observed"] / table["predicted"])[1:])
    assert main([*words, str(folder / "2M-B.fits")]) == 2
    assert "2M-B.fits: no usable spectrum" in capsys.readouterr().err
