"""APOGEE spectra as arrays: read, divided by their continua, joined to their rows of allStar."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from starloom.archives.sdss import read_apstar
from starloom.columns import SPECTRUM_FLAGS
from starloom.prepare.continuum import PIXELS, kept_pixels, normalise

_MISSING, _DAMAGED, _MASKED, _CONTINUUM, _NO_ROW = (
    SPECTRUM_FLAGS[name].mask
    for name in ("missing", "damaged", "all_masked", "no_continuum", "no_label_row")
)


def read_raw(
    paths: Sequence[str | Path], there: Sequence[bool] | None = None
) -> dict[str, np.ndarray]:
    """
    Read combined spectra on the kept pixels; a file that cannot be read stops no other.

    Args:
        paths: apStar or asStar files.
        there: which of them the archive had; all by default.

    Returns:
        `flux` and `error` [1e-17 erg/s/cm2/Angstrom] (n_star, 7514) float32, `mask` (bits),
        `apogee_id` of the header, and `spectrum_flag`; NaN, bit 0 and '' where there is nothing.
    """
    n_star, pixels = len(paths), kept_pixels()
    flux, error = (np.full((n_star, PIXELS), np.nan, np.float32) for _ in range(2))
    mask, flag = np.ones((n_star, PIXELS), np.int32), np.zeros(n_star, np.int32)
    names = [""] * n_star
    for row, path in enumerate(paths):
        if there is not None and not there[row]:
            flag[row] = _MISSING
            continue
        try:
            one = read_apstar(path)
        except FileNotFoundError:
            flag[row] = _MISSING
            continue
        except ValueError as fault:
            print(f"left out: {fault}")
            flag[row] = _DAMAGED
            continue
        flux[row], error[row], mask[row] = (one[name][pixels] for name in ("flux", "error", "mask"))
        names[row] = str(one["apogee_id"])
    table = {"flux": flux, "error": error, "mask": mask, "spectrum_flag": flag}
    return table | {"apogee_id": np.array(names, "U18")}


def spectra(
    raw: Mapping[str, np.ndarray], chosen: Sequence[np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """
    Divide spectra by their continua and flag those that cannot be.

    Args:
        raw: what `read_raw` gave.
        chosen: continuum pixels by chip, see `continuum.find_continuum`.

    Returns:
        `flux` and `error` relative to the continuum, 1 and infinite in bad pixels; `mask` and
        `spectrum_flag`; and how many spectra have each flag.
    """
    done = normalise(chosen, raw["flux"], raw["error"], raw["mask"])
    flag = raw["spectrum_flag"].copy()
    read = (flag & (_MISSING | _DAMAGED)) == 0
    empty = ~np.isfinite(raw["flux"]).any(axis=1)
    flag |= np.where(read & empty, _MASKED, 0).astype(np.int32)
    lost = ~done["fitted"].all(axis=1)
    flag |= np.where(read & ~empty & lost, _CONTINUUM, 0).astype(np.int32)
    arrays = {"flux": done["flux"], "error": done["error"], "mask": raw["mask"]}
    return arrays | {"spectrum_flag": flag}, flag_counts(flag)


def flag_counts(flag: np.ndarray) -> dict[str, int]:
    """How many spectra have each flag, and none."""
    counts = {name: int(np.sum(flag & bit.mask > 0)) for name, bit in SPECTRUM_FLAGS.items()}
    return counts | {"good": int(np.sum(flag == 0))}


def allstar_rows(paths: Sequence[str], allstar: Mapping[str, np.ndarray]) -> np.ndarray:
    """
    Row of allStar that each file belongs to.

    Args:
        paths: of files, each ending in telescope/field/file.
        allstar: columns TELESCOPE, FIELD, FILE.

    Returns:
        Rows, -1 where none names the file.

    Raises:
        ValueError: if a file occurs twice among the paths; the message names it.
    """
    twice = [path for path, count in Counter(map(str, paths)).items() if count > 1]
    if twice:
        raise ValueError(f"{len(twice)} spectra are listed twice, the first is {twice[0]}")
    columns = (np.char.strip(allstar[name].astype(str)) for name in ("TELESCOPE", "FIELD", "FILE"))
    rows = {place: row for row, place in enumerate(zip(*columns, strict=True))}
    return np.array([rows.get(Path(path).parts[-3:], -1) for path in paths], np.int64)


def with_sources(
    allstar: Mapping[str, np.ndarray], matches: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """
    Fill in the Gaia source of the rows of allStar that have none there but were matched.

    Args:
        allstar: APOGEE_ID, and GAIAEDR3_SOURCE_ID where the table has it.
        matches: source_id and apogee_row (-1 none) of the cross-match.

    Returns:
        The columns, with GAIAEDR3_SOURCE_ID: allStar's own where positive, else the source whose
        row has the same APOGEE_ID, else 0.
    """
    names = np.char.strip(allstar["APOGEE_ID"].astype(str))
    own = np.asarray(allstar.get("GAIAEDR3_SOURCE_ID", np.zeros(len(names))), np.int64)
    found = matches["apogee_row"] >= 0
    matched, first = np.unique(names[matches["apogee_row"][found]], return_index=True)
    ids = np.append(np.asarray(matches["source_id"], np.int64)[found][first], 0)
    place = np.searchsorted(matched, names)
    same = place < len(matched)
    same[same] = matched[place[same]] == names[same]
    by_place = ids[np.where(same, place, -1)]
    return {**allstar, "GAIAEDR3_SOURCE_ID": np.where(own > 0, own, by_place)}


def with_allstar(
    arrays: Mapping[str, np.ndarray], rows: np.ndarray, allstar: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """
    Add which star each spectrum is of.

    Args:
        arrays: of `spectra`.
        rows: of `allstar_rows`.
        allstar: columns APOGEE_ID and GAIAEDR3_SOURCE_ID, where the table has the latter.

    Returns:
        The arrays with `allstar_row`, `source_id` (0 where allStar has none) and `apogee_id`.
    """
    known = rows >= 0
    ids = allstar.get("GAIAEDR3_SOURCE_ID", np.zeros(len(allstar["APOGEE_ID"]), np.int64))
    flag = arrays["spectrum_flag"] | np.where(known, 0, _NO_ROW).astype(np.int32)
    names = np.char.strip(allstar["APOGEE_ID"].astype(str))
    return {
        **arrays,
        "spectrum_flag": flag,
        "allstar_row": rows,
        "source_id": np.where(known, ids[rows], 0).astype(np.int64),
        "apogee_id": np.where(known, names[rows], "").astype("U18"),
    }
