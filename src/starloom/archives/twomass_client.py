"""2MASS rows of Gaia sources, by the Gaia archive's own table of best neighbours."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from astropy.table import Table
from jaxtyping import Int

from starloom.archives import asking, queries
from starloom.archives.tap import Columns, Tap
from starloom.archives.write_text import write_twomass


def query_neighbours(
    tap: Tap, ids: Int[np.ndarray, " n"], block: int = asking.BLOCK
) -> list[Columns]:
    """
    Fetch the 2MASS best neighbours of some Gaia sources.

    Args:
        tap: the Gaia archive.
        ids: source ids.
        block: stars a query.

    Returns:
        Answers with the columns of `queries.twomass`. A star may have none.

    Raises:
        TapError: if the archive fails.
    """
    adql = queries.twomass(queries.by_upload())
    return [
        answer
        for some in asking.blocks(ids, block)
        for answer in asking.ask(tap, adql, Table({"source_id": some}))
    ]


def write_neighbours(path: str | Path, answers: Iterable[Columns]) -> int:
    """
    Write best neighbours as the raw 2MASS file, in the order of source_id.

    Args:
        path: `twomass.csv.gz`.
        answers: of `query_neighbours`.

    Returns:
        The number of rows.

    Raises:
        ValueError: if there is no row.
    """
    table = asking.joined(answers)
    if not len(table["source_id"]):
        raise ValueError(f"{path}: none of the stars has a neighbour in 2MASS")
    order = np.lexsort([table[name] for name in ("designation", "angular_distance", "source_id")])
    columns = {name: values[order] for name, values in table.items()}
    write_twomass(path, columns, "Gaia DR3 best neighbours in 2MASS, by query")
    return len(order)
