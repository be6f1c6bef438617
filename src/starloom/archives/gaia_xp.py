"""
XP continuous spectra of some stars, from the Gaia archive's DataLink service.

A request names up to 5,000 stars; the answer is a zip, and stars without the product are missing
from it silently, others by mishap. So ids are reconciled after each round, and the missing ones
are asked for again in smaller blocks.
"""

import hashlib
import zipfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from starloom.archives.asking import blocks
from starloom.archives.datasets import Dataset
from starloom.archives.fetch import Fetcher
from starloom.archives.verify import BadFile
from starloom.archives.wanted import Wanted
from starloom.archives.write_text import write_gzipped

BLOCK = 1500
"""Stars in a request; the service allows 5,000 but answers such ones badly."""

ROUNDS = 3
_SMALLER = 5

Rows = dict[int, bytes]


def fetch_xp(
    dataset: Dataset,
    fetcher: Fetcher,
    ids: Int[np.ndarray, " n"],
    path: str | Path,
    folder: Path,
    block: int = BLOCK,
) -> Int[np.ndarray, " missing"]:
    """
    Fetch the XP continuous spectra of some stars and write them in the order of source_id.

    Args:
        dataset: row `gaia_datalink`.
        fetcher: how to fetch; its manifest is not used for the answers.
        ids: source ids, of stars that have the product.
        path: `XpContinuousMeanSpectrum_{chunk}.csv.gz`; the cells keep the archive's own text.
        folder: where answers are kept; a run that was stopped goes on from them.
        block: stars in a request of the first round.

    Returns:
        The ids for which the archive gave no spectrum, though it was asked three times.

    Raises:
        FetchError: if an answer cannot be had.
        BadFile: if an answer is no zip of XP spectra in csv.
        ValueError: if no star has a spectrum.
    """
    ids = np.unique(ids)
    first = _ask(dataset, fetcher, ids, folder, block, 0)
    header, found = _contents(first)
    extra: Rows = {}
    missing = np.setdiff1d(ids, found)
    for round_ in range(1, ROUNDS):
        if not len(missing):
            break
        size = max(1, block // _SMALLER**round_)
        print(f"{path}: {len(missing)} of {len(ids)} spectra are missing; asking again")
        for answer in _ask(dataset, fetcher, missing, folder, size, round_):
            names, rows = read_answer(answer)
            header, extra = header or names, extra | rows
        missing = np.setdiff1d(missing, np.fromiter(extra, np.int64, len(extra)))
    if len(missing) == len(ids):
        raise ValueError(f"{path}: the archive gave no XP spectrum for any of {len(ids)} stars")
    write_gzipped(path, _text(header, _sorted_lines(first, header, extra, set(ids.tolist()))))
    return missing


def read_answer(path: str | Path) -> tuple[bytes, Rows]:
    """
    Read the zip that DataLink answers.

    Args:
        path: with files `XP_CONTINUOUS*.csv`, one of all stars or one a star.

    Returns:
        The line of column names, and each star's line by source_id; b'' and none if it is empty.

    Raises:
        BadFile: if a file in it is something else, or they have different columns.
    """
    header, rows = b"", {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if "XP_CONTINUOUS" not in name.upper() or not name.lower().endswith(".csv"):
                raise BadFile(f"{path} holds {name} where XP_CONTINUOUS csv files should be")
            lines = [line for line in archive.read(name).splitlines() if not line.startswith(b"#")]
            if header and lines and lines[0] != header:
                raise BadFile(f"{path}: {name} has other columns than the file before it")
            header = lines[0] if lines else header
            rows |= _by_id(lines, f"{path}, {name}")
    return header, rows


def _ask(
    dataset: Dataset, fetcher: Fetcher, ids: np.ndarray, folder: Path, block: int, round_: int
) -> list[Path]:
    """The answers about some stars, from the disk where they are there."""
    wanted = []
    for some in blocks(ids, block):
        digest = hashlib.sha256(some.tobytes()).hexdigest()[:24]
        wanted.append(
            Wanted(
                path=Path(folder) / f"{round_}-{digest}.zip",
                addresses=dataset.addresses(),
                dataset=dataset.name,
                release=dataset.release,
                form=_form(some, dataset.release),
            )
        )
    replace(fetcher, manifest=None).fetch(wanted, "XP spectra")
    return [one.path for one in wanted]


def _form(ids: np.ndarray, release: str) -> dict[str, str]:
    return {
        "VALID_DATA": "false",
        "ID": ",".join(map(str, ids.tolist())),
        "RELEASE": release,
        "DATA_STRUCTURE": "RAW",
        "FORMAT": "csv",
        "RETRIEVAL_TYPE": "XP_CONTINUOUS",
        "USE_ZIP_ALWAYS": "true",
    }


def _by_id(lines: Sequence[bytes], where: str) -> Rows:
    names = lines[0].split(b",") if lines else []
    if lines and b"source_id" not in names:
        raise BadFile(f"{where} has no column source_id")
    rows = {}
    for number, line in enumerate(lines[1:], start=2):
        # Cells before source_id are plain numbers; the arrays, with their commas, come after.
        place = names.index(b"source_id")
        cell = line.split(b",", place + 1)[place]
        if not cell.isdigit():
            raise BadFile(f"{where}, line {number}: {cell[:40]!r} is no source_id")
        rows[int(cell)] = line
    return rows


def _contents(answers: Sequence[Path]) -> tuple[bytes, np.ndarray]:
    """The column names of some answers, and the ids in them."""
    header, found = b"", []
    for answer in answers:
        names, rows = read_answer(answer)
        header = header or names
        found.append(np.fromiter(rows, np.int64, len(rows)))
    return header, np.concatenate(found)


def _sorted_lines(
    answers: Sequence[Path], header: bytes, extra: Rows, asked: set[int]
) -> Iterator[bytes]:
    """Lines of the stars asked for, in the order of their ids; one answer in memory at a time."""
    late = sorted(extra.keys() & asked)
    for answer in answers:
        names, rows = read_answer(answer)
        if names and names != header:
            raise BadFile(f"{answer} has other columns than the answers before it")
        for key in sorted(rows.keys() & asked):
            while late and late[0] < key:
                yield extra[late.pop(0)]
            yield rows[key]
    for key in late:
        yield extra[key]


def _text(header: bytes, lines: Iterator[bytes]) -> Generator[bytes]:
    yield header + b"\n"
    for line in lines:
        yield line + b"\n"
