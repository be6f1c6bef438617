"""`starloom predict labels XP_FILE PHOTOMETRY -o TABLE`: labels of stars of one's own."""

import argparse
from pathlib import Path


def add_labels(products: argparse._SubParsersAction) -> None:
    """Add `starloom predict labels`."""
    from starloom.predict.command import common_options

    parser = products.add_parser(
        "labels",
        help="stellar labels with errors, from XP spectra and photometry",
        description="Labels of the stars of an XP continuous file. PHOTOMETRY is a table by "
        "source_id with gaia_source's columns and, where there are, j_m, h_m, w1, w2 with "
        "j_msigcom, h_msigcom, w1_err, w2_err; without it the spectra speak alone, and the flags "
        "say so.",
    )
    common_options(parser, "results/models/labels/dropout", "XP_FILE, and perhaps PHOTOMETRY")
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    import numpy as np

    from starloom.columns import LABEL_FLAGS
    from starloom.predict.command import write_output
    from starloom.predict.sky import Models, predict_file
    from starloom.studies import labels
    from starloom.tables import read_model, stack

    if len(given.files) > 2:
        raise ValueError(f"give XP_FILE and PHOTOMETRY, not {len(given.files)} files")
    stored, card = read_model(given.model)
    models = Models(labels.from_model(stored, card), card["zero_point"])
    own = own_table(given.files[1]) if len(given.files) == 2 else {}
    found = stack(list(predict_file(models, given.files[0], own or None, own)))
    write_output(given.output, {name: values for name, values in found.items() if values.ndim == 1})
    predicted = int(np.isfinite(found["teff_xp"]).sum())
    print(f"{len(found['source_id'])} stars, {predicted} with labels: {given.output}")
    for name, flag in LABEL_FLAGS.items():
        if count := int((found["label_flag"] & flag.mask > 0).sum()):
            print(f"  {count} {name}: {flag.criterion}")
    return 0


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
