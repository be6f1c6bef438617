"""The trained model on a user's own files: spectra, labels, light curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from starloom.archives.kepler_files import read_quarter
from starloom.archives.sdss import read_allstar
from starloom.columns import POWER_FLAGS
from starloom.prepare.apogee import allstar_rows, read_raw, spectra
from starloom.prepare.light_curves import stitch
from starloom.prepare.power import UNUSABLE
from starloom.prepare.psd import log_ratio, periodogram, settings_of
from starloom.studies.ages.catalog import NAMES, SURVEY, estimates, labels_of
from starloom.studies.ages.check import disagreement, rank, residual
from starloom.studies.ages.forests import from_model
from starloom.studies.ages.model import Model, encode, reconstruct

PLACE = ("TELESCOPE", "FIELD", "FILE")
"""Columns of allStar that name the file of a spectrum."""


def read_labels(path: str | Path) -> dict[str, np.ndarray]:
    """
    What a user's table, allStar or a part of it, says of the stars: the columns that there are.

    Raises:
        ValueError: if the table lacks APOGEE_ID, TEFF or FE_H.
    """
    names = [*NAMES, *(f"{name}_ERR" for name in NAMES)]
    table = read_allstar(path, [*names, *SURVEY, *PLACE])
    missing = [name for name in ("TEFF", "FE_H") if name not in table]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: ages need Teff and [Fe/H]")
    return table


def label_rows(
    paths: Sequence[Path], apogee_id: np.ndarray, table: Mapping[str, np.ndarray]
) -> np.ndarray:
    """
    Row of a table for each spectrum: that of its file, else the first of its star, else -1.

    Args:
        paths: of the spectra; in the archive's folders telescope/field/file they name a row.
        apogee_id: of their headers.
        table: of `read_labels`.
    """
    ids = np.char.strip(table["APOGEE_ID"].astype(str))
    first = {name: row for row, name in reversed(list(enumerate(ids))) if name}
    by_star = np.array([first.get(str(name), -1) for name in apogee_id], int)
    if not set(PLACE) <= set(table):
        return by_star
    by_file = allstar_rows([str(path.absolute()) for path in paths], table)
    return np.where(by_file >= 0, by_file, by_star)


def ages_of_spectra(
    paths: Sequence[Path],
    model: Model,
    card: Mapping,
    forests: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray] | None,
) -> dict[str, np.ndarray]:
    """
    Ages and what goes with them of combined spectra in files, as the catalogue has them.

    Args:
        paths: apStar or asStar files; one that cannot be read is flagged.
        model: the trained encoder-decoders.
        card: of the model, with its continuum pixels.
        forests: arrays of the trained forests.
        labels: of `read_labels`, or None: then ages come from the latent alone. What the table
            does not say of a star, or has no column of, leaves out no value of it.

    Returns:
        path, apogee_id, spectrum_flag, and the columns of `catalog.estimates`.
    """
    raw = read_raw(paths)
    arrays, _ = spectra(raw, [np.array(pixels) for pixels in card["continuum"]])
    rows = np.full(len(paths), -1)
    if labels is not None:
        rows = label_rows(paths, raw["apogee_id"], labels)
    listed, table = rows >= 0, labels or {}
    nothing = np.full(len(table.get("APOGEE_ID", " ")), np.nan)
    every = [f"{name}{error}" for name in NAMES for error in ("", "_ERR")]
    stars = labels_of({name: table.get(name, nothing) for name in every}, rows)
    stars = {name: np.where(listed, values, np.nan) for name, values in stars.items()}
    if "LOGG" not in table:
        del stars["logg"]
    stars |= {name: table[name][rows] for name in SURVEY if name in table}
    trained = from_model(forests)
    found = estimates(
        stars,
        encode(model, arrays["flux"]) | {"spectrum_flag": arrays["spectrum_flag"]},
        np.arange(len(paths)),
        trained,
        forests["reach"],
        listed,
        "z_only" if labels is None else "fiducial",
    )
    return {
        "path": np.array([str(path) for path in paths], object),
        "apogee_id": raw["apogee_id"].astype(object),
        "spectrum_flag": arrays["spectrum_flag"],
        **found,
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
