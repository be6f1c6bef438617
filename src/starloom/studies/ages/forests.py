"""Forests from the latent space to ages, seismology, abundances and evolutionary state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from starloom.models.forest import Forest, from_arrays, grow, predict, to_arrays
from starloom.prepare.seismic import CLUMP
from starloom.prepare.split import TRAINING, VALIDATION
from starloom.separation import excess_dnu
from starloom.training.calibration import width_scale

Table = Mapping[str, np.ndarray]

AGE_INPUTS = {
    "fiducial": ("latent", "teff", "fe_h"),
    "z_only": ("latent",),
    "z_teff": ("latent", "teff"),
    "z_feh": ("latent", "fe_h"),
    "z_teff_feh_alpha": ("latent", "teff", "fe_h", "alpha_m"),
    "surface": ("teff", "logg", "fe_h"),
    "labels": ("teff", "logg", "fe_h", "c_fe", "n_fe"),
    "spectrum": ("components",),
}
"""What each forest for the age reads; the last three know no latent space."""

TARGETS = ("log_numax", "log_dnu", "excess_dnu", "clump", "teff", "fe_h", "alpha_m", "n_h", "c_n")
"""What forests predict from the latent alone."""

LABELS = ("teff", "logg", "fe_h", "alpha_m", "c_fe", "n_fe")


@dataclass(frozen=True)
class Forests:
    """
    Forests by name (`age/fiducial`, `log_numax`, ...), one for each member of the ensemble.

    Args:
        forests: by name, by member; forests that know no latent space have one.
        age_scale: factor on the errors of log age, from validation stars.
    """

    forests: Mapping[str, Sequence[Forest]]
    age_scale: float


def targets(stars: Table) -> dict[str, np.ndarray]:
    """The quantities of `TARGETS` as measured, NaN where unknown."""
    with np.errstate(invalid="ignore"):
        return {
            "log_numax": np.log(stars["numax"]),
            "log_dnu": np.log(stars["dnu"]),
            "excess_dnu": excess_dnu(stars["numax"], stars["dnu"]),
            "clump": np.where(stars["state"] == 0, np.nan, stars["state"] == CLUMP),
            "teff": stars["teff"],
            "fe_h": stars["fe_h"],
            "alpha_m": stars["alpha_m"],
            "n_h": stars["n_fe"] + stars["fe_h"],
            "c_n": stars["c_fe"] - stars["n_fe"],
        }


def inputs_of(names: Sequence[str], stars: Table, member: int) -> tuple[np.ndarray, np.ndarray]:
    """
    Inputs of a forest and their errors, side by side.

    Args:
        names: `latent`, `components` or labels of APOGEE.
        stars: `latent_mean`, `latent_sigma` (n_star, n_member, n_latent), `components`
            (n_star, n_component), labels and their `_err` [K, dex].
        member: whose latent.

    Returns:
        Inputs and errors (n_star, n_input).
    """
    columns, errors = [], []
    for name in names:
        if name == "latent":
            columns.append(stars["latent_mean"][:, member])
            errors.append(stars["latent_sigma"][:, member])
        elif name == "components":
            columns.append(stars["components"])
            errors.append(np.zeros_like(stars["components"]))
        else:
            columns.append(stars[name][:, None])
            errors.append(np.nan_to_num(stars[f"{name}_err"])[:, None])
    return np.concatenate(columns, axis=1), np.concatenate(errors, axis=1)


def grow_all(stars: Table, *, seed: int, trees: int, leaf: int, lead: bool) -> Forests:
    """
    Grow every forest on the training stars, and calibrate the age's errors on validation stars.

    Args:
        stars: of pairs: what `inputs_of` and `targets` take, log_age with `_err`, split.
        seed: of everything random.
        trees: in a forest.
        leaf: fewest stars in a leaf.
        lead: give the trees a quadratic form of their inputs too.

    Returns:
        The forests; those with fewer than two training stars are left out.
    """
    members = stars["latent_mean"].shape[1]
    training = stars["split"] == TRAINING
    grown = {}

    def one(name, inputs, target, sigma, count):
        members_of = []
        for member in range(count):
            x, error = inputs_of(inputs, stars, member)
            good = training & np.isfinite(x).all(axis=1) & np.isfinite(target)
            good &= np.isfinite(sigma) if sigma is not None else good
            if good.sum() < 2:
                return
            given = {"input_sigma": error[good], "trees": trees, "leaf": leaf, "lead": lead}
            given["target_sigma"] = None if sigma is None else sigma[good]
            members_of.append(grow(x[good], target[good], seed=seed + member, **given))
        grown[name] = members_of

    for name, inputs in AGE_INPUTS.items():
        count = members if "latent" in inputs else 1
        one(f"age/{name}", inputs, stars["log_age"], stars["log_age_err"], count)
    for name, target in targets(stars).items():
        one(name, ("latent",), target, None, members)
    forests = Forests(grown, 1.0)
    return Forests(grown, _age_scale(forests, stars))


def _age_scale(forests, stars):
    """From validation stars, which no network and no forest learned from."""
    held = (stars["split"] == VALIDATION) & np.isfinite(stars["log_age"])
    if "age/fiducial" not in forests.forests or held.sum() < 10:
        return 1.0
    some = {name: values[held] for name, values in stars.items()}
    value, sigma = predict_one(forests, "age/fiducial", AGE_INPUTS["fiducial"], some)
    own = np.square(some["log_age_err"])
    return width_scale(value - some["log_age"], np.square(sigma), own)


def predict_one(
    forests: Forests, name: str, inputs: Sequence[str], stars: Table
) -> tuple[np.ndarray, np.ndarray]:
    """
    Mean of a forest's members, and its error from the trees and from member to member.

    Returns:
        Predictions and errors; NaN where an input is.
    """
    found = [
        predict(forest, inputs_of(inputs, stars, member)[0])
        for member, forest in enumerate(forests.forests[name])
    ]
    values, sigmas = (np.stack(part) for part in zip(*found, strict=True))
    return values.mean(axis=0), np.sqrt(np.square(sigmas).mean(axis=0) + values.var(axis=0))


def predict_all(
    forests: Forests, stars: Table, names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """
    What the forests say of stars.

    Args:
        forests: of `grow_all`.
        stars: what `inputs_of` takes.
        names: of forests; all by default.

    Returns:
        `age_{inputs}` and `predicted_{target}`, each with `_err`; errors of log age are
        calibrated.
    """
    result = {}
    for name in names or forests.forests:
        if name not in forests.forests:
            continue
        kind, _, which = name.partition("/")
        inputs = AGE_INPUTS[which] if kind == "age" else ("latent",)
        value, sigma = predict_one(forests, name, inputs, stars)
        key = f"age_{which}" if kind == "age" else f"predicted_{name}"
        result[key] = value
        result[f"{key}_err"] = sigma * (forests.age_scale if kind == "age" else 1.0)
    return result


def to_model(forests: Forests) -> dict[str, np.ndarray]:
    """The forests as plain arrays by `name/member/array`."""
    arrays = {
        f"{name}/{member}/{key}": values
        for name, members in forests.forests.items()
        for member, forest in enumerate(members)
        for key, values in to_arrays(forest).items()
    }
    return arrays | {"age_scale": np.array(forests.age_scale)}


def from_model(arrays: Mapping[str, np.ndarray]) -> Forests:
    """The forests that `to_model` wrote; what else lies beside them is left out."""
    parts: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for path, values in arrays.items():
        if "/" in path:
            name, member, key = path.rsplit("/", 2)
            parts.setdefault(name, {}).setdefault(int(member), {})[key] = values
    forests = {
        name: [from_arrays(members[index]) for index in sorted(members)]
        for name, members in parts.items()
    }
    return Forests(forests, float(arrays["age_scale"]))
