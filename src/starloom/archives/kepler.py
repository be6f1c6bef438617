"""Kepler long-cadence light curves from MAST: what a star has, and the files themselves."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from starloom.archives.datasets import Datasets
from starloom.archives.fetch import Fetcher
from starloom.archives.wanted import FetchError, Wanted

_LIGHT_CURVE = re.compile(r'href="[^"]*?(kplr(\d{9})-\d{13}_llc\.fits)"', re.IGNORECASE)
LISTING = ".quarters.html"


def kic9(kic: int) -> str:
    """A KIC number as the archive's names have it: nine digits."""
    return f"{int(kic):09d}"


def folder_of(kic: int) -> Path:
    """Folder of a star below that of all light curves, as in the archive."""
    return Path(kic9(kic)[:4]) / kic9(kic)


def fetch_light_curves(
    datasets: Datasets, fetcher: Fetcher, kics: Int[np.ndarray, " n"], folder: Path
) -> Int[np.ndarray, " missing"]:
    """
    Fetch all long-cadence quarters of some stars.

    Args:
        datasets: the sources.
        fetcher: how to fetch.
        kics: KIC numbers.
        folder: of all light curves; each goes to {KIC9[:4]}/{KIC9}/ below it.

    Returns:
        The stars that have no light curve in the archive.

    Raises:
        FetchError: if files could not be had.
    """
    kics = np.unique(kics)
    listings = {kic: _listing(datasets, kic, folder) for kic in kics.tolist()}
    try:
        replace(fetcher, quiet=True).fetch(listings.values(), "folders")
    except FetchError as error:
        if not all(failure.gone for failure in error.failures):
            raise
    dataset = datasets["kepler_lightcurve"]
    wanted, missing = [], []
    for kic, page in listings.items():
        files = quarters(page.path.read_text(), kic) if page.path.exists() else []
        if not files:
            missing.append(kic)
        for name in files:
            parts = {"kic4": kic9(kic)[:4], "kic9": kic9(kic), "file": name}
            wanted.append(dataset.wanted(folder / folder_of(kic) / name, **parts))
    fetcher.fetch(wanted, "light curves")
    return np.array(missing, np.int64)


def quarters(page: str, kic: int) -> list[str]:
    """
    Long-cadence files of a star on its folder's page.

    Args:
        page: the page's text.
        kic: the star.

    Returns:
        File names in the order of time; files of other stars and short cadences are left out.
    """
    found = {name for name, star in _LIGHT_CURVE.findall(page) if star == kic9(kic)}
    return sorted(found)


def batch(kics: Int[np.ndarray, " n"], index: int, count: int) -> Int[np.ndarray, " n_of_batch"]:
    """One of some batches of stars of about equal size; each star is in one of them."""
    return np.array_split(np.unique(kics), count)[index]


def _listing(datasets: Datasets, kic: int, folder: Path) -> Wanted:
    path = folder / folder_of(kic) / LISTING
    wanted = datasets["kepler_folder"].wanted(path, kic4=kic9(kic)[:4], kic9=kic9(kic))
    return replace(wanted, kind="page", listed=False)
