"""The trained model on a user's own files: spectra, labels, light curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from starloom.archives.kepler_files import read_quarter
from starloom.archives.sdss import read_allstar
from starloom.columns import AGE_FLAGS, POWER_FLAGS
from starloom.prepare.apogee import read_raw, spectra
from starloom.prepare.light_curves import stitch
from starloom.prepare.power import UNUSABLE
from starloom.prepare.psd import log_ratio, periodogram, settings_of
from starloom.studies.ages.catalog import AGE_LOGG, LATENT_LOGG, NAMES, labels_of, predictions
from starloom.studies.ages.check import disagreement, rank, residual
from starloom.studies.ages.forests import from_model
from starloom.studies.ages.model import Model, encode, reconstruct


def labels_by_name(path: str | Path) -> dict[str, dict[str, float]]:
    """
    Labels of a user's table by APOGEE_ID; of repeated stars the first row counts.

    Raises:
        ValueError: if the table lacks APOGEE_ID, TEFF or FE_H.
    """
    names = [*NAMES, *(f"{name}_ERR" for name in NAMES)]
    table = read_allstar(path, names)
    missing = [name for name in ("TEFF", "FE_H") if name not in table]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: ages need Teff and [Fe/H]")
    n_row = len(table["APOGEE_ID"])
    full = {name: table.get(name, np.full(n_row, np.nan)) for name in names}
    labels = labels_of(full)
    ids = np.char.strip(table["APOGEE_ID"].astype(str))
    rows = {name: row for row, name in reversed(list(enumerate(ids)))}
    return {star: {name: float(v[row]) for name, v in labels.items()} for star, row in rows.items()}


def ages_of_spectra(
    paths: Sequence[Path],
    model: Model,
    card: Mapping,
    forests: Mapping[str, np.ndarray],
    labels: Mapping[str, Mapping[str, float]] | None,
) -> dict[str, np.ndarray]:
    """
    Ages and what goes with them of combined spectra in files.

    Args:
        paths: apStar or asStar files; one that cannot be read is flagged.
        model: the trained encoder-decoders.
        card: of the model, with its continuum pixels.
        forests: arrays of the trained forests.
        labels: of `labels_by_name`, or None: then ages come from the latent alone.

    Returns:
        path, apogee_id, spectrum_flag, z0, e_z0, ..., LogAge, Age with errors, clump_probability,
        numax and dnu with errors, age_flag; NaN where there is none.
    """
    raw = read_raw(paths)
    chosen = [np.array(pixels) for pixels in card["continuum"]]
    arrays, _ = spectra(raw, chosen)
    good = arrays["spectrum_flag"] == 0
    blank = dict.fromkeys([f"{ours}{e}" for ours in NAMES.values() for e in ("", "_err")], np.nan)
    rows = [(labels or {}).get(str(name), blank) for name in raw["apogee_id"]]
    known = {name: np.array([row[name] for row in rows]) for name in blank}
    given = known | encode(model, arrays["flux"])
    reach = forests["reach"]
    trained = from_model({name: v for name, v in forests.items() if name != "reach"})
    found = predictions(trained, given, "z_only" if labels is None else "fiducial")
    mean = given["latent_mean"]
    for index in range(mean.shape[2]):
        found[f"z{index}"] = mean[:, 0, index].astype(float)
        found[f"e_z{index}"] = given["latent_sigma"][:, 0, index].astype(float)
    for values in found.values():
        values[~good] = np.nan
    far = ((mean < reach[0]) | (mean > reach[1])).any(axis=(1, 2))
    logg = known["logg"]
    flag = np.zeros(len(paths), np.int32)
    for name, where in (
        ("bad_spectrum", ~good),
        ("outside_latent", (logg <= LATENT_LOGG[0]) | (logg >= LATENT_LOGG[1])),
        ("outside_age", (logg <= AGE_LOGG[0]) | (logg >= AGE_LOGG[1])),
        ("no_labels", ~np.isfinite(known["teff"] + known["fe_h"])),
        ("out_of_range", far & good),
    ):
        flag |= np.where(where, AGE_FLAGS[name].mask, 0).astype(np.int32)
    return {
        "path": np.array([str(path) for path in paths], object),
        "apogee_id": raw["apogee_id"].astype(object),
        "spectrum_flag": arrays["spectrum_flag"],
        **found,
        "age_flag": flag,
    }


def check_light_curve(
    quarters: Sequence[Path], spectrum: Path, model: Model, card: Mapping
) -> tuple[dict[str, np.ndarray], float, float]:
    """
    A star's power spectrum beside the one that its stellar spectrum predicts.

    Args:
        quarters: Kepler files of the star.
        spectrum: its apStar or asStar file.
        model: the trained encoder-decoders.
        card: of the model, with its grid and continuum pixels.

    Returns:
        freq_uhz, observed, predicted (power over background) and their ratio; the disagreement;
        and the share of ordinary stars that disagree less.

    Raises:
        ValueError: if the spectrum or the light curve cannot be used; the message says why.
    """
    raw = read_raw([spectrum])
    arrays, _ = spectra(raw, [np.array(pixels) for pixels in card["continuum"]])
    if arrays["spectrum_flag"][0]:
        raise ValueError(f"{spectrum}: no usable spectrum (missing, damaged, masked)")
    time_day, flux, flag = stitch([read_quarter(path) for path in quarters])
    if flag & UNUSABLE:
        reasons = [name for name, bit in POWER_FLAGS.items() if flag & bit.mask]
        raise ValueError(f"{quarters[0]} ...: no usable light curve ({', '.join(reasons)})")
    grid = settings_of(card["psd"])
    observed = log_ratio(periodogram(time_day, flux, grid)[None], grid)
    predicted = reconstruct(model, arrays["flux"])
    score = disagreement(residual(observed, predicted), model.spread)
    table = {
        "freq_uhz": grid.centres_uhz,
        "observed": np.exp(observed[0].astype(float)),
        "predicted": np.exp(predicted[0].astype(float)),
        "ratio": np.exp((observed - predicted)[0].astype(float)),
    }
    return table, float(score[0]), float(rank(score, model.score)[0])
