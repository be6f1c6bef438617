"""`starloom predict labels XP_FILE PHOTOMETRY -o TABLE`: labels of stars of one's own."""

import argparse


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
    from starloom.predict.command import own_table, say_flags, write_output
    from starloom.predict.sky import Models, predict_file
    from starloom.studies import labels
    from starloom.tables import read_model, stack

    if len(given.files) > 2:
        raise ValueError(f"give XP_FILE and PHOTOMETRY, not {len(given.files)} files")
    stored, card = read_model(given.model)
    models = Models(labels.from_model(stored, card), card["zero_point"])
    own = own_table(given.files[1]) if len(given.files) == 2 else {}
    if "bp_coefficients" in own:
        raise ValueError(
            f"{given.files[1]} holds XP spectra where PHOTOMETRY is due: give XP_FILE first, then "
            "one table by source_id with gaia_source's columns; other XP files get a call of "
            "their own"
        )
    found = stack(list(predict_file(models, given.files[0], own or None, own)))
    write_output(given.output, {name: values for name, values in found.items() if values.ndim == 1})
    predicted = int(np.isfinite(found["teff_xp"]).sum())
    print(f"{len(found['source_id'])} stars, {predicted} with labels: {given.output}")
    say_flags(found["label_flag"], LABEL_FLAGS)
    return 0
