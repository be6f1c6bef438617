"""The 2MASS side of the match: which rows are usable, and Gaia's own best neighbours."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Int

from starloom.prepare.identifiers import best_of_each, join_ids, star_codes


def point_sources(
    table: Mapping[str, np.ndarray], n_row: int
) -> tuple[Bool[np.ndarray, " n_row"], dict[str, int]]:
    """
    Which rows are good enough to match: an A in ph_qual, and no extended source.

    Args:
        table: 2MASS columns; ph_qual (three letters) and ext_key count where the table has them.
        n_row: rows of the table.

    Returns:
        The usable rows, and how many fell to each condition.
    """
    usable = np.ones(n_row, bool)
    rows = {}
    if "ph_qual" in table:
        usable = np.char.find(np.asarray(table["ph_qual"]).astype(str), "A") >= 0
        rows["no_quality_a"] = int(np.sum(~usable))
    if "ext_key" in table:
        extended = _present(np.asarray(table["ext_key"]))
        rows["extended"] = int(np.sum(usable & extended))
        usable = usable & ~extended
    return usable, rows


def best_neighbours(
    source_id: Int[np.ndarray, " n_source"],
    table: Mapping[str, np.ndarray],
    usable: Bool[np.ndarray, " n_row"],
) -> tuple[Int[np.ndarray, " n_source"], Bool[np.ndarray, " n_source"], dict[str, int]]:
    """
    Join by Gaia's own best neighbours, made one to one.

    Args:
        source_id: the Gaia sources.
        table: rows of tmass_psc_xsc_best_neighbour joined with 2MASS: source_id, designation and,
            where it has it, angular_distance [arcsec].
        usable: which rows count.

    Returns:
        Row of each source, -1 for none: a source keeps its nearest row, a 2MASS object its nearest
        source, ties going to the lowest row. Which sources lost their row to a nearer one. And how
        many rows fell to each rule.

    Raises:
        KeyError: if the table has no designation.
    """
    ids = np.asarray(table["source_id"])
    nearness = -np.asarray(table.get("angular_distance", np.zeros(len(ids))), float)
    named = np.flatnonzero(usable & (ids > 0))
    first = best_of_each(ids[named], nearness[named])
    kept = named[first]
    mutual = best_of_each(star_codes(table["designation"])[kept], nearness[kept])
    source = join_ids(ids[kept[mutual]], source_id)
    row = np.full(len(source_id), -1)
    row[source[source >= 0]] = kept[mutual][source >= 0]
    lost = np.isin(source_id, ids[kept[~mutual]])
    rows = {
        "no_source_id": int(np.sum(usable)) - len(named),
        "repeated_source_id": int(np.sum(~first)),
        "lost_to_closer": int(np.sum(~mutual)),
        "source_id_not_in_gaia": int(np.sum(source < 0)),
        "matched": int(np.sum(source >= 0)),
    }
    return row, lost, rows


def _present(keys):
    """Which keys of a nullable column are there: positive numbers, or text that names one."""
    if keys.dtype.kind in "fiu":
        return keys > 0
    return ~np.isin(np.char.strip(keys.astype(str)), ("", "0", "null", "nan", "None", "--"))
