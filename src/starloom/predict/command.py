"""
The command `starloom predict WHAT FILES... -o TABLE`.

A product is a function that adds its parser below `predict` and says, with
`set_defaults(run=...)`, what to call. A module brings one by a line in `PRODUCTS`.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from starloom.predict.ages import add_ages
from starloom.predict.labels import add_labels
from starloom.predict.latent import add_latent

PRODUCTS: tuple[Callable[[argparse._SubParsersAction], None], ...] = (
    add_labels,
    add_ages,
    add_latent,
)
"""What can be predicted, in the order of the help."""


def add_predict(commands: argparse._SubParsersAction) -> None:
    """Add `starloom predict` with all its products."""
    parser = commands.add_parser(
        "predict",
        help="apply a trained model to files of your own",
        description="Apply a trained model to files of your own; the result is one table.",
    )
    products = parser.add_subparsers(title="products", required=True, metavar="WHAT")
    for add in PRODUCTS:
        add(products)


def common_options(parser: argparse.ArgumentParser, model: str, files: str) -> None:
    """
    Add what all products share: `FILES... -o TABLE --model FOLDER`.

    Args:
        parser: of the product.
        model: default folder of the model.
        files: what the files are, for the help.
    """
    parser.add_argument("files", nargs="+", type=Path, metavar="FILES", help=files)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="TABLE",
        help="table to write: .parquet, .fits, .csv or .csv.gz",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=Path, default=Path(model), help=f"folder of the trained model ({model})"
    )


def write_output(path: Path, columns: "Mapping[str, np.ndarray]") -> None:
    """
    Write a table in the format that its name ends in.

    Args:
        path: the table.
        columns: equally long arrays by name, one value a row.

    Raises:
        ValueError: if the name has another ending.
    """
    from astropy.table import Table

    from starloom.tables import atomic, write_fits_table, write_table

    if path.suffix == ".parquet":
        write_table(path, columns)
    elif path.suffix == ".fits":
        plain = {k: v.astype(str) if v.dtype.kind == "O" else v for k, v in columns.items()}
        write_fits_table(path, Table(plain))
    elif path.name.endswith((".csv", ".csv.gz")):
        import pandas as pd

        packed = path.suffix == ".gz"
        with atomic(path) as temporary:
            pd.DataFrame(dict(columns)).to_csv(
                temporary,
                index=False,
                compression={"method": "gzip", "mtime": 0} if packed else None,
            )
    else:
        raise ValueError(f"{path}: the table must end in .parquet, .fits, .csv or .csv.gz")


def say_flags(values: "np.ndarray", flags: "Mapping[str, Flag]") -> None:
    """Print how many rows have each bit, and what it means; bits that no row has are left out."""
    for name, flag in flags.items():
        if count := int((values & flag.mask > 0).sum()):
            print(f"  {count} {name}: {flag.criterion}")


def own_table(path: Path) -> "dict[str, np.ndarray]":
    """
    A table of the user's: csv, ecsv, FITS, Parquet or VOTable.

    Args:
        path: the table; a column is source_id.

    Returns:
        All columns under their own names; numbers as float with NaN for none, source_id as it is.

    Raises:
        ValueError: if there is no source_id, or the file is damaged or no table.
    """
    from starloom.archives.raw_tables import read_columns
    from starloom.archives.schema import archive_columns

    columns = read_columns(path, archive_columns("gaia_source"), ["source_id"])
    return {
        name: values.astype(float) if values.dtype.kind == "i" and name != "source_id" else values
        for name, values in columns.items()
    }
