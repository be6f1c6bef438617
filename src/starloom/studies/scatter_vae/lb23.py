"""
The comparison model LB23: a transformer that reads coefficients, labels and colours alike.

Used without labels (coefficients to coefficients) and through them (coefficients to labels, and
from these labels alone back to coefficients), as in the paper.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from starloom.models.transformer import CONTEXT
from starloom.numbers import Number
from starloom.studies.scatter_vae.errors import root_mean_square
from starloom.studies.scatter_vae.numbers import STUDY
from starloom.training import token_transformer as tokens
from starloom.training.calibration import bootstrap_error, width

FIRST = CONTEXT // 2
"""Coefficients of BP and of RP that fit among the 64 tokens."""

LABELS = {
    "teff": (("teff", "teff_err"), None, "K"),
    "logg": (("logg", "logg_err"), None, "dex"),
    "m_h": (("m_h", "m_h_err"), None, "dex"),
    "j_h": (("j_m", "j_msigcom"), ("h_m", "h_msigcom"), "mag"),
    "j_k": (("j_m", "j_msigcom"), ("ks_m", "ks_msigcom"), "mag"),
}
"""Label: column and its error; those of what is taken off; unit."""

WAYS = {
    "independent": "coefficients to embedding to coefficients",
    "dependent": "coefficients to labels to coefficients",
}
"""The two ways from a spectrum to its reconstruction."""

DRAWS = 100
"""Resamplings of the stars behind an error."""

Columns = Mapping[str, np.ndarray]


def first(n_input: int) -> np.ndarray:
    """Which of the coefficients, BP's half and then RP's, are read: the first 32 of each band."""
    n_band = n_input // 2
    used = np.arange(min(FIRST, n_band))
    return np.concatenate([used, n_band + used])


def measured(
    arrays: Columns,
) -> tuple[Float[np.ndarray, "n_star n_used"], Float[np.ndarray, "n_star n_used"]]:
    """
    The first coefficients over the G flux, and their errors.

    Args:
        arrays: of `prepare.spectra.spectra`.
    """
    used = first(arrays["coefficients"].shape[1])
    flux = np.asarray(arrays["phot_g_mean_flux"], float)[:, None]
    return arrays["coefficients"][:, used] / flux, arrays["errors"][:, used] / flux


def labels_of(
    stars: Columns,
) -> tuple[list[str], Float[np.ndarray, "n_star n_label"], Float[np.ndarray, "n_star n_label"]]:
    """
    Names, values and errors of the labels that the table has; NaN where a star has none.

    Args:
        stars: columns of `prepare.stars`.
    """
    names, values, errors = [], [], []
    for name, (column, less, _) in LABELS.items():
        if column[0] not in stars or (less and less[0] not in stars):
            continue
        value, error = (np.asarray(stars[key], float) for key in column)
        if less:
            value = value - stars[less[0]]
            error = np.hypot(error, stars[less[1]])
        if np.isfinite(value + error).any():
            names, values, errors = [*names, name], [*values, value], [*errors, error]
    return names, np.stack(values, axis=1), np.stack(errors, axis=1)


def groups(n_used: int, n_label: int) -> dict[str, tuple[int, ...]]:
    """What is read together: coefficients, or labels; kinds are numbered in this order."""
    return {
        "coefficients": tuple(range(n_used)),
        "labels": tuple(range(n_used, n_used + n_label)),
    }


def learned(arrays: Columns, stars: Columns) -> tuple[list[str], np.ndarray, np.ndarray]:
    """
    What the model learns from: values and errors of coefficients, then of labels.

    Args:
        arrays: of `prepare.spectra.spectra`.
        stars: columns of `prepare.stars`, a row for each of the arrays.

    Returns:
        Names of the labels, values and errors (n_star, n_used + n_label).
    """
    names, *labels = labels_of(stars)
    pairs = zip(measured(arrays), labels, strict=True)
    value, error = (np.concatenate(pair, axis=1) for pair in pairs)
    return names, value, error


def reconstructed(
    model: tokens.Model, value: Float[np.ndarray, "n_star n_used"]
) -> dict[str, np.ndarray]:
    """
    Both reconstructions of the first coefficients, and the labels in between.

    Args:
        model: trained on `groups`.
        value: of `measured`.

    Returns:
        `independent` and `dependent` (n_star, n_used), over the G flux; `labels`
        (n_star, n_label).

    References:
        Laroche & Speagle (2024), Sec. 4.1.
    """
    coefficients, labels = (model.architecture.groups[k] for k in ("coefficients", "labels"))
    between = tokens.predict(model, value, coefficients, labels)[0]
    return {
        "independent": tokens.predict(model, value, coefficients, coefficients)[0],
        "dependent": tokens.predict(model, between, labels, coefficients)[0],
        "labels": between,
    }


def compared(
    model: tokens.Model,
    names: Sequence[str],
    arrays: Columns,
    stars: Columns,
    relative: Float[np.ndarray, "n_star n_input"],
) -> dict[str, np.ndarray]:
    """
    LB23's errors and ours, of the same stars.

    Args:
        model: trained on `groups`.
        names: of its labels.
        arrays: of `prepare.spectra.spectra`.
        stars: columns of `prepare.stars`, a row for each of the arrays.
        relative: R(j) of the scatter VAE.

    Returns:
        `source_id`; `ours`, `independent`, `dependent`: R(j) of the first coefficients
        (n_star, n_used); `labels` by LB23 and `reference`, those of the table (n_star, n_label).

    References:
        Laroche & Speagle (2024), Eq. 6.
    """
    value, error = measured(arrays)
    found = reconstructed(model, value)
    there, reference, _ = labels_of(stars)
    blank = np.full(len(reference), np.nan)
    columns = dict(zip(there, reference.T, strict=True))
    return {
        "source_id": arrays["source_id"],
        "ours": relative[:, first(relative.shape[1])],
        **{way: ((value - found[way]) / error).astype(np.float32) for way in WAYS},
        "labels": found["labels"],
        "reference": np.stack([columns.get(name, blank) for name in names], axis=1),
    }


def numbers(table: Columns, names: Sequence[str], seed: int) -> list[Number]:
    """
    LB23 beside the scatter VAE on the same test stars.

    Args:
        table: `ours`, `independent`, `dependent`: R(j) of the first coefficients
            (n_star, n_used); `labels` and `reference` (n_star, n_label).
        names: of the labels.
        seed: of the resampling.

    References:
        Laroche & Speagle (2024), Figs. 5 and 6.
    """
    found = []

    def add(name, statistic, columns, unit, text):
        error = bootstrap_error(statistic, *columns, seed=seed, draws=DRAWS)
        value, stars = statistic(*columns), len(columns[0])
        found.append(Number(f"xpvae.{name}", STUDY, value, unit, text, error, stars))

    ours = root_mean_square(table["ours"])
    for way, path in WAYS.items():
        theirs = root_mean_square(table[way])
        text = f"median over test stars of RMSE(j), first 32 + 32, by LB23: {path}"
        add(f"lb23_rmse_{way}", np.median, (theirs,), "1", text)
        text = f"median over test stars of RMSE(j) by LB23 ({path}) over the scatter VAE's"
        add(f"lb23_ratio_{way}", np.median, (theirs / ours,), "1", text)
        low = [root_mean_square(_lowest(table[which])) for which in (way, "ours")]
        text += ", first 5 coefficients of each band"
        add(f"lb23_ratio_{way}_first5", np.median, (low[0] / low[1],), "1", text)
    for i, name in enumerate(names):
        off = table["labels"][:, i] - table["reference"][:, i]
        off = off[np.isfinite(off)]
        text = f"half of the central 68 % of {name} by LB23 from coefficients minus the catalogue's"
        if len(off):
            add(f"lb23_width_{name}", width, (off,), LABELS[name][2], f"{text}, test stars")
    return found


def _lowest(relative, n=5):
    n_band = relative.shape[1] // 2
    return relative[:, np.r_[:n, n_band : n_band + n]]
