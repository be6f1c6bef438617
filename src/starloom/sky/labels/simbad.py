"""What SIMBAD would know of the simulated stars: types of some of them, bright ones above all."""

from collections.abc import Mapping

import numpy as np

from starloom.sky.draws import Draws

TYPES = {
    "carbon_star": (("C*", 0.55), ("LP*", 0.10)),
    "long_period_variable": (("LP*", 0.60), ("Mi*", 0.10)),
    "m_giant": (("LP*", 0.15), ("RG*", 0.25)),
    "be_star": (("Be*", 0.35), ("Em*", 0.25)),
    "hot": (("*", 0.30), ("EB*", 0.04)),
    "cemp_s": (("Pe*", 0.12), ("C*", 0.06), ("*", 0.30)),
    "cemp_no": (("Pe*", 0.06), ("*", 0.35)),
    "cool_dwarf": (("PM*", 0.25), ("LM*", 0.15)),
    "normal": (("*", 0.30), ("PM*", 0.05), ("RG*", 0.04), ("EB*", 0.01)),
}
"""Types of a bright star of each kind with their shares, the rest has no entry: chosen so that
most stars have none or one that says little, as in SIMBAD; not a measurement."""

FAINT_MAG, WIDTH_MAG = 15.0, 0.8
"""G where half as many stars have an entry as among bright ones, and how fast the share falls."""


def simbad(
    stars: Mapping[str, np.ndarray], magnitudes: Mapping[str, np.ndarray], seed: int
) -> dict[int, dict[str, str]]:
    """
    SIMBAD's answer for every star.

    Args:
        stars: true `star`, `source_id` and `kind`.
        magnitudes: true `g` [mag] and `source_id` of the same stars, in any order.
        seed: of the run.

    Returns:
        Rows of the cache of `starloom.archives.simbad` by source_id; empty where there is no
        entry. Names begin with `simulated`.
    """
    draws = Draws(seed, stars["star"])
    order = np.argsort(magnitudes["source_id"])
    at = np.searchsorted(magnitudes["source_id"], stars["source_id"], sorter=order)
    g = magnitudes["g"][order[at]]
    bright = 1.0 / (1.0 + np.exp((g - FAINT_MAG) / WIDTH_MAG))
    unit = draws.uniform("simbad type")
    rows = {}
    for star, kind, share, value in zip(
        stars["source_id"], stars["kind"], bright, unit, strict=True
    ):
        otype, edge = "", 0.0
        for name, fraction in TYPES.get(str(kind), TYPES["normal"]):
            edge += fraction * share
            if value < edge:
                otype = name
                break
        rows[int(star)] = {
            "source_id": str(star),
            "main_id": f"simulated {star}" if otype else "",
            "otype": otype,
            "sp_type": "",
            "rvz_radvel": "",
        }
    return rows
