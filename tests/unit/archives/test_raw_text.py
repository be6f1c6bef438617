"""Raw text as a stream of whole lines, and what a file is."""

import gzip
import threading
import zlib

import pytest

from starloom.archives.ahead import ahead
from starloom.archives.raw_text import (
    Member,
    file_kind,
    kind_of,
    pieces,
    raw_bytes,
    text_blocks,
    zip_members,
)

TEXT = b"".join(b"line %d, %s\n" % (k, b"x" * (k % 40)) for k in range(500))


@pytest.mark.parametrize("block_bytes", [1, 7, 100, 4096, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_blocks_are_whole_lines_and_joined_the_text(tmp_path, block_bytes, packed):
    path = tmp_path / "text"
    path.write_bytes(gzip.compress(TEXT) if packed else TEXT)
    blocks = [block.getvalue() for block in text_blocks(path, block_bytes)]
    assert b"".join(blocks) == TEXT
    assert all(block.endswith(b"\n") for block in blocks)


def test_a_last_line_without_its_end_gets_one(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"a\nb")
    assert b"".join(block.getvalue() for block in text_blocks(path)) == b"a\nb\n"


def test_gzip_cut_anywhere_is_an_error_that_names_the_file(tmp_path):
    packed = gzip.compress(TEXT)
    path = tmp_path / "cut.gz"
    for length in (12, 100, len(packed) // 2, len(packed) - 1):
        path.write_bytes(packed[:length])
        with pytest.raises(ValueError, match=r"cut\.gz is a cut or damaged gzip"):
            raw_bytes(path)


def test_a_wrong_checksum_in_gzip_is_an_error(tmp_path):
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1
    path = tmp_path / "bad.gz"
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"bad\.gz is a cut or damaged gzip"):
        list(text_blocks(path))


def test_long_runs_of_one_letter_come_out_of_gzip_whole(tmp_path):
    path = tmp_path / "run.gz"
    path.write_bytes(gzip.compress(b"a" * 10_000_000))
    assert sum(len(piece) for piece in pieces(path, 1 << 16)) == 10_000_000


def test_members_of_gzip_follow_each_other(tmp_path):
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(b"one\n") + zlib.compress(b"two\n", wbits=31))
    assert raw_bytes(path) == b"one\ntwo\n"


def test_kind_is_told_from_the_first_bytes_not_the_name(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(gzip.compress(b"SIMPLE  =                    T"))
    assert file_kind(path) == ("gzip", "fits")
    assert kind_of(b"\xef\xbb\xbfsource_id,ra\n", path) == "text"
    assert kind_of(b"<?xml version='1.0'?>\n<VOTABLE>", path) == "votable"
    with pytest.raises(ValueError, match="web page"):
        kind_of(b"<?xml version='1.0'?>\n<Error>busy</Error>", path)


def test_a_file_in_a_zip_is_read_like_a_file(tmp_path):
    import zipfile

    path = tmp_path / "answer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/a file.csv.gz", gzip.compress(TEXT))
    assert zip_members(path) == [Member(path, "folder/a file.csv.gz")]
    assert raw_bytes(zip_members(path)[0]) == TEXT
    assert str(zip_members(path)[0]).endswith("answer.zip: folder/a file.csv.gz")


def test_what_is_produced_ahead_comes_in_order_and_its_errors_rise():
    def numbers():
        yield from range(50)
        raise ValueError("no more")

    seen = []
    with pytest.raises(ValueError, match="no more"):
        for number in ahead(numbers()):
            seen.append(number)
    assert seen == list(range(50))


def test_closing_early_ends_the_other_thread():
    closed = threading.Event()

    def numbers():
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    stream = ahead(numbers())
    assert next(stream) == 0
    before = threading.active_count()
    stream.close()
    assert closed.wait(5)
    assert threading.active_count() < before
