"""Published seismology of the Kepler giants on one row a star: APOKASC-2, Yu+18, Miglio+21."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.identifiers import join_ids

Table = Mapping[str, np.ndarray]

RGB, CLUMP, UNKNOWN = 1, 2, 0
"""Evolutionary states."""

_UPPER_AGE = ("b_age_lc", "B_Age", "e_Age")


def seismic_table(
    apokasc2: Table, yu1: Table, yu2: Table, miglio: Table
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """
    Numax, Delta nu, state and age of each star that one of the tables has.

    APOKASC-2 comes before Yu et al. for numax and Delta nu; its errors, which are fractions,
    become uHz. Ages are Miglio et al.'s; APOKASC-2's stand beside them.

    Args:
        apokasc2: KIC, Nmax, Dnu [uHz], e_Nmax, e_Dnu (fractions), ES, LogAge [log10 of Myr].
        yu1: KIC, numax, e_numax, Delnu, e_Delnu [uHz].
        yu2: KIC, Phase (1 RGB, 2 clump, 0 unknown).
        miglio: KIC, Age with its lower and upper limit [Gyr].

    Returns:
        kic (sorted), numax, dnu with `_err` [uHz], state, log_age with `_err`, log_age_apokasc2
        [log10 of Gyr], NaN where unknown; and how many rows of each table repeat a star: the
        first counts.

    Raises:
        KeyError: if a column is absent.
    """
    tables = {"apokasc2": apokasc2, "yu2018": yu1, "yu2018_phase": yu2, "miglio2021": miglio}
    kics = {name: np.asarray(table["KIC"]).astype(np.int64) for name, table in tables.items()}
    repeated = {name: len(kic) - len(np.unique(kic)) for name, kic in kics.items()}
    kic = np.unique(np.concatenate(list(kics.values())))
    kic = kic[kic > 0]

    def values(table, name, scale=1.0):
        rows = join_ids(kic, kics[table])
        column = np.ma.filled(np.ma.asarray(tables[table][name]).astype(float), np.nan)
        return np.where(rows >= 0, column[rows], np.nan) * scale

    found = {"kic": kic}
    for name, first, error, second, absolute in (
        ("numax", "Nmax", "e_Nmax", "numax", "e_numax"),
        ("dnu", "Dnu", "e_Dnu", "Delnu", "e_Delnu"),
    ):
        one, other = values("apokasc2", first), values("yu2018", second)
        use = one > 0
        found[name] = np.where(use, one, np.where(other > 0, other, np.nan))
        fraction = values("apokasc2", error) * one
        found[f"{name}_err"] = np.where(use, fraction, values("yu2018", absolute))
    rows = join_ids(kic, kics["apokasc2"])
    text = np.asarray(apokasc2["ES"]).astype(str)[rows]
    state = np.select(
        [np.char.startswith(text, "RGB"), np.char.startswith(text, "RC")], [RGB, CLUMP]
    )
    phase = np.nan_to_num(values("yu2018_phase", "Phase")).astype(int)
    found["state"] = np.where((rows >= 0) & (state > 0), state, phase).astype(np.int8)
    upper = next(name for name in _UPPER_AGE if name in miglio)
    age, low, high = (values("miglio2021", name) for name in ("Age", "b_Age", upper))
    with np.errstate(invalid="ignore", divide="ignore"):
        found["log_age"] = np.log10(np.where(age > 0, age, np.nan))
        width = 0.5 * (np.log10(high) - np.log10(low))
    found["log_age_err"] = np.where(width > 0, width, np.nan)
    found["log_age_apokasc2"] = values("apokasc2", "LogAge") - 3
    return found, repeated
