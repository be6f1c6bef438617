"""The trees of apStar and aspcapStar files of simulated giants, named as in the archive."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from starloom.archives.sdss_client import Spectrum, batch, file_name
from starloom.sky.apogee_noise import BAD_ERROR, observe
from starloom.sky.draws import Draws
from starloom.sky.files import write_apstar, write_aspcapstar

LOGG = (1.0, 4.0)
"""Stars of these log g get spectra: those the studies of giants read."""
CHUNK = 512
"""Spectra in memory at once."""
LOST = 0.002
"""Share of the files that allStar names and the archive does not have."""
HEADER = {
    "apogee_id": "APOGEE_ID", "field": "FIELD", "ra": "RA", "dec": "DEC", "j_mag": "J",
    "h_mag": "H", "k_mag": "K", "snr": "SNR", "n_visits": "NVISITS", "starflag": "STARFLAG",
    "vhelio": "VHELIO_AVG", "vscatter": "VSCATTER",
}  # fmt: skip
"""Columns of allStar that go into the header of a star's file."""
COLUMNS = (*HEADER.values(), "TELESCOPE", "FILE")
"""Columns of allStar that a batch reads."""


def giants(
    stars: Mapping[str, np.ndarray], allstar: Mapping[str, np.ndarray], source_ids: np.ndarray
) -> dict[str, np.ndarray]:
    """
    Rows of allStar that get a spectrum, and the stars they are of.

    Args:
        stars: columns of `population.draw`, sorted by source_id.
        allstar: columns of allStar, one row a spectrum.
        source_ids: source_id of each row of allStar.

    Returns:
        row of allStar, star (row of `stars`), again (a second spectrum of the star before).

    Raises:
        ValueError: if a source_id of a row is not among the stars; the message names it.
    """
    star = np.minimum(np.searchsorted(stars["source_id"], source_ids), len(stars["source_id"]) - 1)
    unknown = stars["source_id"][star] != source_ids
    if unknown.any():
        raise ValueError(
            f"row {np.argmax(unknown)} of allStar has source_id {source_ids[unknown][0]}, which is "
            "no simulated star; make the stars and allStar in one run"
        )
    again = np.concatenate([[False], star[1:] == star[:-1]])
    logg = stars["logg"][star]
    row = np.flatnonzero((logg > LOGG[0]) & (logg < LOGG[1]) & (allstar["SNR"] > 0))
    return {"row": row, "star": star[row], "again": again[row]}


def spectra_of_batch(
    allstar: Mapping[str, np.ndarray],
    chosen: Mapping[str, np.ndarray],
    kind: str,
    index: int,
    count: int,
) -> tuple[list[Spectrum], dict[str, np.ndarray]]:
    """
    The files of one batch, whole fields, in the order of the archive's batches.

    Args:
        allstar: columns of allStar.
        chosen: from `giants`.
        kind: `stars` or `aspcap`.
        index: of the batch, from 0.
        count: of all batches.

    Returns:
        The files, and the rows of `chosen` that they are of.
    """
    place = {}
    for k, row in enumerate(chosen["row"]):
        telescope, field, file, star = (
            str(allstar[name][row]) for name in ("TELESCOPE", "FIELD", "FILE", "APOGEE_ID")
        )
        place[Spectrum(telescope, field, file_name(file, star, kind))] = k
    files = batch(sorted(place, key=lambda one: (one.folder, one.file)), index, count)
    rows = np.array([place[one] for one in files], int)
    return files, {name: values[rows] for name, values in chosen.items()}


def write_spectra(
    folder: str | Path,
    stars: Mapping[str, np.ndarray],
    allstar: Mapping[str, np.ndarray],
    files: Sequence[Spectrum],
    rows: Mapping[str, np.ndarray],
    kind: str,
    seed: int,
    error_scale: float = 1.0,
    companion_light: bool = True,
) -> dict[str, np.ndarray]:
    """
    Simulate and write spectra.

    Args:
        folder: gets `{telescope}/{field}/{file}` for each file.
        stars: columns of `population.draw`.
        allstar: columns of allStar.
        files: from `spectra_of_batch`.
        rows: rows of allStar and of `stars` that they are of, from there.
        kind: `stars` or `aspcap`.
        seed: of the sky.
        error_scale: factor on the reported errors.
        companion_light: False leaves companions dark.

    Returns:
        path of each file, and whether it is there: few are not, as in the archive.
    """
    paths = [Path(folder) / one.folder / one.file for one in files]
    there = np.ones(len(paths), bool)
    for start in range(0, len(paths), CHUNK):
        part = slice(start, start + CHUNK)
        truth = {name: np.asarray(values)[rows["star"][part]] for name, values in stars.items()}
        # A repeated row is another spectrum of its star: same star, other noise.
        truth["star"] = 2 * truth["star"] + rows["again"][part]
        table = {name: np.asarray(allstar[name])[rows["row"][part]] for name in HEADER.values()}
        about = (table["H"], table["SNR"], table["NVISITS"], seed)
        seen = observe(truth, *about, error_scale, companion_light)
        there[part] = Draws(seed, truth["star"]).uniform(f"{kind} file") > LOST
        for k in np.flatnonzero(there[part]):
            about = {key: table[column][k] for key, column in HEADER.items()}
            one = {name: seen[name][k] for name in ("flux", "error", "mask", "continuum", "model")}
            _write(paths[start + k], kind, about | one)
    return {"path": np.array([str(path) for path in paths], str), "there": there}


def _write(path, kind, star):
    if kind == "stars":
        write_apstar(path, star)
        return
    lost = ~(star["error"] < BAD_ERROR)
    flux, error = (
        np.where(lost, np.nan, star[name] / star["continuum"]) for name in ("flux", "error")
    )
    write_aspcapstar(path, star | {"flux": flux, "error": error})
