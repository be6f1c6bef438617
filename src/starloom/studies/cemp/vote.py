"""What SIMBAD's types say of a population: a majority vote, or that it is unknown."""

import numpy as np
from jaxtyping import Int

CLASSES = {
    "carbon star": ("C*", "C*?", "CH*", "CH"),
    "long-period variable": ("LP*", "LP?", "Mi*", "Mi?", "LPV", "sr*"),
    "giant": ("RG*", "RB?", "AB*", "AB?", "HB*", "HB?", "s*r", "pA*", "pA?"),
    "chemically peculiar star": ("Pe*", "Pe?"),
    "Be or emission-line star": ("Be*", "Be?", "Em*"),
    "early-type star": ("BS*", "s*b", "HS*", "HS?", "EHB", "sdB", "a2*", "dS*", "bC*"),
    "eclipsing binary": ("EB*", "EB?", "El*"),
    "low-mass dwarf": ("LM*", "LM?", "MS*", "BD*", "Er*", "Y*O"),
    "RR Lyrae star": ("RR*", "RR?"),
}
"""SIMBAD's short object types by the class that they vote for."""

SILENT = ("", "*", "PM*", "V*", "**", "SB*", "IR", "?", "V*?", "Ro*", "Cl*", "As*", "NIR", "err")
"""Types that say nothing of a star's nature, and so do not vote."""

UNKNOWN = "unknown"

_CLASS_OF = {code: name for name, codes in CLASSES.items() for code in codes}


def class_of(otype: str) -> str:
    """The class that a type votes for; the type itself where none is named, '' where silent."""
    code = str(otype).strip()
    return "" if code in SILENT else _CLASS_OF.get(code, code)


def vote(
    labels: Int[np.ndarray, " n_star"],
    otype: np.ndarray,
    least_fraction: float,
    least_votes: int,
) -> list[dict]:
    """
    The majority vote of each population.

    Args:
        labels: population of each star, -1 for noise, which does not vote.
        otype: SIMBAD's type of each star, '' where it knows none.
        least_fraction: share of the votes that a class must exceed.
        least_votes: votes that it must have.

    Returns:
        For each population `population`, `n`, `typed` (stars that vote), `winner` (a class, or
        unknown), `fraction` (of the votes for the most frequent class), `votes` by class. Equal
        counts give no winner unless the fraction allows both, then the first by name.
    """
    classes = np.array([class_of(code) for code in otype], dtype=object)
    found = []
    for group in range(int(np.max(labels, initial=-1)) + 1):
        own = classes[labels == group]
        names, counts = np.unique(own[own != ""].astype(str), return_counts=True)
        best = int(np.argmax(counts)) if len(counts) else -1
        fraction = float(counts[best] / counts.sum()) if len(counts) else 0.0
        won = len(counts) and fraction > least_fraction and counts[best] >= least_votes
        found.append(
            {
                "population": group,
                "n": len(own),
                "typed": int(counts.sum()),
                "winner": str(names[best]) if won else UNKNOWN,
                "fraction": fraction,
                "votes": {str(k): int(v) for k, v in zip(names, counts, strict=True)},
            }
        )
    return found
