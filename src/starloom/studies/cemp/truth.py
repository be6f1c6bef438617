"""How well populations recover the kinds of star that the simulated sky hid in the candidates."""

import numpy as np
from jaxtyping import Int

from starloom.studies.cemp.populations import agreement

GROUPS = {
    "carbon_star": ("carbon_star",),
    "m_giant": ("m_giant", "long_period_variable"),
    "hot_star": ("hot", "be_star"),
}
"""Kinds that must be told apart; long-period variables are M giants, Be stars are hot."""

METAL_POOR = ("cemp_s", "cemp_no", "normal")
"""Kinds of which purity and completeness are reported."""


def recovery(kind: np.ndarray, labels: Int[np.ndarray, " n_star"]) -> dict:
    """
    Agreement of populations with true kinds, and purity and completeness of each kind.

    Args:
        kind: true kind of each candidate.
        labels: its population, -1 for noise.

    Returns:
        `ari`: adjusted Rand index among carbon stars, M giants and hot stars, noise as a group of
        its own, with `ari_n`, `ari_noise` (share of them in noise) and `ari_without_noise`;
        `kinds`: by kind the stars `n` and, for the population that holds most of them,
        `population`, `completeness` and `purity`; None where there is no such star.
    """
    code = np.full(len(kind), -1)
    for number, names in enumerate(GROUPS.values()):
        code[np.isin(kind, names)] = number
    among = code >= 0
    placed = among & (labels >= 0)
    found = {
        "ari": agreement(code[among], labels[among]) if among.any() else None,
        "ari_without_noise": agreement(code[placed], labels[placed]) if placed.any() else None,
        "ari_n": int(among.sum()),
        "ari_noise": float(np.mean(labels[among] < 0)) if among.any() else None,
        "kinds": {},
    }
    members = {name: np.isin(kind, names) for name, names in GROUPS.items()}
    members |= {name: kind == name for name in METAL_POOR}
    for name, own in members.items():
        counts = np.bincount(labels[own & (labels >= 0)], minlength=1)
        best = int(np.argmax(counts))
        size = int((labels == best).sum())
        found["kinds"][name] = {
            "n": int(own.sum()),
            "population": best if counts[best] else -1,
            "completeness": float(counts[best] / own.sum()) if own.any() else None,
            "purity": float(counts[best] / size) if counts[best] else None,
        }
    return found
