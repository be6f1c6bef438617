"""`starloom predict ages` and `starloom psd-check`: the study ages on files of one's own."""

import argparse
from pathlib import Path

MODEL, FORESTS = "results/models/ages/two_step", "results/models/ages_forests"


def add_ages(products: argparse._SubParsersAction) -> None:
    """Add `starloom predict ages`."""
    from starloom.predict.command import common_options

    parser = products.add_parser(
        "ages",
        help="ages and seismology of giants, from apStar or asStar files",
        description="Latent positions, ages, numax, Delta nu and clump probability of giants with "
        "APOGEE spectra, as the catalogue of ages has them. Ages need Teff and [Fe/H]: give "
        "allStar, or a table with APOGEE_ID, TEFF, FE_H and, for all flags of the catalogue, "
        "LOGG, SNREV, STARFLAG, ASPCAPFLAG; without it ages come from the latent alone, dwarfs "
        "are not left out, and age_flag says so.",
    )
    common_options(parser, MODEL, "apStar or asStar files")
    parser.add_argument("--forests", type=Path, default=Path(FORESTS), help=f"({FORESTS})")
    parser.add_argument("--labels", type=Path, help="allStar, or a table of its columns")
    parser.set_defaults(run=_run_ages)


def add_psd_check(commands: argparse._SubParsersAction) -> None:
    """Add `starloom psd-check`."""
    parser = commands.add_parser(
        "psd-check",
        help="does a Kepler light curve show what the star's spectrum promises?",
        description="Compare the power spectrum of a star's quarters with the one predicted from "
        "its APOGEE spectrum.",
    )
    parser.add_argument("quarters", nargs="+", type=Path, help="kplr*_llc.fits files of the star")
    parser.add_argument("--spectrum", type=Path, required=True, help="its apStar or asStar file")
    parser.add_argument("--model", type=Path, default=Path(MODEL), help=f"trained model ({MODEL})")
    parser.add_argument("-o", "--output", type=Path, help="table of both power spectra")
    parser.set_defaults(run=_run_psd_check)


def _run_ages(given: argparse.Namespace) -> int:
    import numpy as np

    from starloom.columns import AGE_FLAGS
    from starloom.predict.command import say_flags, write_output
    from starloom.predict.giants import ages_of_spectra, read_labels
    from starloom.studies import ages
    from starloom.tables import read_model

    arrays, card = read_model(given.model)
    labels = read_labels(given.labels) if given.labels else None
    found = ages_of_spectra(
        given.files, ages.from_model(arrays, card), card, read_model(given.forests)[0], labels
    )
    write_output(given.output, found)
    print(
        f"{len(found['path'])} spectra, {np.isfinite(found['LogAge']).sum()} with an age: "
        f"{given.output}"
    )
    say_flags(found["age_flag"], AGE_FLAGS)
    return 0


def _run_psd_check(given: argparse.Namespace) -> int:
    from starloom.predict.command import write_output
    from starloom.predict.giants import check_light_curve
    from starloom.studies import ages
    from starloom.tables import read_model

    arrays, card = read_model(given.model)
    model = ages.from_model(arrays, card)
    table, score, share = check_light_curve(given.quarters, given.spectrum, model, card)
    if given.output:
        write_output(given.output, table)
    print(
        f"disagreement {score:.2f} (1 is usual), larger than that of {100 * share:.0f} % of "
        f"{len(model.score)} ordinary stars"
    )
    verdict = "suspect: look at light curve and spectrum" if share > 0.99 else "as expected"
    print(verdict)
    return 0
