"""`starloom predict latent XP_FILE -o TABLE`: latent positions of stars of one's own."""

import argparse
from pathlib import Path


def add_latent(products: argparse._SubParsersAction) -> None:
    """Add `starloom predict latent`."""
    from starloom.predict.command import common_options

    parser = products.add_parser(
        "latent",
        help="latent positions and outlier scores, from XP spectra",
        description="Latent mean and sigma of the stars of an XP continuous file, the chi2 of "
        "their reconstruction and how unusual they are. The G flux to normalise with comes from "
        "--gaia, else from the file itself, else from the spectrum (xp_flag says so).",
    )
    common_options(parser, "results/models/scatter_vae", "XP continuous files")
    parser.add_argument(
        "--gaia", type=Path, metavar="TABLE", help="table with source_id and phot_g_mean_flux"
    )
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    import numpy as np

    from starloom.archives.gaia import iter_xp
    from starloom.archives.xp_columns import NoSpectraError
    from starloom.columns import XP_FLAGS
    from starloom.predict.command import own_table, say_flags, write_output
    from starloom.predict.sky import BLOCK
    from starloom.prepare.spectra import spectra
    from starloom.studies.scatter_vae.encode import encode
    from starloom.tables import read_model, stack
    from starloom.training import scatter_vae as vae

    model = vae.from_model(*read_model(given.model))
    gaia = own_table(given.gaia) if given.gaia else None
    if gaia and "phot_g_mean_flux" not in gaia:
        raise ValueError(f"{given.gaia} has no column phot_g_mean_flux; it has {', '.join(gaia)}")
    full = model.architecture.likelihood == "full"
    found = []
    for path in given.files:
        try:
            blocks = [encode(model, spectra(raw, gaia)[0])[0] for raw in iter_xp(path, BLOCK, full)]
        except NoSpectraError as error:
            raise ValueError(f"{error}. A table with G fluxes goes behind --gaia") from error
        if not blocks:
            raise ValueError(f"{path} holds no star")
        found += blocks
    columns = stack(found)
    table = {"source_id": columns["source_id"]}
    for i in range(model.architecture.latent):
        table[f"z{i}"] = columns["latent_mean"][:, i]
        table[f"e_z{i}"] = columns["latent_sigma"][:, i]
    table |= {k: v for k, v in columns.items() if v.ndim == 1 and k not in table}
    write_output(given.output, table)
    encoded = int(np.isfinite(table["chi2"]).sum())
    print(f"{len(table['source_id'])} stars, {encoded} with a latent position: {given.output}")
    say_flags(table["xp_flag"], XP_FLAGS)
    return 0
