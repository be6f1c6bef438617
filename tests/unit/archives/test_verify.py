"""Whether files are whole."""

import gzip
import io
import zipfile

import numpy as np
import pytest
from astropy.io import fits

from starloom.archives.verify import BadFile, check_content, wanted_kind


def _fits(**header):
    handle = io.BytesIO()
    image = fits.ImageHDU(np.arange(1000, dtype=np.float32))
    table = fits.BinTableHDU.from_columns(
        [fits.Column("a", "PD()", array=np.array([[1.0], [2.0, 3.0]], dtype=object))]
    )
    fits.HDUList([fits.PrimaryHDU(), image, table]).writeto(handle, **header)
    return handle.getvalue()


def _zip():
    handle = io.BytesIO()
    with zipfile.ZipFile(handle, "w") as archive:
        archive.writestr("a.csv", "x\n1\n" * 100)
    return handle.getvalue()


WHOLE = {
    "a.fits": _fits(),
    "sums.fits": _fits(checksum=True),
    "a.csv.gz": gzip.compress(b"x\n1\n" * 1000),
    "a.zip": _zip(),
    "empty.zip": b"PK\x05\x06" + bytes(18),
    "a.vot": b"<?xml version='1.0'?><VOTABLE version='1.4'><RESOURCE/></VOTABLE>\n",
    "gzipped.vot": gzip.compress(b"<VOTABLE></VOTABLE>"),
    "a.csv": b"x\n1\n",
    "a.bin": b"anything",
}


@pytest.fixture
def put(tmp_path):
    def write(name, body):
        path = tmp_path / name
        path.write_bytes(body)
        return path

    return write


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_pass(put, name):
    path = put(name, WHOLE[name])
    check_content(path, wanted_kind(path))


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("a.csv", "a.bin")])
@pytest.mark.parametrize("left", [0.0, 0.01, 0.5, 0.97])
def test_cut_files_are_refused(put, name, left):
    path = put(name, WHOLE[name][: int(len(WHOLE[name]) * left)])
    with pytest.raises(BadFile):
        check_content(path, wanted_kind(path))


def test_a_fits_file_cut_between_two_extensions_is_whole_by_its_form_only(put):
    """Only its size tells: so the server's length, or a checksum, is asked for."""
    whole = WHOLE["a.fits"]
    with fits.open(io.BytesIO(whole)) as hdus:
        end = hdus[1].fileinfo()["datLoc"] + hdus[1].fileinfo()["datSpan"]
    check_content(put("a.fits", whole[:end]), "fits")
    with pytest.raises(BadFile, match="headers say"):
        check_content(put("b.fits", whole[: end - 2880]), "fits")


def test_a_changed_byte_is_seen_where_there_is_a_sum(put):
    body = bytearray(WHOLE["sums.fits"])
    with fits.open(io.BytesIO(WHOLE["sums.fits"])) as hdus:
        body[hdus[1].fileinfo()["datLoc"] + 5] ^= 1
    with pytest.raises(BadFile, match="DATASUM"):
        check_content(put("a.fits", bytes(body)), "fits")
    body = bytearray(WHOLE["a.csv.gz"])
    body[-6] ^= 1
    with pytest.raises(BadFile, match="gzip"):
        check_content(put("a.csv.gz", bytes(body)), "gzip")


PAGES = {
    "a page": b"<!DOCTYPE html><html><body>busy</body></html>",
    "xml that is no VOTable": b"<?xml version='1.0'?><error/>",
    "nothing": b"",
    "blanks": b" \n\n",
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("kind", ["fits", "gzip", "zip", "votable", "text"])
def test_pages_and_empty_files_are_no_data(put, body, kind):
    with pytest.raises(BadFile, match=r"empty|web page"):
        check_content(put("x", body), kind)


def test_a_page_within_gzip_is_no_data(put):
    with pytest.raises(BadFile, match="web page"):
        check_content(put("a.csv.gz", gzip.compress(PAGES["a page"])), "gzip")


def test_a_listing_must_be_a_page_with_its_end(put):
    check_content(put("whole", PAGES["a page"]), "page")
    with pytest.raises(BadFile, match="closing tag"):
        check_content(put("cut", PAGES["a page"][:-4]), "page")


def test_one_kind_does_not_pass_for_another(put):
    with pytest.raises(BadFile, match="it is gzip, not fits"):
        check_content(put("a.fits", WHOLE["a.csv.gz"]), "fits")
