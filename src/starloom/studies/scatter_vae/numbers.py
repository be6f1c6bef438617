"""The numbers that the study publishes."""

from collections.abc import Mapping

from starloom.numbers import Number

STUDY = "scatter_vae"

EVALUATED = {
    "val_loss": ("loss", "nat", "mean loss of the test stars: reconstruction plus KL"),
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
        "half of the 16th to 84th percentile of the same residuals",
    ),
    "residual_mean": ("residual_mean", "1", "mean of the same residuals"),
    "chi2_per_dof": ("chi2_per_dof", "1", "chi2 with errors and scatter over the coefficients"),
    "median_rmse": ("median_rmse", "1", "median over test stars of RMSE(j), first 32 + 32"),
    "active_dimensions": (
        "active_dimensions",
        "1",
        "latent dimensions whose means vary by more than 0.01 over the test stars",
    ),
}


def numbers(
    evaluation: Mapping[str, float],
    cuts: Mapping[str, list[dict]],
    matches: Mapping[str, dict],
) -> list[Number]:
    """
    Numbers of the evaluation, of the three catalogues and of the cross-match.

    Args:
        evaluation: of the test stars; see `scores.evaluate`.
        cuts: counts by catalogue, the stars left after every cut; empty without labels.
        matches: counts of the cross-match by survey.

    Returns:
        The numbers, without the published values.

    References:
        Laroche & Speagle (2024), Secs. 2.2 and 3.
    """
    n = int(evaluation["n"])
    found = [
        Number(f"xpvae.{name}", STUDY, evaluation[key], unit, definition, n=n)
        for name, (key, unit, definition) in EVALUATED.items()
    ]
    for name, records in cuts.items():
        definition = f"stars with an XP spectrum and an APOGEE row that pass the {name} cuts"
        found.append(
            Number(f"xpvae.{name}_catalog", STUDY, records[-1]["left"], "stars", definition)
        )
    for survey, counts in matches.items():
        if "sources" in counts:
            sources = counts["sources"]
            matched = sum(value for name, value in sources.items() if name.startswith("matched"))
            definition = f"share of the Gaia sources with a counterpart in {survey}"
            share = 100 * matched / max(sources["total"], 1)
            name = f"xpvae.matched_{survey}"
            found.append(Number(name, STUDY, share, "percent", definition, n=sources["total"]))
    return found
