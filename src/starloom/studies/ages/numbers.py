"""The numbers that the study publishes."""

from collections.abc import Mapping
from dataclasses import replace

from starloom.numbers import Number
from starloom.separation import USUAL_EXPONENT, USUAL_FACTOR

STUDY = "ages"

_AGE = "standard deviation of predicted over Miglio et al.'s age, minus 1, {} test stars, from {}"
_FROM = {
    "fiducial": "latent, Teff, [Fe/H]",
    "z_only": "the latent alone",
    "z_teff": "latent and Teff",
    "z_feh": "latent and [Fe/H]",
    "z_teff_feh_alpha": "latent, Teff, [Fe/H], [alpha/M]",
    "surface": "Teff, log g, [Fe/H] without a latent",
    "labels": "Teff, log g, [Fe/H], [C/Fe], [N/Fe] without a latent",
    "spectrum": "principal components of the spectrum without a latent",
}
_GAIN = (
    "by how much the latent narrows the scatter of log age of {}: 1 minus that from "
    "latent, Teff, [Fe/H] over that from Teff, log g, [Fe/H]"
)
_YOUNG = "ages below 6 Gyr among rows of the map sample with [alpha/M] > {}"
_PARTIAL = (
    "correlation of [alpha/M] from {} with the true one, at fixed true numax, Delta nu, state and "
    "[Fe/H] (quadratic form taken off both), test stars of the simulated sky"
)
_KL = (
    "divergence of the latent from its prior at the best validation loss of the training {}; 0 if "
    "nothing is learnt"
)
_UNSEEN = (
    "{}, rows of the catalogue that no training saw, simulated sky; the truth is the age that a "
    "star's mass implies"
)
_UNSEEN_AGE = "half of the central 68.27 % of predicted over true age, minus 1, {}, from {}"
_KINDS = {"rgb": "red-giant-branch", "rc": "red-clump"}
_EXCESS = f"Delta nu/({USUAL_FACTOR} numax^{USUAL_EXPONENT})"
_LATENT = (
    "half of the central 68.27 % of {} from the latent alone minus the measured one, test stars"
)

MEANINGS = {
    "bias": ("percent", "mean of (predicted - Miglio et al.'s)/Miglio et al.'s age, test stars"),
    "pull_width": (
        "sigma",
        "half of the central 68.27 % of (predicted - reference)/sqrt(sum of squared errors) in log "
        "age, test stars; errors scaled on validation stars",
    ),
    "coverage_50": ("percent", "test stars within the central 50 % of their errors in log age"),
    "coverage_68": ("percent", "test stars within the central 68 % of their errors in log age"),
    "coverage_95": ("percent", "test stars within the central 95 % of their errors in log age"),
    "gain_rgb": ("percent", _GAIN.format("red-giant-branch test stars")),
    "gain_rc": ("percent", _GAIN.format("red-clump test stars")),
    "vs_apokasc2_scatter": (
        "percent",
        "half of the central 68.27 % of the predicted age over APOKASC-2's, minus 1, test stars",
    ),
    "vs_astronn_scatter": (
        "percent",
        "half of the central 68.27 % of the age over astroNN's, minus 1, rows of the map sample",
    ),
    "vs_astronn_corrected_scatter": (
        "percent", "half of the central 68.27 % of the age over astroNN's corrected for its trend, "
                   "minus 1, rows of the map sample"
    ),
    "numax_scatter": ("uHz", _LATENT.format("numax")),
    "numax_scatter_percent": ("percent", _LATENT.format("ln numax")),
    "dnu_scatter": ("uHz", _LATENT.format("Delta nu")),
    "dnu_scatter_percent": ("percent", _LATENT.format("ln Delta nu")),
    "excess_dnu_scatter": ("1", _LATENT.format(_EXCESS)),
    "teff_scatter": ("K", _LATENT.format("Teff")),
    "feh_scatter": ("dex", _LATENT.format("[Fe/H]")),
    "alpha_scatter": ("dex", _LATENT.format("[alpha/M]")),
    "nh_scatter": ("dex", _LATENT.format("[N/H]")),
    "cn_scatter": ("dex", _LATENT.format("[C/N]")),
    "rc_missed": ("percent", "red-clump test stars that the latent calls red-giant-branch stars"),
    "rgb_missed": ("percent", "red-giant-branch test stars that the latent calls red-clump giants"),
    "catalog_rows": ("stars", "rows of the catalogue, one for each of allStar"),
    "catalog_latent": ("stars", "rows with a latent position (1.5 < log g < 3.6, SNREV > 30)"),
    "catalog_age": ("stars", "rows with an age"),
    "map_sample": (
        "stars",
        "rows with an age whose error is below 50 %, without survey flags, inside the training's "
        "latent range",
    ),
    "young_alpha_rich": ("percent", _YOUNG.format("0.15")),
    "young_alpha_rich_logg": ("percent", _YOUNG.format("0.15 and log g > 2.55")),
    "young_alpha_rich_018": ("percent", _YOUNG.format("0.18")),
    "true_pull_width": (
        "sigma",
        "width of (predicted - true)/error in log age, test pairs of the simulated sky; the truth "
        "is the age that a star's mass implies",
    ),
    "true_scatter": (
        "dex",
        "half of the central 68.27 % of predicted minus true log age, test pairs of the simulated "
        "sky; the truth is the age that a star's mass implies",
    ),
    "unseen_pull_width": ("sigma", _UNSEEN.format("width of (predicted - true)/error in log age")),
    "unseen_scatter": (
        "dex", _UNSEEN.format("half of the central 68.27 % of predicted minus true log age")
    ),
    **{
        f"unseen_gain_{kind}": ("percent", _UNSEEN.format(_GAIN.format(f"{said} stars")))
        for kind, said in _KINDS.items()
    },
    **{
        f"unseen_{kind}_middle": (
            "percent",
            _UNSEEN.format(_UNSEEN_AGE.format(f"{said} stars of 2 to 6 Gyr", _FROM["fiducial"])),
        )
        for kind, said in _KINDS.items()
    },
    "gained_mass_young": (
        "percent",
        "stars of the simulated sky that gained mass and come out younger than 6 Gyr, rows of the "
        "catalogue that no training saw",
    ),
    "excess_correlation": (
        "1",
        "correlation of excess Delta nu from the latent with the star's true one, red-giant-branch "
        "test stars of the simulated sky",
    ),
    "alpha_partial": (
        "1",
        _PARTIAL.format("the latent"),
    ),
    "alpha_partial_estimated": (
        "1",
        _PARTIAL.format("numax, Delta nu and state, which forests tell from Teff, log g, [Fe/H], "
                        "[C/Fe] and [N/Fe],")
        + ": what an estimate's pull to the usual star brings in, without any latent",
    ),
    "alpha_scatter_seismology": (
        "dex",
        "half of the central 68.27 % of [alpha/M] from true numax, Delta nu and state minus "
        "APOGEE's, test stars of the simulated sky",
    ),
    "pairs": ("stars", "pairs of an APOGEE and a Kepler power spectrum that pass all cuts"),
    "disagreement": ("1", "median over test stars of the rms of broad residuals of log power in "
                     "units of the validation stars'"),
    "loss_two_step": ("1", "best validation loss on the full grid, trained on broad bins first, "
                      "mean of the members"),
    "loss_single_step": ("1", "best validation loss of the training on the full grid alone"),
    "kl_two_step": ("nat", _KL.format("on broad bins first, then on the full grid")),
    "kl_single_step": ("nat", _KL.format("on the full grid alone")),
}  # fmt: skip

