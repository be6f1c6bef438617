"""The manifest of raw files."""

import hashlib
import multiprocessing

import pytest

from starloom.archives.manifest import Manifest, without_login


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "results" / "raw"
    folder.mkdir(parents=True)
    return folder


def _file(raw, name, text):
    path = raw / name
    path.write_text(text)
    return path


def test_a_row_says_where_a_file_came_from(raw):
    manifest = Manifest(raw / "manifest.csv")
    row = manifest.add(_file(raw, "a, b.fits", "x"), "https://me:secret@archive/a?x=1,2", "DR17")
    assert manifest.rows() == {"results/raw/a, b.fits": row}
    assert row.sha256 == hashlib.sha256(b"x").hexdigest()
    assert (row.address, row.bytes, row.release) == ("https://archive/a?x=1,2", 1, "DR17")
    assert "secret" not in manifest.path.read_text()


def test_the_newest_row_of_a_file_counts(raw):
    manifest = Manifest(raw / "manifest.csv")
    manifest.add(_file(raw, "a", "old"), "http://x/a", "1")
    newest = manifest.add(_file(raw, "a", "new one"), "http://x/a", "2")
    assert list(manifest.rows().values()) == [newest]


def _add(path, first, count):
    manifest = Manifest(path)
    for number in range(first, first + count):
        manifest.add(_file(path.parent, str(number), str(number)), f"http://x/{number}", "1")


def test_many_processes_append_and_no_row_is_lost(raw):
    path = raw / "manifest.csv"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add, args=(path, 50 * k, 50)) for k in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rows = Manifest(path).rows()
    assert {row.path: row.bytes for row in rows.values()} == {
        f"results/raw/{number}": len(str(number)) for number in range(150)
    }
    assert path.read_text().count("path,address") == 1


def test_a_line_that_a_killed_process_left_unfinished_is_dropped(raw):
    manifest = Manifest(raw / "manifest.csv")
    manifest.add(_file(raw, "a", "x"), "http://x/a", "1")
    with open(manifest.path, "a") as handle:
        handle.write("results/raw/b,http://x/b,12")
    manifest.add(_file(raw, "c", "x"), "http://x/c", "1")
    assert list(manifest.rows()) == ["results/raw/a", "results/raw/c"]


def test_a_broken_row_is_named(raw):
    path = raw / "manifest.csv"
    path.write_text("path,address,sha256,bytes,time,release\na,b,c,many,e,f\n")
    with pytest.raises(ValueError, match=r"manifest\.csv, line 2.*many"):
        Manifest(path).rows()


def test_an_address_loses_its_login_only():
    assert without_login("https://a:b@host:80/x?y#z") == "https://host:80/x?y#z"
    assert without_login("https://host/x@y") == "https://host/x@y"
