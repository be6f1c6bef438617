"""Quality cuts as a list: what each one asks, how many stars are left after every single one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int8


@dataclass(frozen=True)
class Cut:
    """One condition on the columns of a table; a NaN never passes."""

    name: str
    criterion: str
    columns: tuple[str, ...]
    keep: Callable[..., np.ndarray]


def between(name: str, column: str, low: float, high: float) -> Cut:
    """Keep `low` < `column` < `high`."""
    criterion = f"{low:g} < {column} < {high:g}"
    return Cut(name, criterion, (column,), lambda x: (x > low) & (x < high))


def snr_above(name: str, column: str, error: str, low: float) -> Cut:
    """Keep `column` / `error` > `low`; an error of zero or less is no error and fails."""
    criterion = f"{column} / {error} > {low:g}"
    return Cut(name, criterion, (column, error), lambda x, e: (e > 0) & (x > low * e))


def no_bits(name: str, column: str, bits: Sequence[int]) -> Cut:
    """Keep rows with none of `bits` set in the flag `column`."""
    mask = sum(1 << bit for bit in bits)
    criterion = f"{column}: none of bits {', '.join(map(str, bits))}"
    return Cut(name, criterion, (column,), lambda flag: (_bits(flag) & mask) == 0)


def some_bit(name: str, column: str, bits: Sequence[int]) -> Cut:
    """Keep rows with one or more of `bits` set in the flag `column`."""
    mask = sum(1 << bit for bit in bits)
    criterion = f"{column}: some of bits {', '.join(map(str, bits))}"
    return Cut(name, criterion, (column,), lambda flag: (_bits(flag) & mask) != 0)


def zero(name: str, column: str) -> Cut:
    """Keep rows whose flag `column` has no bit set."""
    return Cut(name, f"{column} = 0", (column,), lambda flag: _bits(flag) == 0)


def catalogue_cuts(catalogue: str, definition: str = "paper") -> tuple[Cut, ...]:
    """
    The cuts that make one of the three catalogues of XP stars with APOGEE labels.

    Args:
        catalogue: `full` (no cut), `good` or `pristine`.
        definition: `paper`, as printed (Teff SNR > 30, M_H_BAD and STAR_BAD); `released`, as the
            authors' released counts imply (Teff SNR > 20 in `good`, bits 2 and 3 of ASPCAPFLAG).

    Returns:
        Cuts on teff, teff_err [K], logg_err, m_h_err [dex], bp_rp, phot_g_mean_mag [mag],
        starflag and aspcapflag, in the order of the paper. An error of zero or less, which the
        archives use for none (-9999), fails like a NaN.

    Raises:
        ValueError: if there is no such catalogue or definition.

    References:
        Laroche & Speagle (2024), Sec. 2.2.
    """
    if catalogue not in ("full", "good", "pristine") or definition not in ("paper", "released"):
        raise ValueError(
            f"no cuts for {catalogue!r} by definition {definition!r}: "
            "choose full, good or pristine, and paper or released"
        )
    if catalogue == "full":
        return ()
    good_snr = {"paper": 30.0, "released": 20.0}[definition]
    snr, logg, metals = {"good": (good_snr, 0.4, 0.2), "pristine": (100.0, 0.1, 0.05)}[catalogue]
    return (
        snr_above("teff_snr", "teff", "teff_err", snr),
        between("logg_error", "logg_err", 0.0, logg),
        between("m_h_error", "m_h_err", 0.0, metals),
        between("colour", "bp_rp", 0.0, 4.0),
        between("magnitude", "phot_g_mean_mag", 6.0, 17.5),
        zero("starflag", "starflag"),
        no_bits("aspcapflag", "aspcapflag", {"paper": (19, 23), "released": (2, 3)}[definition]),
    )


def apply(
    cuts: Sequence[Cut],
    table: Mapping[str, np.ndarray],
    what: str = "the selection",
    may_be_empty: bool = False,
) -> tuple[Bool[np.ndarray, " n_star"], list[dict]]:
    """
    Apply cuts one after the other and count after each.

    Args:
        cuts: in the order of application.
        table: equally long columns by name; it holds every column that a cut names.
        what: the selection's name, for messages.
        may_be_empty: whether a selection of no star is an answer rather than an error.

    Returns:
        Which stars pass all cuts, and a record for each cut: `name`, `criterion`, `left` (stars
        that pass it and all before), `removed` (of those that were left before), `removed_alone`
        (of all stars), `missing` (of all stars: a value is NaN, so the cut fails). The first
        record counts the stars before any cut.

    Raises:
        KeyError: if a column is absent; the message names the cut and the columns there are.
        ValueError: if no star is left; the message names the cut that took the last one.
    """
    total = len(next(iter(table.values())))
    passed = np.ones(total, bool)
    counts = [_record("all", "", total, 0, 0, 0)]
    for cut in cuts:
        absent = [name for name in cut.columns if name not in table]
        if absent:
            raise KeyError(
                f"{what}: cut {cut.name} needs {', '.join(absent)}; "
                f"the table has {', '.join(table)}"
            )
        values = [np.asarray(table[name]) for name in cut.columns]
        missing = np.logical_or.reduce([_is_nan(value) for value in values])
        keep = np.asarray(cut.keep(*values)) & ~missing
        removed = int(np.sum(passed & ~keep))
        passed &= keep
        left, alone = int(passed.sum()), total - int(keep.sum())
        counts.append(_record(cut.name, cut.criterion, left, removed, alone, int(missing.sum())))
        if left == 0 and not may_be_empty:
            raise ValueError(
                f"{what} is empty: cut {cut.name} ({cut.criterion}) removed the last {removed} of "
                f"{total} stars; {int(missing.sum())} have no value. Relax it or check its columns"
            )
    if total == 0 and not may_be_empty:
        raise ValueError(f"{what} is empty: there was no star before the first cut")
    return passed, counts


def alpha_sequence(
    fe_h: Float[np.ndarray, " n_star"], mg_fe: Float[np.ndarray, " n_star"]
) -> Int8[np.ndarray, " n_star"]:
    """
    Whether a star belongs to the high-alpha sequence.

    Args:
        fe_h: [Fe/H] [dex].
        mg_fe: [Mg/Fe] [dex].

    Returns:
        1 high-alpha, 0 low-alpha, -1 where an abundance is NaN.

    References:
        Patil et al. (2023), as Laroche & Speagle (2024), Sec. 5, use it.
    """
    edge = np.polyval([0.1754, 0.1119, -0.1253, 0.1353], fe_h)
    unknown = np.isnan(edge) | np.isnan(mg_fe)
    return np.where(unknown, -1, mg_fe > edge).astype(np.int8)


def _record(name, criterion, left, removed, alone, missing):
    return {
        "name": name,
        "criterion": criterion,
        "left": left,
        "removed": removed,
        "removed_alone": alone,
        "missing": missing,
    }


def _is_nan(values):
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)


def _bits(flag):
    """Flags as integers; a NaN among floats has every bit set, it fails in any case."""
    return np.where(np.isnan(flag), -1, flag).astype(np.int64) if flag.dtype.kind == "f" else flag
