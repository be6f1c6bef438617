"""The tree of apStar files of simulated giants, named as in the archive."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from starloom.sky.apogee_noise import observe
from starloom.sky.files import write_apstar

LOGG = (1.0, 4.0)
"""Stars of these log g get spectra: those the studies of giants read."""
CHUNK = 512
"""Spectra in memory at once."""
HEADER = {
    "apogee_id": "APOGEE_ID", "field": "FIELD", "ra": "RA", "dec": "DEC", "j_mag": "J",
    "h_mag": "H", "k_mag": "K", "snr": "SNR", "n_visits": "NVISITS", "starflag": "STARFLAG",
    "vhelio": "VHELIO_AVG", "vscatter": "VSCATTER",
}  # fmt: skip
"""Columns of allStar that go into the header of a star's file."""


def giants(
    stars: Mapping[str, np.ndarray],
    allstar: Mapping[str, np.ndarray],
    source_ids: np.ndarray,
    pixels: tuple[int, int],
    source_id_shift: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of allStar that get a spectrum, and the stars they are of.

    Args:
        stars: columns of `population.draw`, sorted by source_id.
        allstar: columns of allStar, one row a spectrum.
        source_ids: source_id of each row of allStar.
        pixels: first and last sky pixel of the part of the sky.
        source_id_shift: bits by which a source_id is shifted to get its pixel.

    Returns:
        Rows of allStar and rows of `stars`.

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
    pixel, logg = np.asarray(source_ids) >> source_id_shift, stars["logg"][star]
    chosen = (pixel >= pixels[0]) & (pixel <= pixels[1]) & (logg > LOGG[0]) & (logg < LOGG[1])
    rows = np.flatnonzero(chosen & (allstar["SNR"] > 0))
    return rows, star[rows]


def write_spectra(
    folder: str | Path,
    stars: Mapping[str, np.ndarray],
    allstar: Mapping[str, np.ndarray],
    rows: np.ndarray,
    star: np.ndarray,
    seed: int,
    error_scale: float = 1.0,
) -> Iterator[str]:
    """Simulate and write the spectra of rows of allStar.

    Args:
        folder: gets `{telescope}/{field}/{file}` for each row.
        stars: columns of `population.draw`.
        allstar: columns of allStar.
        rows: rows of allStar.
        star: their rows in `stars`.
        seed: of the sky.
        error_scale: factor on the reported errors.

    Yields:
        Names of the files below `folder`, in the order of `rows`.
    """
    again = np.concatenate([[False], star[1:] == star[:-1]])
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        truth = {name: np.asarray(values)[star[part]] for name, values in stars.items()}
        # A repeated row is another spectrum of its star: same star, other noise.
        truth["star"] = 2 * truth["star"] + again[part]
        table = {name: np.asarray(values)[rows[part]] for name, values in allstar.items()}
        seen = observe(truth, table["H"], table["SNR"], table["NVISITS"], seed, error_scale)
        for k in range(len(table["H"])):
            name = "/".join(str(table[key][k]) for key in ("TELESCOPE", "FIELD", "FILE"))
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            about = {key: table[column][k] for key, column in HEADER.items()}
            write_apstar(path, about | {key: seen[key][k] for key in ("flux", "error", "mask")})
            yield name
