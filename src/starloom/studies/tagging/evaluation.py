"""All that the test pairs say of a variant: scores for each seed, and what figures need."""

from collections.abc import Mapping, Sequence

import numpy as np

from starloom.studies.tagging import abundances, scores
from starloom.studies.tagging.library import ABUNDANCES, label
from starloom.studies.tagging.model import Tagger, encode, recast
from starloom.studies.tagging.spectra import noisy

TRAINING_STARS = 8000
"""Training stars whose latents fit the whitening and the linear abundances, at most."""

EXAMPLES = (90, 10)
"""Percentiles of [Fe/H] of the pairs that figures of recast spectra show."""


APART = 300.0
"""Least difference of Teff [K] of the twins shown."""


def name(snr: float) -> str:
    """`snr100`, or `snrinf`."""
    return f"snr{snr:.0f}" if np.isfinite(snr) else "snrinf"


def evaluate(
    taggers: Sequence[Tagger],
    train: Mapping[str, np.ndarray],
    test: Mapping[str, np.ndarray],
    *,
    size: int,
    snr: Sequence[float],
    seed: int,
    networks: Mapping | None = None,
) -> tuple[dict, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """
    Score the trainings of a variant on the test pairs.

    Args:
        taggers: one for each seed.
        train: the training part of the library.
        test: the test part.
        size: pixels in a bin.
        snr: signal to noise of a pixel, beside none.
        seed: of noise and random pairs.
        networks: `widths` and `training` of the networks that read abundances from the first
            tagger's latent; None leaves them out.

    Returns:
        Scores by name, a list over the seeds for each SNR and for `recast`, and `independence`
        and `rmse` of the first seed; a table of the pairs (first seed): their doppelgangers,
        distances and abundances; and recast spectra of two pairs.
    """
    levels = (np.inf, *snr)
    found = {name(level): [] for level in levels} | {"recast": []}
    table: dict[str, np.ndarray] = {}
    few = {key: values[:TRAINING_STARS] for key, values in train.items()}
    for number, tagger in enumerate(taggers):
        u, known = tagger.u(test)[0], tagger.u(few)[0]
        for level in levels:
            stream = [seed, int(min(level, 1e6))]
            z = encode(tagger, noisy(test["flux"], level, size, [*stream, 0]), u)
            learned = encode(tagger, noisy(few["flux"], level, size, [*stream, 1]), known)
            counts, score = scores.recovery(z, tagger.metric)
            white = scores.recovery(z @ scores.whitening(learned))[1]
            score |= {f"white_{key}": value for key, value in white.items()}
            apart, closeness = scores.distances(z, seed)
            found[name(level)].append(score | closeness)
            if number == 0:
                table |= _columns(name(level), counts, apart)
            if not np.isfinite(level):
                back = recast(tagger, noisy(test["flux"], level, size, [0]), u, _twin(u))
                found["recast"].append(scores.residuals(back, _twin(test["flux"]), test["teff"]))
                if number == 0:
                    found["independence"] = scores.independence(z, u, tagger.remove, seed)
                    guess = _abundances(learned, few, z, networks, seed)
                    found["rmse"], columns = _rmse(guess, test)
                    table |= columns
                    examples = _examples(back, test)
    about = {"n": len(test["flux"]), "elements": list(ABUNDANCES)}
    return found | about, table, examples


def _twin(values):
    return np.asarray(values)[scores.partners(len(values))]


def _columns(level, counts, apart):
    """Columns of the pairs' table; as many random pairs as twins."""
    n_pair = len(apart["twins"])
    return {
        f"doppelgangers_{level}": counts.reshape(-1, 2),
        f"twin_distance_{level}": apart["twins"],
        f"random_distance_{level}": apart["random"][:n_pair],
    }


def _abundances(z, stars, new, networks, seed):
    guess = {"linear": scores.linear_abundances(z, stars, new)}
    if networks:
        choices = {key: networks[key] for key in ("widths", "training")}
        guess["nonlinear"] = abundances.nonlinear(z, stars, new, **choices, seed=seed)
    return guess


def _rmse(guess, stars):
    """RMSE [dex] by kind and element, and the first star of each pair for the figure."""
    truth = np.stack([stars[label(element)] for element in ABUNDANCES], axis=1)
    columns = {"true": truth[::2].astype(np.float32)}
    rmse = {}
    for kind, values in guess.items():
        error = np.sqrt(np.square(values - truth).mean(axis=0))
        rmse[kind] = dict(zip(ABUNDANCES, error.tolist(), strict=True))
        columns[kind] = values[::2].astype(np.float32)
    return rmse, columns


def _examples(back, stars):
    """A metal-rich and a metal-poor pair: both spectra, and the first recast to the second."""
    apart = np.abs(stars["teff"][::2] - stars["teff"][1::2])
    far = np.flatnonzero(apart >= min(APART, np.median(apart)))
    order = far[np.argsort(stars["fe_h"][::2][far], kind="stable")]
    chosen = 2 * order[[int(p / 100 * (len(order) - 1)) for p in EXAMPLES]]
    return {
        "first": stars["flux"][chosen],
        "second": stars["flux"][chosen + 1],
        "recast": back[chosen].astype(np.float32),
        "teff": np.stack([stars["teff"][chosen], stars["teff"][chosen + 1]], axis=1),
        "logg": np.stack([stars["logg"][chosen], stars["logg"][chosen + 1]], axis=1),
        "fe_h": stars["fe_h"][chosen],
    }
