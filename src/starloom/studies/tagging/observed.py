"""The method on observed giants: which are taken, their spectra in bins, their doppelgangers."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from starloom.prepare.identifiers import best_of_each, join_ids
from starloom.studies.tagging.spectra import Spectra, binned
from starloom.studies.tagging.twins import nearest

FEWEST = 0.5
"""Least share of its bins that a star must have."""

LARGEST_WEIGHT = 1e6
"""Inverse variance of a pixel at most: no observed pixel is known to better than 0.1 percent."""


def giants(
    spectra: Mapping[str, np.ndarray],
    stars: Mapping[str, np.ndarray],
    *,
    remove: Sequence[str],
    teff: Sequence[float],
    logg: Sequence[float],
    least_snr: float,
    size: int,
    runs: Sequence[int],
) -> tuple[Int[np.ndarray, " n_giant"], Spectra, dict[str, np.ndarray], dict[str, int]]:
    """
    The giants among some spectra that the method can read: one spectrum each, the best.

    Args:
        spectra: `flux` and `error` over the continuum (infinite error in bad pixels), `source_id`.
        stars: of the table of stars: source_id, teff [K], logg [dex], snrev and `remove`.
        remove: parameters to be taken away.
        teff: range [K].
        logg: range [dex].
        least_snr: of a pixel, as the survey gives it.
        size: pixels in a bin.
        runs: lengths of the chips.

    Returns:
        source_id; spectra in bins; the parameters by name, `snrev` too; and how many spectra were
        left out, by the first reason that applies.
    """
    rows = join_ids(spectra["source_id"], stars["source_id"])
    labels = {
        name: np.where(rows >= 0, np.asarray(stars[name], float)[rows], np.nan)
        for name in dict.fromkeys(("teff", "logg", "snrev", *remove))
    }
    good = np.isfinite(spectra["error"]) & np.isfinite(spectra["flux"]) & (spectra["error"] > 0)
    with np.errstate(invalid="ignore"):
        weight = np.where(good, np.minimum(spectra["error"] ** -2.0, LARGEST_WEIGHT), 0.0)
        cuts = {
            "no_labels": np.all([np.isfinite(values) for values in labels.values()], axis=0),
            "teff": (labels["teff"] >= teff[0]) & (labels["teff"] <= teff[1]),
            "logg": (labels["logg"] >= logg[0]) & (labels["logg"] <= logg[1]),
            "snr": labels["snrev"] >= least_snr,
            "pixels": good.mean(axis=1) >= FEWEST,
        }
    left = np.ones(len(rows), bool)
    lost = {}
    for name, passed in cuts.items():
        lost[name] = int((left & ~passed).sum())
        left &= passed
    chosen = np.flatnonzero(left)
    chosen = chosen[best_of_each(spectra["source_id"][chosen], labels["snrev"][chosen])]
    lost["second_spectrum"] = int(left.sum()) - len(chosen)
    flux, total = binned(spectra["flux"][chosen], weight[chosen], size, runs)
    parameters = {name: values[chosen] for name, values in labels.items()}
    return spectra["source_id"][chosen], Spectra(flux, total), parameters, lost


def gathered(
    parts: Sequence[tuple[np.ndarray, Spectra, Mapping[str, np.ndarray], Mapping[str, int]]],
) -> tuple[Int[np.ndarray, " n_giant"], Spectra, dict[str, np.ndarray], dict[str, int]]:
    """
    The giants of several calls of `giants`, one spectrum each, in the order of source_id.

    Raises:
        ValueError: if there is none.
    """
    source_id = np.concatenate([part[0] for part in parts])
    spectra = Spectra(*(np.concatenate(a) for a in zip(*(part[1] for part in parts), strict=True)))
    labels = {name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]}
    lost = {name: sum(part[3][name] for part in parts) for name in parts[0][3]}
    kept = np.flatnonzero(best_of_each(source_id, labels["snrev"])) if len(source_id) else []
    if not len(kept):
        raise ValueError(f"no giant with a spectrum that can be read; left out: {lost}")
    lost["second_spectrum"] += len(source_id) - len(kept)
    order = kept[np.argsort(source_id[kept], kind="stable")]
    labels = {name: values[order] for name, values in labels.items()}
    return source_id[order], spectra.rows(order), labels, lost


def doppelgangers(
    source_id: Int[np.ndarray, " n_star"],
    z: Float[np.ndarray, "n_star n_latent"],
    outside: np.ndarray,
    number: int,
) -> dict[str, np.ndarray]:
    """
    The nearest other giants of each giant.

    Args:
        source_id: of the giants.
        z: their latents; NaN where a star could not be encoded.
        outside: giants whose parameters lie outside the training stars' range: they get and are
            no doppelgangers.
        number: doppelgangers of a star.

    Returns:
        `doppelganger_1` ... (source_id, -1 for none) and `distance_1` ... (NaN for none).

    Raises:
        ValueError: if fewer than two giants have a latent.
    """
    able = np.flatnonzero(np.isfinite(z).all(axis=1) & ~np.asarray(outside))
    if len(able) < 2:
        raise ValueError(f"{len(able)} of {len(z)} giants have a latent: nobody to compare with")
    rows, distance = nearest(z[able], number)
    columns = {}
    for k in range(number):
        ids, apart = np.full(len(z), -1, np.int64), np.full(len(z), np.nan, np.float32)
        if k < rows.shape[1]:
            ids[able], apart[able] = source_id[able[rows[:, k]]], distance[:, k]
        columns |= {f"doppelganger_{k + 1}": ids, f"distance_{k + 1}": apart}
    return columns
