"""
A random forest that knows the errors of what it learns from, and of what it is asked.

Each tree sees a bootstrap sample whose inputs and targets are moved by their own errors, so that
the spread of the trees tells how uncertain a prediction is. Trees are kept as plain arrays.

Trees cut along the inputs, and a slope that lies across several of them takes many stars to learn:
a forest with a `lead` has a quadratic form of its inputs as one input more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.tree import DecisionTreeRegressor
from sklearn.tree._tree import NODE_DTYPE, Tree

from starloom.models.quadratic import Quadratic, fit_quadratic, value

NODE_FIELDS = tuple(NODE_DTYPE.names)


@dataclass(frozen=True)
class Forest:
    """
    Trees, and the line that takes their bias away.

    Args:
        trees: scikit-learn's compiled trees.
        n_input: inputs of a star.
        slope: of the correction, target = offset + slope * mean of the trees.
        offset: of the correction.
        lead: form of the inputs that the trees read as their last input; None for none.
    """

    trees: Sequence[Tree]
    n_input: int
    slope: float
    offset: float
    lead: Quadratic | None = None


def grow(
    inputs: Float[np.ndarray, "n_star n_input"],
    target: Float[np.ndarray, " n_star"],
    *,
    seed: int,
    input_sigma: Float[np.ndarray, "n_star n_input"] | None = None,
    target_sigma: Float[np.ndarray, " n_star"] | None = None,
    trees: int = 100,
    leaf: int = 5,
    lead: bool = False,
) -> Forest:
    """
    Grow a forest; inputs and targets are moved by their errors once for each tree.

    Args:
        inputs: of the stars to learn from, without NaN.
        target: what to predict.
        seed: of everything random.
        input_sigma: errors of the inputs; none by default.
        target_sigma: errors of the targets, whose inverse squares weigh the stars; none by
            default.
        trees: how many.
        leaf: fewest stars in a leaf.
        lead: give the trees a quadratic form of the inputs too, fitted to the target; it is not
            moved.

    Returns:
        The forest, with a correction for the bias of its means, from out-of-bag stars.

    Raises:
        ValueError: if there are fewer than 2 stars, or a value is not finite; the message says
            how many stars have one.

    References:
        Leung et al. (2023), Sec. 3.2; Breiman (2001), Machine Learning 45, 5; Zhang & Lu (2012),
        J. Appl. Stat. 39, 151: the correction.
    """
    inputs, target = np.asarray(inputs, np.float64), np.asarray(target, np.float64)
    bad = ~(np.isfinite(inputs).all(axis=1) & np.isfinite(target))
    if bad.any() or len(target) < 2:
        raise ValueError(
            f"a forest of {len(target)} stars, {bad.sum()} of them with a value not finite: "
            "give two stars or more and drop the others before"
        )
    random, n_star = np.random.default_rng(seed), len(target)
    spread = np.zeros_like(inputs) if input_sigma is None else np.nan_to_num(input_sigma)
    error = np.zeros(n_star) if target_sigma is None else np.asarray(target_sigma, float)
    weight = np.ones(n_star) if target_sigma is None else 1 / np.square(error)
    n_input, form = inputs.shape[1], fit_quadratic(inputs, target, weight) if lead else None
    inputs, spread = _led(form, inputs), np.pad(spread, ((0, 0), (0, int(lead))))
    grown, total, count = [], np.zeros(n_star), np.zeros(n_star)
    for _ in range(trees):
        rows = random.integers(0, n_star, n_star)
        moved = (inputs[rows] + spread[rows] * random.normal(size=inputs.shape)).astype(np.float32)
        goal = target[rows] + error[rows] * random.normal(size=n_star)
        model = DecisionTreeRegressor(min_samples_leaf=leaf, random_state=0)
        tree = model.fit(moved, goal, sample_weight=weight[rows], check_input=False).tree_
        grown.append(tree)
        out = np.bincount(rows, minlength=n_star) == 0
        total[out] += tree.predict(inputs[out].astype(np.float32))[:, 0]
        count += out
    slope, offset = _unbiased(total / np.maximum(count, 1), target, weight * (count > 0))
    return Forest(grown, n_input, slope, offset, form)


def _led(form, inputs):
    return inputs if form is None else np.column_stack([inputs, value(form, inputs)])


def predict(
    forest: Forest, inputs: Float[np.ndarray, "n_star n_input"]
) -> tuple[Float[np.ndarray, " n_star"], Float[np.ndarray, " n_star"]]:
    """
    Mean of the trees with the bias taken away, and their standard deviation.

    Args:
        forest: of `grow`.
        inputs: of the stars; a star with a NaN gets NaN.

    Returns:
        Predictions and errors, in the unit of the target.

    Raises:
        ValueError: if the stars do not have the forest's number of inputs.
    """
    inputs = np.asarray(inputs)
    if inputs.ndim != 2 or inputs.shape[1] != forest.n_input:
        raise ValueError(
            f"inputs of shape {inputs.shape}; the forest takes {forest.n_input} a star"
        )
    good = np.isfinite(inputs).all(axis=1)
    given = np.ascontiguousarray(_led(forest.lead, inputs[good]), np.float32)
    # Stars of the same leaves, one after the other, take the same branches: twice as fast.
    order = np.lexsort([tree.apply(given) for tree in forest.trees[:3]])
    given = given[order]
    total, square = np.zeros(len(given)), np.zeros(len(given))
    for tree in forest.trees:
        values = tree.predict(given)[:, 0]
        total += values
        square += np.square(values)
    mean = total / len(forest.trees)
    variance = np.maximum(square / len(forest.trees) - np.square(mean), 0)
    result = np.full((2, len(inputs)), np.nan)
    rows = np.flatnonzero(good)[order]
    result[0, rows] = forest.offset + forest.slope * mean
    result[1, rows] = forest.slope * np.sqrt(variance)
    return result[0], result[1]


def to_arrays(forest: Forest) -> dict[str, np.ndarray]:
    """The forest as plain arrays: the nodes of all trees one after the other, and the line."""
    nodes = [tree.__getstate__()["nodes"] for tree in forest.trees]
    arrays = {name: np.concatenate([part[name] for part in nodes]) for name in NODE_FIELDS}
    if forest.lead is not None:
        arrays |= {f"lead_{name}": part for name, part in vars(forest.lead).items()}
    return arrays | {
        "value": np.concatenate([tree.value[:, 0, 0] for tree in forest.trees]),
        "count": np.array([tree.node_count for tree in forest.trees]),
        "depth": np.array([tree.max_depth for tree in forest.trees]),
        "n_input": np.array(forest.n_input),
        "line": np.array([forest.slope, forest.offset]),
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> Forest:
    """
    The forest that `to_arrays` wrote.

    Raises:
        KeyError: if an array is missing.
    """
    trees, start, n_input = [], 0, int(arrays["n_input"])
    led = "lead_terms" in arrays
    form = Quadratic(*(arrays[f"lead_{n}"] for n in ("centre", "scale", "terms"))) if led else None
    for count, depth in zip(arrays["count"], arrays["depth"], strict=True):
        part = slice(start, start + count)
        nodes = np.zeros(count, NODE_DTYPE)
        for name in NODE_FIELDS:
            nodes[name] = arrays[name][part]
        tree = Tree(n_input + (form is not None), np.array([1], np.intp), 1)
        values = np.ascontiguousarray(arrays["value"][part, None, None])
        tree.__setstate__(
            {"max_depth": int(depth), "node_count": int(count), "nodes": nodes, "values": values}
        )
        trees.append(tree)
        start += count
    return Forest(trees, n_input, *(float(number) for number in arrays["line"]), form)


def _unbiased(mean, target, weight):
    """Weighted line from out-of-bag means to targets, never steeper than 2 or flatter than 1."""
    centre, goal = (np.average(values, weights=weight) for values in (mean, target))
    spread = np.average(np.square(mean - centre), weights=weight)
    together = np.average((mean - centre) * (target - goal), weights=weight)
    slope = float(np.clip(together / spread, 1.0, 2.0)) if spread > 0 else 1.0
    return slope, float(goal - slope * centre)