PUBLISHED_UNITS = {
    f"scatter_{kind}{'' if name == 'fiducial' else '_' + name}": (kind, name)
    for kind in ("rgb", "rc")
    for name in _FROM
}


NULL_WORLDS = {
    "permuted": "power spectra changed hands among stars of like Teff and log g",
    "no_dredge_up": "the first dredge-up changes no abundance",
}
"""Simulated skies without what the ages live on."""

NULL_SCORES = (
    *("excess_correlation", "excess_dnu_scatter", "gain_rgb", "robust_rgb", "robust_rc"),
    *("unseen_gain_rgb", "unseen_rgb_fiducial", "unseen_rgb_surface", "unseen_rgb_labels"),
    *("alpha_scatter", "alpha_partial", "alpha_partial_estimated"),
)


def numbers(scores: Mapping[str, Mapping[str, float | None]]) -> list[Number]:
    """
    All numbers of the study; those without a score are left out.

    Args:
        scores: value, error and n by name, of `scores`.

    Returns:
        The numbers, without the published values.
    """
    found = []
    for name, (kind, inputs) in PUBLISHED_UNITS.items():
        meaning = _AGE.format(_KINDS[kind], _FROM[inputs])
        found.append((name, f"scatter_{kind}_{inputs}", "percent", meaning))
        robust = meaning.replace("standard deviation", "half of the central 68.27 %")
        key = f"robust_{kind}_{inputs}"
        found.append((name.replace("scatter", "robust"), key, "percent", robust))
        unseen = f"unseen_{kind}_{inputs}"
        meaning = _UNSEEN.format(_UNSEEN_AGE.format(f"{_KINDS[kind]} stars", _FROM[inputs]))
        found.append((unseen, unseen, "percent", meaning))
    found += [(name, name, unit, meaning) for name, (unit, meaning) in MEANINGS.items()]
    return [
        Number(f"ages.{name}", STUDY, score["value"], unit, meaning, score["error"], score["n"])
        for name, key, unit, meaning in found
        if (score := scores.get(key))
    ]


def null_numbers(worlds: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> list[Number]:
    """
    Numbers of skies where the method must fail.

    Args:
        worlds: by name of `NULL_WORLDS`, scores as in `numbers`.
    """
    return [
        replace(
            number,
            id=f"ages.null_{world}_{number.id.removeprefix('ages.')}",
            definition=f"{number.definition}; where {NULL_WORLDS[world]}",
        )
        for world, scores in worlds.items()
        for number in numbers(scores)
        if number.id.removeprefix("ages.") in NULL_SCORES
    ]
