"""Labels of stars with their errors, by dropout or by an ensemble."""

from collections.abc import Mapping
from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float

from starloom.columns import LABEL_FLAGS
from starloom.models import uncertain as network
from starloom.models.chunks import in_chunks
from starloom.studies.labels.inputs import LABELS, constants, predictable, ratios, standardise
from starloom.studies.labels.model import Model, unpacked, visible
from starloom.studies.labels.range import beyond, compared, extreme

PASSES = 50
"""Passes with dropout."""

TOGETHER = 64
"""Stars whose passes are computed together; it divides the chunks that stars come in."""

PARTS = ("model", "input", "excess")
"""Variances that add up to the total one."""


def predict(
    model: Model, stars: Mapping[str, np.ndarray], *, passes: int = PASSES
) -> dict[str, Float[np.ndarray, "n_star n_label"]]:
    """
    Labels and errors of stars.

    Args:
        model: a trained model.
        stars: of `inputs.standardise` with this model's scaling.
        passes: with dropout, of a single network.

    Returns:
        `value` [K, dex], median of the passes or mean of an ensemble; `model`, `input`, `excess`
        errors [K, dex], recalibrated; `sigma`, their sum in quadrature.

    References:
        Fallows & Sanders (2024), Eq. 11; for the ensemble Lakshminarayanan et al. (2017).
    """
    given = visible(stars, model.architecture)
    weights = {"params": model.params, **constants(model.scaling)}
    ensemble = model.architecture.members is not None
    found = in_chunks(_ensemble if ensemble else partial(by_dropout, passes=passes), weights, given)
    scaling = model.scaling
    unit = scaling.y_std * model.sigma_scale
    parts = {part: np.sqrt(found[part].astype(float)) * unit for part in PARTS}
    return {
        "value": found["mean"] * scaling.y_std + scaling.y_mean,
        "sigma": np.sqrt(sum(np.square(values) for values in parts.values())),
        **parts,
    }


def predict_stars(
    model: Model,
    arrays: Mapping[str, np.ndarray],
    photometry: Mapping[str, np.ndarray],
    zero_point: bool = True,
) -> dict[str, np.ndarray]:
    """
    Columns of the catalogue for stars as they come.

    Args:
        model: a trained model.
        arrays: of `prepare.spectra`.
        photometry: columns of `prepare.stars` on the same rows.
        zero_point: as the model was trained.

    Returns:
        Columns of `columns.STELLAR_LABELS`, one row a star in the order given; NaN where there is
        no prediction, and label_flag says why.
    """
    raw, flag = ratios(arrays, photometry, zero_point)
    good = predictable(flag)
    columns = {"source_id": arrays["source_id"], "a_v_rjce": raw["a_v"].astype(np.float32)}
    blank = np.full(len(good), np.nan, np.float32)
    names = [f"{n}_xp" for n in LABELS] + [f"e_{n}_{p}" for n in LABELS for p in ("xp", *PARTS)]
    columns |= {name: blank.copy() for name in (*names, "distance_rank")}
    if good.any():
        stars = standardise({name: values[good] for name, values in raw.items()}, model.scaling)
        found = predict(model, stars)
        rank, far, noisy = compared(stars, model.scaling, model.reference)
        far |= beyond(found["value"], model.reference)
        columns["distance_rank"][good] = rank
        for index, name in enumerate(LABELS):
            columns[f"{name}_xp"][good] = found["value"][:, index]
            columns[f"e_{name}_xp"][good] = found["sigma"][:, index]
            for part in PARTS:
                columns[f"e_{name}_{part}"][good] = found[part][:, index]
        flag[good] |= np.where(far, LABEL_FLAGS["out_of_range"].mask, 0).astype(np.int32)
        outermost = extreme(stars, model.reference)
        flag[good] |= np.where(outermost, LABEL_FLAGS["extreme_teff"].mask, 0).astype(np.int32)
        flag[good] |= np.where(noisy, LABEL_FLAGS["large_errors"].mask, 0).astype(np.int32)
    return columns | {"label_flag": flag}


@partial(jax.jit, static_argnames=("passes", "each_input"))
def by_dropout(
    weights: Mapping, stars: Mapping[str, Array], passes: int = PASSES, each_input: bool = False
) -> dict[str, Array]:
    """
    Many passes of a single network, standardised; see `models.uncertain.dropout_passes`.

    Args:
        weights: `params` of the network, and `inputs.constants`.
        stars: of `inputs.standardise`, a multiple of `TOGETHER` or fewer.
        passes: how many.
        each_input: whether the variance from the inputs is taken in each pass.
    """
    fixed = {name: weights[name] for name in ("to_input", "to_colour")}

    def some(part):
        return network.dropout_passes(
            weights["params"], unpacked({**part, **fixed}), passes, each_input
        )

    # All passes of a few stars stay in the caches of a CPU.
    n_star = len(stars["x"])
    few = n_star // max(n_star // TOGETHER, 1)
    blocks = jax.tree.map(lambda a: a.reshape(-1, few, *a.shape[1:]), stars)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), jax.lax.map(some, blocks))


@jax.jit
def _ensemble(weights, stars):
    fixed = {name: weights[name] for name in ("to_input", "to_colour")}
    one = partial(network.predict_with_input, stars=unpacked({**stars, **fixed}))
    mean, excess, given = jax.lax.map(one, weights["params"])
    return {
        "mean": mean.mean(axis=0),
        "model": mean.var(axis=0, ddof=1),
        "input": given.mean(axis=0),
        "excess": excess.mean(axis=0),
    }
