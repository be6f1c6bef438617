"""APOGEE spectra from the SDSS archive, a field at a time, with the field's list of checksums."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from starloom.archives.datasets import Datasets
from starloom.archives.fetch import Fetcher
from starloom.archives.gaia_client import read_sums
from starloom.archives.wanted import Failure, FetchError


@dataclass(frozen=True)
class Spectrum:
    """One file of a star: its place in the archive, and below the raw folder."""

    telescope: str
    field: str
    file: str

    @property
    def folder(self) -> Path:
        """Below the folder of all such files."""
        return Path(self.telescope) / self.field


KINDS = {"stars": "apogee_star", "aspcap": "apogee_aspcapstar"}
"""Rows of config/datasets.csv by the folder below results/raw/apogee."""


def spectra(allstar: Mapping[str, np.ndarray], kind: str) -> list[Spectrum]:
    """
    The files of stars.

    Args:
        allstar: TELESCOPE, FIELD, FILE and APOGEE_ID of some rows.
        kind: `stars` for apStar and asStar, `aspcap` for aspcapStar.

    Returns:
        One a file, by telescope, field and name; rows without a file are left out.
    """
    found = set()
    for telescope, field, file, star in zip(
        *(allstar[name] for name in ("TELESCOPE", "FIELD", "FILE", "APOGEE_ID")), strict=True
    ):
        name = file_name(file, star, kind)
        if str(telescope) and str(field) and name:
            found.add((str(telescope), str(field), name))
    return [Spectrum(*one) for one in sorted(found)]


def file_name(file: str, apogee_id: str, kind: str) -> str:
    """Name of a star's file: allStar's FILE, or that of its aspcapStar file."""
    return str(file) if kind == "stars" else f"aspcapStar-dr17-{apogee_id}.fits"


def batch(files: Sequence[Spectrum], index: int, count: int) -> list[Spectrum]:
    """
    One of some batches of about equal size, each of whole fields.

    Args:
        files: sorted by telescope and field.
        index: of the batch, from 0.
        count: of all batches.
    """
    chosen, first = [], 0
    for _, field in itertools.groupby(files, lambda one: one.folder):
        some = list(field)
        # A field belongs to the batch in which its middle falls.
        middle = first + len(some) / 2
        chosen += some if int(middle * count / len(files)) == index else []
        first += len(some)
    return chosen


def fetch_spectra(
    datasets: Datasets, fetcher: Fetcher, files: Iterable[Spectrum], kind: str, folder: Path
) -> list[Spectrum]:
    """
    Fetch spectra, each checked against its field's list where that has it.

    Args:
        datasets: the sources.
        fetcher: how to fetch.
        files: what to fetch.
        kind: `stars` or `aspcap`.
        folder: of all such files; each goes to {telescope}/{field}/{file} below it.

    Returns:
        The files that the archive has not.

    Raises:
        FetchError: if others could not be had.
    """
    files = list(files)
    sums = _sums(datasets, fetcher, files, kind, folder)
    dataset = datasets[KINDS[kind]]
    wanted = {}
    for one in files:
        path = folder / one.folder / one.file
        sha1 = sums[one.folder].get(one.file)
        wanted[path] = replace(
            dataset.wanted(path, telescope=one.telescope, field=one.field, file=one.file),
            checksum=f"sha1:{sha1}" if sha1 else None,
        )
    gone = _fetch_what_is_there(fetcher, wanted.values(), "APOGEE spectra")
    paths = {failure.wanted.path for failure in gone}
    return [one for one in files if folder / one.folder / one.file in paths]


def list_name(telescope: str, field: str) -> str:
    """Name of the list of checksums in a folder of aspcapStar files."""
    run = "dr17_synspec_rev1" if telescope == "lco25m" else "dr17_synspec"
    return f"{run}_{telescope}_{field}.sha1sum"


def _sums(
    datasets: Datasets, fetcher: Fetcher, files: list[Spectrum], kind: str, folder: Path
) -> dict[Path, dict[str, str]]:
    """sha1 by file name for each field; empty where the archive has no list."""
    dataset = datasets[f"{KINDS[kind]}_sums"]
    wanted = {}
    for one in {one.folder: one for one in files}.values():
        name = list_name(one.telescope, one.field)
        path = folder / one.folder / ".sha1sum"
        parts = {"telescope": one.telescope, "field": one.field, "list": name}
        wanted[one.folder] = replace(dataset.wanted(path, **parts), kind="text", listed=False)
    _fetch_what_is_there(replace(fetcher, quiet=True), wanted.values(), "checksums")
    return {
        place: read_sums(one.path) if one.path.exists() else {} for place, one in wanted.items()
    }


def _fetch_what_is_there(fetcher: Fetcher, wanted: Iterable, what: str) -> list[Failure]:
    """Fetch files; those that the archive does not have are given back, other faults raised."""
    try:
        fetcher.fetch(wanted, what)
    except FetchError as error:
        if not all(failure.gone for failure in error.failures):
            raise
        return error.failures
    return []
