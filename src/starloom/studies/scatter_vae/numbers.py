"""The numbers that the study publishes."""

from collections.abc import Mapping

import numpy as np

from starloom.numbers import Number, share_error

STUDY = "scatter_vae"

EVALUATED = {
    "val_loss": (
        "loss",
        "nat",
        "mean loss of the test stars (not of those of the validation): reconstruction plus KL",
    ),
    "val_recon": (
        "reconstruction",
        "nat",
        "mean over test stars of the sum over coefficients of (chi2 + ln variance)/2",
    ),
    "val_kl": ("kl", "nat", "mean over test stars of the KL divergence summed over the latent"),
    "residual_width": (
        "residual_width",
        "1",
        "standard deviation of (x - xhat)/sqrt(e^2 + s^2) over test stars and coefficients",
    ),
    "residual_width_robust": (
        "residual_width_robust",
        "1",
        "half of the 16th to 84th percentile of (x - xhat)/sqrt(e^2 + s^2) over test stars and "
        "coefficients",
    ),
    "residual_mean": (
        "residual_mean",
        "1",
        "mean of (x - xhat)/sqrt(e^2 + s^2) over test stars and coefficients",
    ),
    "residual_width_drawn": (
        "residual_width_drawn",
        "1",
        "standard deviation of (x - xhat)/sqrt(e^2 + s^2) over test stars and coefficients, xhat "
        "and s of a latent drawn from each star's posterior, not its mean",
    ),
    "chi2_per_dof": (
        "chi2_per_dof",
        "1",
        "mean over test stars of chi2, with errors and scatter, per coefficient",
    ),
    "median_rmse": ("median_rmse", "1", "median over test stars of RMSE(j), first 32 + 32"),
    "active_dimensions": (
        "active_dimensions",
        "1",
        "latent dimensions whose means have a variance above 0.01 over the test stars",
    ),
}


RESAMPLED = {
    "residual_width": lambda normalised, rmse: normalised.std(),
    "residual_width_robust": lambda normalised, rmse: (
        np.diff(np.percentile(normalised, [15.865, 84.135]))[0] / 2
    ),
    "residual_mean": lambda normalised, rmse: normalised.mean(),
    "chi2_per_dof": lambda normalised, rmse: np.square(normalised).mean(),
    "median_rmse": lambda normalised, rmse: np.median(rmse),
}
"""Numbers of the test stars' residuals whose errors come from resampling the stars."""


def bootstrap(
    normalised: np.ndarray, rmse: np.ndarray, *, seed: int, draws: int = 100
) -> dict[str, float]:
    """
    Errors of the residuals' numbers, from the spread over resampled stars.

    Args:
        normalised: (x - xhat)/sqrt(e^2 + s^2), [n_star, n_coefficient].
        rmse: of each star.
        seed: of the resampling.
        draws: how often the stars are resampled.

    Returns:
        One sigma by name of `RESAMPLED`.

    References:
        Efron (1979).
    """
    random = np.random.default_rng(seed)
    found = {name: [] for name in RESAMPLED}
    for _ in range(draws):
        rows = random.integers(0, len(rmse), len(rmse))
        for name, statistic in RESAMPLED.items():
            found[name].append(statistic(normalised[rows], rmse[rows]))
    return {name: float(np.std(values, ddof=1)) for name, values in found.items()}


def numbers(
    evaluation: Mapping[str, float],
    errors: Mapping[str, float],
    cuts: Mapping[str, list[dict]],
    matches: Mapping[str, dict],
) -> list[Number]:
    """
    Numbers of the evaluation, of the three catalogues and of the cross-match.

    Args:
        evaluation: of the test stars; see `scores.evaluate`.
        errors: one sigma of some of them; see `bootstrap`.
        cuts: counts by catalogue, the stars left after every cut; empty without labels.
        matches: counts of the cross-match by survey.

    Returns:
        The numbers, without the published values.

    References:
        Laroche & Speagle (2024), Secs. 2.2 and 3.
    """
    n = int(evaluation["n"])
    found = [
        Number(f"xpvae.{name}", STUDY, evaluation[key], unit, definition, errors.get(name), n)
        for name, (key, unit, definition) in EVALUATED.items()
    ]
    for name, records in cuts.items():
        definition = f"stars with an XP spectrum and an APOGEE row that pass the {name} cuts"
        found.append(
            Number(f"xpvae.{name}_catalog", STUDY, records[-1]["left"], "stars", definition)
        )
        for record in records[1:]:
            definition = (
                f"stars left in the {name} catalogue after {record['criterion']} and the cuts "
                f"before it; by itself it removes {record['removed_alone']} of {records[0]['left']}"
            )
            cut = f"xpvae.{name}_after_{record['name']}"
            found.append(Number(cut, STUDY, record["left"], "stars", definition))
    for survey, counts in matches.items():
        if "sources" in counts:
            total = counts["sources"]["total"]
            share = counts["sources"]["matched"] / max(total, 1)
            error = 100 * share_error(share, max(total, 1))
            definition = f"share of the Gaia sources with a counterpart in {survey}"
            name = f"xpvae.matched_{survey}"
            found.append(Number(name, STUDY, 100 * share, "percent", definition, error, total))
    return found
