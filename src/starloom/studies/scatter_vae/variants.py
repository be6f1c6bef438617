"""
Choices of the model held against each other: likelihood, scatter head, number of networks.

All are trained alike, on the same stars, and asked for the log likelihood of the same test stars.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from starloom.numbers import Number
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import inputs, names
from starloom.prepare.split import SETS, TRAINING
from starloom.studies.scatter_vae.numbers import STUDY
from starloom.tables import stack
from starloom.training import scatter_vae as vae
from starloom.training.calibration import bootstrap_error

DRAWS = 200
"""Resamplings of the stars behind an error."""

AT_CAP = 0.99
"""Scatter, in normalised units, from which the sigmoid of the capped head counts as exhausted."""

Parts = list[dict[str, np.ndarray]]


def parts(
    files: Iterable[Mapping[str, np.ndarray]],
    stars: Mapping[str, np.ndarray],
    most: int | None,
    seed: int,
) -> tuple[Parts, np.ndarray, np.ndarray]:
    """
    Training, validation and test stars, standardised.

    Args:
        files: arrays of `prepare.spectra.spectra`, file by file.
        stars: source_id and split.
        most: training stars that are used, drawn at random; None for all.
        seed: of that draw.

    Returns:
        `x`, `error`, `source_id` and, where all files have them, `correlation` of each part; mean
        and standard deviation of each normalised coefficient.
    """
    files = list(files)
    full = all("bp_correlations" in arrays for arrays in files)
    arrays = stack([{name: arrays[name] for name in names(full)} for arrays in files])
    given, correlation = inputs(arrays, full)
    split = stars["split"][rows_of(arrays["source_id"], stars["source_id"])]
    ready, good, mean, std, _ = vae.prepare(**given, training=split == TRAINING)
    ready["source_id"] = arrays["source_id"][good]
    if full:
        ready["correlation"] = correlation[good]
    rows = [np.flatnonzero(split[good] == part) for part in SETS]
    rows[0] = np.random.default_rng(seed).permutation(rows[0])[:most]
    return [{name: values[i] for name, values in ready.items()} for i in rows], mean, std


def trained(
    seen: Mapping[str, np.ndarray],
    unseen: Mapping[str, np.ndarray],
    architecture: vae.Architecture,
    members: int,
    folder: str | Path,
    **given: object,
) -> dict[str, list[vae.Model]]:
    """
    The variants.

    Args:
        seen: training stars of `parts`.
        unseen: validation stars.
        architecture: of the networks.
        members: networks of the ensemble, two or more.
        folder: where each variant has its folder of checkpoints.
        given: what `training.scatter_vae.train` takes besides.

    Returns:
        `ensemble` (diagonal errors, capped scatter), `free` scatter, and `full` covariances where
        the stars have correlations: lists of models.
    """
    plain = replace(architecture, likelihood="diagonal", scatter="capped")
    several = functools.partial(vae.train_ensemble, members=members)

    def models(name, train, architecture):
        wanted = ("x", "error", "correlation")[: 3 if name == "full" else 2]
        stars = ({key: part[key] for key in wanted} for part in (seen, unseen))
        where = Path(folder) / name
        return train(*stars, architecture=architecture, folder=where, **given)[0]

    found = {
        "ensemble": models("ensemble", several, plain),
        "free": [models("free", vae.train, replace(plain, scatter="free"))],
    }
    if "correlation" in seen:
        found["full"] = [models("full", vae.train, replace(plain, likelihood="full"))]
    return found


def scored(
    models: Mapping[str, list[vae.Model]], stars: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """
    What the variants say of stars.

    Args:
        models: of `trained`.
        stars: of `parts`.

    Returns:
        Log likelihoods of each star [nat], given its latent mean: `members` (n_star, n_member)
        and `free` with independent errors; `full_of_full` and `full_of_diagonal`, the networks
        trained with the full and with the diagonal likelihood judged by the full covariance; and
        `capped`, the share of the coefficients whose capped scatter is exhausted.
    """
    members = [vae.predict(model, stars, spectra=True) for model in models["ensemble"]]
    found = {
        "source_id": stars["source_id"],
        "members": np.stack([one["log_likelihood"] for one in members], axis=1),
        "free": vae.predict(models["free"][0], stars)["log_likelihood"],
        "capped": (members[0]["scatter"] > AT_CAP).mean(axis=1),
    }
    if "full" in models:
        first = models["ensemble"][0]
        judged = replace(first, architecture=replace(first.architecture, likelihood="full"))
        found["full_of_diagonal"] = vae.predict(judged, stars)["log_likelihood"]
        found["full_of_full"] = vae.predict(models["full"][0], stars)["log_likelihood"]
    return found


def ensemble(
    members: Float[np.ndarray, "n_star n_member"],
) -> Float[np.ndarray, " n_star"]:
    """Log likelihood of each star under the even mixture of the members [nat]."""
    return logsumexp(members, axis=1) - np.log(members.shape[1])


def numbers(table: Mapping[str, np.ndarray], seed: int) -> list[Number]:
    """
    Differences of mean log likelihoods over the test stars.

    Args:
        table: of `scored`.
        seed: of the resampling.
    """
    members = table["members"]
    asked = {
        "variant_diagonal": (members[:, 0], "nat", "mean log likelihood of test stars, errors "
            "independent, by a network trained so with a capped scatter"),
        "variant_free_gain": (table["free"] - members[:, 0], "nat", "mean log likelihood of test "
            "stars with a scatter without cap minus that with the cap"),
        "variant_at_cap": (100 * table["capped"], "percent", "coefficients of test stars whose "
            f"capped scatter is above {AT_CAP}"),
        "variant_ensemble_gain": (ensemble(members) - members.mean(axis=1), "nat", "mean log "
            f"likelihood of test stars by the mixture of {members.shape[1]} networks minus the "
            "mean of the single ones"),
    }  # fmt: skip
    if "full_of_full" in table:
        gain = table["full_of_full"] - table["full_of_diagonal"]
        asked["variant_full"] = (table["full_of_full"], "nat", "mean log likelihood of test stars, "
            "full covariances, by a network trained with them")  # fmt: skip
        asked["variant_full_gain"] = (gain, "nat", "mean log likelihood of test stars "
            "by a network trained with full covariances minus that by one trained with independent "
            "errors, both judged by the full covariances")  # fmt: skip
    found = []
    for name, (values, unit, text) in asked.items():
        error = bootstrap_error(np.mean, values, seed=seed, draws=DRAWS)
        number = (f"xpvae.{name}", STUDY, float(np.mean(values)), unit, text, error)
        found.append(Number(*number, len(values)))
    single = members.mean(axis=0)
    text = f"standard deviation over {len(single)} seeds of the mean log likelihood of test stars"
    spread = float(single.std(ddof=1))
    error = spread / np.sqrt(2 * (len(single) - 1))
    found.append(
        Number("xpvae.variant_seed_spread", STUDY, spread, "nat", text, error, len(members))
    )
    return found
