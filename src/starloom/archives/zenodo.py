"""Catalogues that papers keep on Zenodo: what a record holds, and its files with their md5 sums."""

import json
from dataclasses import replace
from pathlib import Path

from starloom.archives.datasets import Dataset
from starloom.archives.fetch import Fetcher
from starloom.archives.wanted import Wanted

RECORD = "record.json"


def fetch_record(
    dataset: Dataset, fetcher: Fetcher, folder: Path, names: tuple[str, ...] = ()
) -> list[Path]:
    """
    Fetch files of a record.

    Args:
        dataset: row `zenodo_*`, whose address is the record's in Zenodo's API.
        fetcher: how to fetch.
        folder: where the files go; the record's description is kept beside them.
        names: of the files; all by default.

    Returns:
        Paths of the files.

    Raises:
        FetchError: if a file cannot be had.
        ValueError: if the record lacks a file, or is described in another way than expected.
    """
    card = folder / RECORD
    fetcher.fetch([replace(dataset.wanted(card), kind="json", listed=False)], "record")
    files = _files(card, dataset)
    missing = [name for name in names if name not in files]
    if missing:
        raise ValueError(
            f"{dataset.address} has no file {', '.join(missing)}; it has {', '.join(files)}"
        )
    wanted = [
        Wanted(
            path=folder / name,
            addresses=(files[name]["links"]["self"],),
            dataset=dataset.name,
            release=dataset.release,
            checksum=files[name]["checksum"],
            bytes=files[name]["size"],
        )
        for name in names or files
    ]
    fetcher.fetch(wanted, dataset.name)
    return [one.path for one in wanted]


def _files(card: Path, dataset: Dataset) -> dict[str, dict]:
    record = json.loads(card.read_text())
    try:
        files = {str(entry["key"]): entry for entry in record["files"]}
        described = all(
            entry["links"]["self"] and entry["checksum"] and entry["size"] >= 0
            for entry in files.values()
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{dataset.address} describes its files in another way") from error
    if not described or any("/" in name for name in files):
        raise ValueError(f"{dataset.address} describes its files in another way")
    return files
