"""The comparison with Leung & Bovy (2023): a transformer on tokens of coefficients and colours."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from starloom.models.transformer import CONTEXT
from starloom.prepare.colours import COLOURS, FROM_SOURCES
from starloom.studies.labels.inputs import LABELS
from starloom.studies.labels.sample import Sample
from starloom.training import token_transformer as tokens
from starloom.training.fit import Settings


def values(stars: Sample, context: int = CONTEXT) -> tuple[Float[np.ndarray, "n_star n_kind"], ...]:
    """
    What the transformer reads and is asked for: ratios of low order, colours, then the labels.

    Args:
        stars: of the study.
        context: tokens to read: the colours, and as many of the first ratios of BP and of RP as
            there is room for.

    Returns:
        Values and errors; NaN where missing.
    """
    ratio = stars.raw["ratio"]
    n_band = (ratio.shape[1] + 1) // 2
    n_bp = min(n_band, (context - len(COLOURS)) // 2)
    n_rp = min(n_band - 1, context - len(COLOURS) - n_bp)
    chosen = [*range(n_bp), *range(n_band, n_band + n_rp)]
    error = np.delete(stars.raw["error"], n_band, axis=1)
    colour_error = np.sqrt(np.square(stars.raw["band_error"]) @ np.square(FROM_SOURCES).T)
    value = [ratio[:, chosen], stars.raw["colour"], stars.labels["value"]]
    error = [error[:, chosen], colour_error, stars.labels["error"]]
    return np.concatenate(value, axis=1), np.concatenate(error, axis=1)


def answers(
    training: Sample,
    validation: Sample,
    new: Sample,
    *,
    context: int = CONTEXT,
    settings: Settings,
    seed: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
    **sizes: int,
) -> tuple[Float[np.ndarray, "n_new n_label"], Float[np.ndarray, "n_new n_label"]]:
    """
    Train a transformer and ask it for the labels of new stars.

    Args:
        training: stars.
        validation: stars that choose the epoch.
        new: stars to predict.
        context: tokens to read.
        settings: of the training.
        seed: of everything random.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others.
        sizes: of the network: `width`, `heads`, `encoder`, `decoder`, `requests`.

    Returns:
        Labels and their errors [K, dex].

    References:
        Leung & Bovy (2023); there it learns from APOGEE's stars to answer any kind, as here.
    """
    parts = [values(part, context) for part in (training, validation)]
    seen = np.repeat([True, False], [len(part[0]) for part in parts])
    stars, mean, std = tokens.prepare(*map(np.concatenate, zip(*parts, strict=True)), seen)
    ready = [{k: v[rows] for k, v in stars.items()} for rows in (seen, ~seen)]
    inputs, labels = np.split(np.arange(len(mean)), [-len(LABELS)])
    architecture = tokens.Architecture(
        {"inputs": inputs.tolist(), "labels": labels.tolist()}, **sizes
    )
    choices = {"mean": mean, "std": std, "architecture": architecture, "settings": settings}
    model, _ = tokens.train(*ready, **choices, seed=seed, folder=folder, identity=identity)
    return tokens.predict(model, values(new, context)[0][:, inputs], inputs, labels)
