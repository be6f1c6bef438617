"""
The twin library: pairs of giants that share their abundances and differ in Teff and log g.

de Mijolla et al. (2021), Sec. 4.1. Star 2 k and star 2 k + 1 are the pair k.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from jaxtyping import Float

ABUNDANCES = {
    "Fe": (-0.13, 0.24), "N": (0.28, 0.11), "O": (0.03, 0.08), "Na": (-0.05, 0.38),
    "Mg": (0.06, 0.08), "Al": (0.07, 0.09), "Si": (0.05, 0.07), "S": (0.05, 0.07),
    "K": (0.04, 0.07), "Ca": (0.02, 0.04), "Ti": (-0.01, 0.06), "V": (-0.01, 0.11),
    "Mn": (-0.04, 0.07), "Ni": (0.02, 0.04), "P": (-0.04, 0.18), "Cr": (-0.01, 0.06),
    "Co": (0.0, 0.15), "Rb": (-0.03, 0.29),
}  # fmt: skip
"""Mean and standard deviation [dex] of [Fe/H], and of [X/Fe] of the other elements (Table 2)."""

TEFF, LOGG = (4000.0, 5000.0), (1.5, 3.0)
"""Ranges [K, dex] of the stars (Table 1)."""

PARTS = ("train", "test")
BATCH = 64
"""Stars that an engine synthesises together."""

Engine = Callable[
    [Float[np.ndarray, " n_star"], Float[np.ndarray, " n_star"], Float[np.ndarray, "n_star 18"]],
    Float[np.ndarray, "n_star n_pixel"],
]


def label(element: str) -> str:
    """Name of an element's column: `fe_h`, or `mg_fe`."""
    return "fe_h" if element == "Fe" else f"{element.lower()}_fe"


LABELS = ("teff", "logg", *(label(element) for element in ABUNDANCES))


def draw_pairs(n_pair: int, part: str, seed: int) -> dict[str, np.ndarray]:
    """
    Labels of the stars of a part of the library; a longer part starts with the same pairs.

    Args:
        n_pair: pairs.
        part: `train` or `test`, which share no random numbers.
        seed: of the library.

    Returns:
        `pair`, and `LABELS`: teff [K], logg, fe_h and <element>_fe [dex], one row a star.

    References:
        de Mijolla et al. (2021), Tables 1 and 2.
    """
    stream = [seed, PARTS.index(part)]

    def uniform(number, low, high):
        return np.random.default_rng([*stream, number]).uniform(low, high, (n_pair, 2)).ravel()

    columns = {
        "pair": np.repeat(np.arange(n_pair), 2),
        "teff": uniform(0, *TEFF),
        "logg": uniform(1, *LOGG),
    }
    for number, (element, (mean, std)) in enumerate(ABUNDANCES.items(), start=2):
        values = np.random.default_rng([*stream, number]).normal(mean, std, n_pair)
        columns[label(element)] = np.repeat(values, 2)
    return columns


def synthesise(
    stars: Mapping[str, np.ndarray], engine: Engine, chunk: int = 1024
) -> Iterator[dict[str, np.ndarray]]:
    """
    Spectra of the stars, some at a time, so that memory does not grow with their number.

    Args:
        stars: columns of `draw_pairs`.
        engine: synthesises some stars; see `engines`.
        chunk: stars that are yielded together.

    Yields:
        The stars' columns and their `flux` over the continuum, float32.
    """
    n_star = len(stars["teff"])
    for start in range(0, n_star, chunk):
        part = {name: values[start : start + chunk] for name, values in stars.items()}
        abundance = np.stack([part[label(element)] for element in ABUNDANCES], axis=1)
        flux = engine(part["teff"], part["logg"], abundance)
        yield part | {"flux": np.asarray(flux, np.float32)}


def whole_pairs(
    library: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], int]:
    """
    The pairs of which every value is finite.

    Args:
        library: `flux` and the columns of `draw_pairs`.

    Returns:
        Their columns, and how many pairs were left out.

    Raises:
        ValueError: if the stars do not come in pairs, or fewer than two pairs are left.
    """
    pair = np.asarray(library["pair"])
    if len(pair) % 2 or (pair[::2] != pair[1::2]).any():
        raise ValueError("the stars of the library must come in pairs, one after the other")
    good = np.isfinite(library["flux"]).all(axis=1)
    for name in LABELS:
        good &= np.isfinite(library[name])
    good = np.repeat(good[::2] & good[1::2], 2)
    lost = int((~good).sum()) // 2
    if good.sum() < 4:
        raise ValueError(
            f"{lost} of {len(pair) // 2} pairs have a value that is not finite: fewer than two "
            "pairs are left; look at the engine's grid and the ranges of its labels"
        )
    return {name: np.asarray(values)[good] for name, values in library.items()}, lost
