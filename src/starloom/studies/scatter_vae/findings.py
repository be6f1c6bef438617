"""Numbers of what the latent space says: of wavelengths, of labels, of the alpha sequences."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from starloom.numbers import Number, share_error
from starloom.studies.scatter_vae import alpha, errors, labels
from starloom.studies.scatter_vae.numbers import STUDY
from starloom.studies.scatter_vae.tracks import boundary
from starloom.training.calibration import bootstrap_error

DRAWS = 100
"""Resamplings of the stars behind an error."""

TEFF_EDGES = (3500, 4500, 4750, 5000, 6000)
"""Edges of the bins of Teff in which the classifiers are compared [K]."""

SCORES = {
    "accuracy": "share of right answers",
    "balanced": "mean of the two recalls",
    "high_recall": "share of the high-alpha stars that are called so",
    "low_recall": "share of the low-alpha stars that are called so",
    "high_precision": "share of the stars called high-alpha that are",
    "low_precision": "share of the stars called low-alpha that are",
    "auc": "area under the ROC curve",
}
"""Scores of a classifier and what they mean."""

RED_NM = (600, 800)
"""Where the paper compares the bias of models [nm]."""

COOL_K, LOW_LOGG = 4000, 1.0
"""Teff [K] and log g [dex] below which label-dependent models struggle in the paper."""


def error_numbers(
    residuals: Mapping[str, np.ndarray], stars: Mapping[str, np.ndarray], seed: int
) -> list[Number]:
    """
    Reconstruction errors in wavelength, and those of cool and of large stars.

    Args:
        residuals: of the test stars: `rmse` and `relative_flux`.
        stars: teff [K] and logg [dex] of the same stars, or nothing.
        seed: of the resampling.

    References:
        Laroche & Speagle (2024), Eqs. 7-9, Figs. 7 and 9.
    """
    found = []

    def median(name, values, what):
        values = values[np.isfinite(values)]
        if len(values):
            error = bootstrap_error(np.median, values, seed=seed, draws=DRAWS)
            number = (f"xpvae.{name}", STUDY, np.median(values), "1", f"median {what}", error)
            found.append(Number(*number, len(values)))

    kinds = {"rmse": residuals["rmse"]}
    relative = residuals["relative_flux"]
    kinds["rmse_flux"] = errors.root_mean_square(relative)
    red = (errors.WAVELENGTH_NM >= RED_NM[0]) & (errors.WAVELENGTH_NM <= RED_NM[1])
    what = "over test stars of RMSE(lambda) at 61 wavelengths, errors from the covariance"
    median("median_rmse_flux", kinds["rmse_flux"], what)
    what = "over test stars of the mean R(lambda) within {}-{} nm".format(*RED_NM)
    median("flux_bias_red", relative[:, red].mean(axis=1), what)
    for kind, values in kinds.items():
        eq = {"rmse": "RMSE(j)", "rmse_flux": "RMSE(lambda)"}[kind]
        if "teff" in stars:
            cool, large = stars["teff"] < COOL_K, stars["logg"] < LOW_LOGG
            median(f"{kind}_cool", values[cool], f"{eq} of test stars with Teff < {COOL_K} K")
            median(f"{kind}_low_logg", values[large], f"{eq} of test stars with log g < {LOW_LOGG}")
    return found


def label_numbers(table: Mapping[str, np.ndarray], seed: int) -> list[Number]:
    """
    How much of the labels the latent space holds.

    Args:
        table: of `labels.read_off`.
        seed: of the resampling.

    References:
        Laroche & Speagle (2024), Sec. 4.2.
    """
    teff, logg = table["teff"], table["logg"]
    if not len(teff):
        return []
    above = table["latent_logg"] - boundary(table["latent_teff"])
    asked = []
    for name in labels.LABELS:
        text = f"R^2 of {name} as a quadratic form of the latent means has it, good test stars"
        columns = (table[name], table[f"latent_{name}"])
        asked.append((f"latent_r2_{name}", labels.explained, columns, text))
    for name, by, columns in (
        ("dwarf_giant_auc", "the best latent dimension", (teff, logg, table["dwarf_axis"])),
        ("dwarf_giant_auc_latent", "a quadratic form of the latent means", (teff, logg, above)),
    ):
        text = f"area under the ROC curve with which {by} tells dwarfs from giants, test stars"
        asked.append((name, labels.dwarf_auc, columns, text))
    return _finite((name, *_value(f, columns, text, seed)) for name, f, columns, text in asked)


def alpha_numbers(
    table: Mapping[str, np.ndarray], seed: int, permutations: int, prefix: str = ""
) -> list[Number]:
    """
    How well each classifier tells the alpha sequences, and what the latent knows beyond labels.

    Args:
        table: of `alpha.classify`.
        seed: of resampling and shuffles.
        permutations: shuffles of a test.
        prefix: of the names, for another world.

    Returns:
        The numbers that the test stars allow: both sequences must be among them.

    References:
        Laroche & Speagle (2024), Table 1.
    """
    return _finite([*_scores(table, seed), *_beyond(table, seed, permutations)], prefix)


def lost(world: Sequence[Number], control: Sequence[Number]) -> list[Number]:
    """
    What of the latent's advantage is gone in the world without alpha in the spectra.

    Args:
        world: of `alpha_numbers`, where the spectra hold alpha.
        control: the same where they do not, with the prefix `control_`.

    Returns:
        For the advantage over the labels' classifier, and for the gain over it, the difference of
        the worlds; errors as of independent samples.
    """
    here, there = ({number.id: number for number in found} for found in (world, control))
    found = []
    for name in ("alpha_advantage", "alpha_gain"):
        one, other = here.get(f"xpvae.{name}"), there.get(f"xpvae.control_{name}")
        if one and other:
            text = f"{one.definition}: with alpha in the spectra minus without"
            error = float(np.hypot(one.error, other.error))
            value = one.value - other.value
            number = (f"xpvae.control_lost_{name}", STUDY, value, "1", text, error, other.n)
            found.append(Number(*number))
    return found


def _scores(table, seed) -> Iterator[tuple]:
    high = table["high"]
    if not len(high):
        return
    share = max(high.mean(), 1 - high.mean())
    text = "accuracy of always answering the larger alpha sequence, pristine test stars"
    yield "alpha_majority", share, "1", text, share_error(share, len(high)), len(high)
    for name, reads in _classifiers(table):
        columns = (high, table[f"p_{name}"])
        found, spread = alpha.scores(*columns), _spread(*columns, seed)
        for score, meaning in SCORES.items():
            text = f"{meaning}, forest on {reads}, pristine test stars"
            yield f"alpha_{score}_{name}", found[score], "1", text, spread[score], len(high)
    for low, top in itertools.pairwise(TEFF_EDGES):
        rows = (table["teff"] >= low) & (table["teff"] < top)
        for name, reads in _classifiers(table):
            text = f"{SCORES['auc']}, forest on {reads}, test stars with Teff {low}-{top} K"
            columns = (high[rows], table[f"p_{name}"][rows])
            if rows.any():
                yield f"alpha_auc_{name}_{low}_{top}", *_value(alpha.area, columns, text, seed)


def _beyond(table, seed, permutations) -> Iterator[tuple]:
    """The latent against the labels, and against labels shuffled among stars alike."""
    high, rival = table["high"], "labels_ext" if "p_labels_ext" in table else "labels"
    if not 0 < high.sum() < len(high):
        return
    columns = high, table["p_latent"], table[f"p_{rival}"]
    text = f"AUC on the latent means minus AUC on {alpha.CLASSIFIERS[rival]}, both on test stars"
    yield "alpha_advantage", *_value(alpha.advantage, columns, text, seed)
    if "p_all" in table:
        columns = high, table["p_all"], table["p_labels_ext"]
        text = f"AUC on {alpha.CLASSIFIERS['all']} minus AUC without the latent, both on test stars"
        yield "alpha_gain", *_value(alpha.advantage, columns, text, seed)
    tests = {
        "alpha_permutation_p": (None, "all test stars"),
        "alpha_permutation_p_given_labels": (
            table[f"p_{rival}"],
            f"test stars alike to the forest on {alpha.CLASSIFIERS[rival]}",
        ),
    }
    for name, (given, among) in tests.items():
        p = alpha.permutation_test(high, table["p_latent"], given, seed=seed, draws=permutations)[1]
        text = (
            f"share of {permutations} shuffles of the alpha sequences among {among} after which "
            "the latent classifier tells them as well"
        )
        yield name, p, "1", text, share_error(p, permutations + 1), len(high)


def _classifiers(table):
    return [item for item in alpha.CLASSIFIERS.items() if f"p_{item[0]}" in table]


def _spread(high, probability, seed):
    """One sigma of every score when the stars are drawn again with replacement."""
    rng, n_star = np.random.default_rng(seed), len(high)
    rows = (rng.integers(0, n_star, n_star) for _ in range(DRAWS))
    drawn = [alpha.scores(high[i], probability[i]) for i in rows]
    return {name: float(np.nanstd([one[name] for one in drawn])) for name in SCORES}


def _value(statistic, columns, text, seed):
    """Value, unit, definition, error and number of stars."""
    error = bootstrap_error(statistic, *columns, seed=seed, draws=DRAWS)
    return statistic(*columns), "1", text, error, len(columns[0])


def _finite(numbers, prefix=""):
    """As numbers of the study, without those that too few stars leave undefined."""
    return [
        Number(f"xpvae.{prefix}{name}", STUDY, *rest)
        for name, *rest in numbers
        if np.isfinite(rest[0]) and np.isfinite(rest[3])
    ]
