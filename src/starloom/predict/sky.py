"""Labels and latent positions of the stars of a raw XP file, a block at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from starloom.archives.gaia import iter_xp, read_gaia_source
from starloom.prepare.identifiers import join_ids
from starloom.prepare.spectra import spectra
from starloom.prepare.stars import GAIA_COLUMNS
from starloom.studies import labels
from starloom.studies.scatter_vae.encode import encode
from starloom.training import scatter_vae

BLOCK = 2048
"""Stars in memory at a time."""

INFRARED = ("j_m", "h_m", "j_msigcom", "h_msigcom", "w1", "w2", "w1_err", "w2_err")
"""Columns of 2MASS and unWISE that the labels read [mag]."""

FLUX = "phot_g_mean_flux"

Table = dict[str, np.ndarray]


@dataclass(frozen=True)
class Models:
    """
    What is applied to each star.

    Args:
        labels: of the study labels.
        zero_point: as it was trained.
        latent: a scatter VAE, or None.
    """

    labels: labels.Model
    zero_point: bool
    latent: scatter_vae.Model | None = None


def photometry(gaia: Mapping[str, np.ndarray] | None, infrared: Table, ids: np.ndarray) -> Table:
    """
    What the surveys say of stars, on their rows.

    Args:
        gaia: gaia_source, or None.
        infrared: source_id and some of `INFRARED`; it may have no column but source_id.
        ids: source_id of the stars.

    Returns:
        Gaia's columns and those of `INFRARED` that there are, NaN for a star without a row.
    """
    found = {"source_id": ids}
    for table, names in ((gaia or {}, GAIA_COLUMNS), (infrared, INFRARED)):
        if len(table.get("source_id", ())):
            rows = join_ids(ids, table["source_id"])
            for name in (name for name in names if name in table):
                values = np.asarray(table[name], float)
                found[name] = np.where(rows >= 0, values[rows], np.nan)
    return found


def read_infrared(path: str | Path, extent: tuple[int, int] | None = None) -> Table:
    """
    Infrared photometry from a Parquet table by source_id.

    Args:
        path: with source_id and columns of `INFRARED`.
        extent: first and last source_id that are wanted; the rest of the table is not read.

    Returns:
        The columns that there are.
    """
    present = [name for name in INFRARED if name in pq.read_schema(path).names]
    between = extent and [("source_id", ">=", extent[0]), ("source_id", "<=", extent[1])]
    table = pq.read_table(path, columns=["source_id", *present], filters=between)
    return {name: table.column(name).to_numpy() for name in table.column_names}


def predict_file(
    models: Models,
    xp_path: str | Path,
    gaia: Mapping[str, np.ndarray] | None,
    infrared: Table,
    rows: int = BLOCK,
) -> Iterator[Table]:
    """
    Go through a raw XP file once, from text to labels.

    Args:
        models: what is applied.
        xp_path: XP continuous spectra with correlations, in any of the archive's forms.
        gaia: gaia_source of the stars, or None.
        infrared: source_id and columns of `INFRARED`.
        rows: stars in memory at a time.

    Yields:
        Blocks of columns: those of `columns.STELLAR_LABELS` that belong to all stars, and with
        a latent model `latent_mean`, `latent_sigma`, `chi2` and `xp_flag`.

    Raises:
        ValueError: if the file is empty, cut or damaged; blocks given before count for nothing.
    """
    flux = None
    if gaia is not None and FLUX in gaia:
        flux = {name: gaia[name] for name in ("source_id", FLUX)}
    for raw in iter_xp(xp_path, rows):
        arrays = spectra(raw, flux)[0]
        seen = photometry(gaia, infrared, arrays["source_id"])
        found = labels.predict_stars(models.labels, arrays, seen, models.zero_point)
        nothing = np.full(len(seen["source_id"]), np.nan)
        found |= {name: seen.get(name, nothing) for name in ("ra", "dec")}
        found |= {name: seen.get(name, nothing) for name in ("phot_g_mean_mag", "bp_rp")}
        found["xp_flag"] = arrays["xp_flag"]
        yield found | (_latent(models.latent, arrays) if models.latent else {})


def gaia_columns() -> tuple[str, ...]:
    """Columns of gaia_source that `predict_file` reads."""
    return (*GAIA_COLUMNS, FLUX)


def read_gaia(path: str | Path) -> Table:
    """The columns of a gaia_source table that the labels need."""
    return read_gaia_source(path, gaia_columns())


def _latent(model, arrays):
    found = encode(model, arrays)[0]
    return {name: found[name] for name in ("latent_mean", "latent_sigma", "chi2", "xp_flag")}
