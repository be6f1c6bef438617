"""Pairs: the APOGEE spectrum and the Kepler power spectrum of the same star, once each."""

from collections.abc import Mapping

import numpy as np

from starloom.columns import POWER_FLAGS
from starloom.prepare.cuts import Cut, apply, between
from starloom.prepare.identifiers import best_of_each, join_ids
from starloom.prepare.seismic import UNKNOWN
from starloom.prepare.split import FRACTIONS

Table = Mapping[str, np.ndarray]

LOWEST_UHZ, HIGHEST_UHZ = 4.0, 250.0
"""Numax between which the whole envelope of modes is on the grid."""

_NO_POWER = sum(bit.mask for name, bit in POWER_FLAGS.items() if name != "damaged")


def unique_stars(name: str, ids: np.ndarray, quality: np.ndarray) -> tuple[np.ndarray, int]:
    """
    One row a star: the best of those that repeat it.

    Args:
        name: of the table, for the message.
        ids: of the stars; zero and negative ones belong to none.
        quality: the highest is kept.

    Returns:
        The rows, and how many repetitions were left out.
    """
    known = np.flatnonzero(ids > 0)
    rows = known[best_of_each(ids[known], quality[known])]
    if len(rows) < len(known):
        print(f"{name}: {len(known) - len(rows)} repetitions of a star left out")
    return rows, len(known) - len(rows)


def pair(
    spectra: Table, power: Table, seismic: Table, stars: Table
) -> tuple[dict[str, np.ndarray], list[dict]]:
    """
    Which spectrum belongs to which power spectrum.

    Args:
        spectra: source_id, snr, spectrum_flag of all APOGEE spectra.
        power: kic, power_flag of all power spectra.
        seismic: of `prepare.seismic.seismic_table`.
        stars: source_id and kic (-1 none) of the cross-match.

    Returns:
        By pair, in the order of source_id: `spectrum` and `power`, rows of the tables, source_id,
        kic, and the columns of `seismic`; and stars left after every cut, repetitions among them.

    Raises:
        ValueError: if no pair is left; the message names the cut that took the last one.

    References:
        Leung et al. (2023), Secs. 4.3 and 5.
    """
    row, twice = unique_stars("spectra", spectra["source_id"], spectra["snr"])
    first, again = unique_stars("power spectra", power["kic"], -power["power_flag"].astype(float))
    star = join_ids(spectra["source_id"][row], stars["source_id"])
    kic = np.where(star >= 0, stars["kic"][star], -1)
    at_power, at_seismic = join_ids(kic, power["kic"][first]), join_ids(kic, seismic["kic"])
    known = {name: values[at_seismic] for name, values in seismic.items() if name != "kic"}
    absent = at_seismic < 0
    table = {
        "source_id": spectra["source_id"][row],
        "kic": kic,
        "spectrum": row,
        "power": first[at_power],
        "has_power": at_power >= 0,
        "spectrum_flag": spectra["spectrum_flag"][row],
        "power_flag": power["power_flag"][first[at_power]],
        **{name: np.where(absent, np.nan, values) for name, values in known.items()},
    }
    table["state"] = np.nan_to_num(table["state"]).astype(np.int8)
    passed, counts = apply(_CUTS, table, "the pairs")
    counts[0] |= {"repeated_spectra": twice, "repeated_power": again}
    order = np.flatnonzero(passed)[np.argsort(table["source_id"][passed], kind="stable")]
    left_out = ("has_power", "spectrum_flag", "power_flag")
    return {name: v[order] for name, v in table.items() if name not in left_out}, counts


def require_each_set(split: np.ndarray) -> None:
    """
    Refuse pairs of which one set is empty.

    Raises:
        ValueError: with how many pairs each set has, and the remedy.
    """
    counts = dict(
        zip(FRACTIONS, np.bincount(split, minlength=len(FRACTIONS)).tolist(), strict=True)
    )
    if not all(counts.values()):
        raise ValueError(
            f"pairs of spectra and power spectra by set: {counts}, and none may be empty; take "
            "more stars in the Kepler field (survey: simulated has sky: stars and kepler_fraction)"
        )


_CUTS = (
    Cut("kepler", "a power spectrum of the star", ("has_power",), lambda has: has),
    Cut("spectrum", "spectrum_flag = 0", ("spectrum_flag",), lambda flag: flag == 0),
    Cut("power", "a power spectrum of more than a quarter", ("power_flag",),
        lambda flag: (flag & _NO_POWER) == 0),
    between("numax", "numax", LOWEST_UHZ, HIGHEST_UHZ),
    Cut("numax_error", "numax_err / numax < 0.1", ("numax", "numax_err"),
        lambda value, error: error < 0.1 * value),
    Cut("state", "evolutionary state known", ("state",), lambda state: state != UNKNOWN),
)  # fmt: skip
