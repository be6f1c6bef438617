"""Text of raw files as blocks of whole lines, from plain, gzipped or zipped files, streamed."""

import contextlib
import io
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starloom.archives.ahead import ahead

BLOCK_BYTES = 1 << 23
"""Text in one block: about 200 XP spectra with correlations, and still in the cache."""

PIECE_BYTES = 1 << 20
"""How much of a file is read, and of its gzipped content undone, at a time."""

_HEAD_BYTES = 1024
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"SIMPLE  =": "fits",
    b"Obj\x01": "avro",
    b"PAR1": "parquet",
}


@dataclass(frozen=True)
class Member:
    """A file inside a zip, which every reader of raw files takes in place of a path."""

    archive: Path
    name: str

    def __str__(self):
        return f"{self.archive}: {self.name}"


Source = str | Path | Member


@contextlib.contextmanager
def open_raw(source: Source) -> Iterator[BinaryIO]:
    """
    Open a raw file, or a file inside a zip, for reading bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a zip is cut or damaged.
    """
    if not isinstance(source, Member):
        with open(source, "rb") as handle:
            yield handle
        return
    with _open_zip(source.archive) as archive, archive.open(source.name) as handle:
        yield handle


def kind_of(head: bytes, source: Source) -> str:
    """
    What a file is, from its first bytes, whatever its name says.

    Args:
        head: the first kilobyte of the file.
        source: for messages.

    Returns:
        One of gzip, zip, fits, avro, parquet, votable, text.

    Raises:
        ValueError: if the file is empty, an HTML page, or XML that is not a VOTable.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not text:
        raise ValueError(f"{source} is empty; get it again")
    if text.startswith(b"<"):
        if b"<votable" in text:
            return "votable"
        raise ValueError(
            f"{source} is a web page, not data: an archive's error message saved under a data "
            "file's name; remove it and get the file again"
        )
    return "text"


def file_kind(source: Source) -> tuple[str, str]:
    """
    What a file is, and what is inside when it is gzipped.

    Returns:
        The kind of the file and the kind of its content; the same unless it is gzip.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: see `kind_of`; also if a gzip file is damaged.
    """
    with open_raw(source) as handle:
        kind = kind_of(handle.read(_HEAD_BYTES), source)
    if kind != "gzip":
        return kind, kind
    with contextlib.closing(_gunzipped(source, _HEAD_BYTES)) as pieces:
        return kind, kind_of(next(pieces, b""), source)


def raw_bytes(source: Source) -> bytes:
    """The whole content of a raw file, gzip undone."""
    if file_kind(source)[0] == "gzip":
        return b"".join(_gunzipped(source, PIECE_BYTES))
    with open_raw(source) as handle:
        return handle.read()


def pieces(source: Source, piece_bytes: int = PIECE_BYTES) -> Generator[bytes]:
    """
    Stream the content of a raw file in pieces, gzip undone.

    Raises:
        ValueError: if a gzip file is cut or damaged.
    """
    if file_kind(source)[0] == "gzip":
        yield from _gunzipped(source, piece_bytes)
        return
    with open_raw(source) as handle:
        while piece := handle.read(piece_bytes):
            yield piece


def text_blocks(source: Source, block_bytes: int = BLOCK_BYTES) -> Iterator[io.BytesIO]:
    """
    Stream a text file as blocks of whole lines; gzip is undone on another thread.

    Args:
        source: a plain or gzipped text file.
        block_bytes: about how much text is in a block; a longer line makes a longer block.

    Yields:
        Blocks of bytes that end with a newline, in buffers that the reader may change.

    Raises:
        ValueError: if a gzip file is cut or damaged.
    """
    with contextlib.closing(ahead(pieces(source), 2 + block_bytes // PIECE_BYTES)) as early:
        yield from _whole_lines(early, block_bytes)


def zip_members(path: str | Path) -> list[Member]:
    """
    The files inside an archive's zip.

    Raises:
        ValueError: if the zip is cut or damaged.
    """
    with _open_zip(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return [Member(Path(path), name) for name in names]


@contextlib.contextmanager
def _open_zip(path: str | Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} is a cut or damaged zip ({error}); get it again") from error


def _gunzipped(source: Source, piece_bytes: int) -> Iterator[bytes]:
    with open_raw(source) as handle:
        try:
            yield from _members(handle, piece_bytes)
        except (zlib.error, EOFError) as error:
            raise ValueError(
                f"{source} is a cut or damaged gzip file ({error}); remove it and get it again"
            ) from error


def _members(handle: BinaryIO, piece_bytes: int) -> Iterator[bytes]:
    """Undo gzip member after member; a file that ends inside one raises EOFError."""
    while data := handle.read(PIECE_BYTES):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            data = data or handle.read(PIECE_BYTES)
            if piece := member.decompress(data, piece_bytes):
                yield piece
            elif not data:
                raise EOFError("it ends before its end mark")
            data = member.unconsumed_tail
        handle.seek(-len(member.unused_data), io.SEEK_CUR)


def _whole_lines(text: Iterator[bytes], block_bytes: int) -> Iterator[io.BytesIO]:
    held: list[bytes] = []
    size = 0
    for piece in text:
        held.append(piece)
        size += len(piece)
        cut = piece.rfind(b"\n") + 1 if size >= block_bytes else 0
        if cut:
            held[-1] = piece[:cut]
            yield io.BytesIO(b"".join(held))
            held = [piece[cut:]]
            size = len(held[0])
    if size:
        last = b"".join(held)
        yield io.BytesIO(last if last.endswith(b"\n") else last + b"\n")
