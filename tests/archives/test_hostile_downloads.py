"""Downloads from a server that does everything wrong: a right file or a clear error, never half."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from twin.files import fits_bytes
from twin.server import Fault

from starloom.archives.logins import Logins
from starloom.archives.wanted import FetchError, Wanted

BODY = fits_bytes(5000)


def _wanted(site, raw, name="a.fits", **more):
    return Wanted(raw / name, (f"{site.address}/{name}",), "a_dataset", "DR0", **more)


def _put(site, name="a.fits", body=BODY):
    path = site.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _sha1(body):
    return "sha1:" + hashlib.sha1(body).hexdigest()


PASSING = {
    "cut connection": Fault("cut"),
    "503 then 200": Fault("status", 503),
    "429 with a pause": Fault("status", 429, retry_after="1"),
    "500": Fault("status", 500),
    "a page with status 200": Fault("page"),
    "an empty 202": Fault("empty"),
    "wrong bytes": Fault("flipped"),
    "a file too short": Fault("short"),
    "slow trickle": Fault("trickle"),
    "silence": Fault("silent"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_ends_in_the_right_file(site, raw, fetcher, name):
    _put(site)
    site.faults["/a.fits"] = [PASSING[name]]
    assert fetcher.fetch([_wanted(site, raw, checksum=_sha1(BODY))]) == [raw / "a.fits"]
    assert (raw / "a.fits").read_bytes() == BODY
    assert sorted(path.name for path in raw.iterdir()) == ["a.fits", "manifest.csv"]
    (row,) = fetcher.manifest.rows().values()
    assert (row.path, row.sha256) == ("results/raw/a.fits", hashlib.sha256(BODY).hexdigest())
    assert (row.address, row.bytes, row.release) == (f"{site.address}/a.fits", len(BODY), "DR0")


@pytest.mark.parametrize("name", sorted(set(PASSING) - {"429 with a pause"}))
def test_a_lasting_fault_ends_in_an_error_that_names_file_and_remedy(site, raw, fetcher, name):
    _put(site)
    fault = PASSING[name]
    site.faults["/a.fits"] = [Fault(fault.kind, fault.code, for_ever=True)]
    with pytest.raises(FetchError) as error:
        fetcher.fetch([_wanted(site, raw, checksum=_sha1(BODY))])
    assert str(raw / "a.fits") in str(error.value)
    assert f"{site.address}/a.fits" in str(error.value)
    assert "mend the row 'a_dataset' of config/datasets.csv" in str(error.value)
    assert not (raw / "a.fits").exists()
    assert not fetcher.manifest.rows()


def test_a_cut_file_without_a_checksum_is_found_by_its_length_or_form(site, raw, fetcher):
    _put(site)
    site.faults["/a.fits"] = [Fault("short"), Fault("lengthless"), Fault("cut")]
    fetcher.fetch([_wanted(site, raw)])
    assert (raw / "a.fits").read_bytes() == BODY


def test_text_of_unknown_length_without_a_checksum_is_refused(site, raw, fetcher):
    _put(site, "a.csv", b"x\n1\n")
    site.faults["/a.csv"] = [Fault("lengthless", for_ever=True)]
    with pytest.raises(FetchError, match="does not say how long"):
        fetcher.fetch([_wanted(site, raw, "a.csv")])
    fetcher.fetch([_wanted(site, raw, "a.csv", checksum=_sha1(b"x\n1\n"))])
    assert (raw / "a.csv").read_bytes() == b"x\n1\n"


def test_a_missing_file_is_asked_for_once_and_then_at_the_mirror(site, raw, fetcher):
    _put(site, "mirror/a.fits")
    addresses = (f"{site.address}/a.fits", f"{site.address}/mirror/a.fits")
    fetcher.fetch([Wanted(raw / "a.fits", addresses, "a_dataset")])
    assert [asked.status for asked in site.asked] == [404, 200]
    with pytest.raises(FetchError, match="404") as error:
        fetcher.fetch([_wanted(site, raw, "b.fits")])
    (failure,) = error.value.failures
    assert failure.gone


def test_a_cut_transfer_is_continued_and_not_repeated(site, raw, fetcher):
    body = fits_bytes(100_000)
    _put(site, body=body)
    site.faults["/a.fits"] = [Fault("cut", at=0.5), Fault("cut", at=0.5)]
    fetcher.fetch([_wanted(site, raw, checksum=_sha1(body))])
    assert [asked.status for asked in site.asked] == [200, 206, 206]
    assert sum(asked.sent for asked in site.asked) == len(body)


def test_a_file_that_changed_meanwhile_is_fetched_anew(site, raw, fetcher):
    _put(site, body=fits_bytes(100_000))
    site.faults["/a.fits"] = [Fault("cut")] * 5
    with pytest.raises(FetchError):
        fetcher.fetch([_wanted(site, raw)])
    site.faults.clear()
    _put(site, body=fits_bytes(100_000, seed=1))
    fetcher.fetch([_wanted(site, raw)])
    assert site.asked[-1].status == 200
    assert (raw / "a.fits").read_bytes() == fits_bytes(100_000, seed=1)


def test_a_wrong_checksum_in_the_table_is_said(site, raw, fetcher):
    _put(site)
    with pytest.raises(FetchError, match="checksum is not sha1:00"):
        fetcher.fetch([_wanted(site, raw, checksum="sha1:" + "00" * 20)])
    assert len(site.asked) == 3


def test_what_is_there_is_not_asked_for_and_what_is_damaged_is(site, raw, fetcher):
    for name in ("a.fits", "b.fits", "c.fits"):
        _put(site, name)
    wanted = [_wanted(site, raw, name) for name in ("a.fits", "b.fits", "c.fits")]
    fetcher.fetch(wanted[:2])
    (raw / "b.fits").write_bytes(BODY[:5760])
    (raw / "c.fits").write_bytes(BODY)
    site.asked.clear()
    assert fetcher.fetch(wanted) == [raw / "b.fits"]
    assert [asked.path for asked in site.asked] == ["/b.fits"]
    assert len(fetcher.manifest.rows()) == 3


def test_of_303_files_from_a_hostile_server_exactly_the_hopeless_three_are_missing(
    site, raw, fetcher
):
    kinds = [Fault("cut"), Fault("status", 503), Fault("page"), Fault("flipped"), Fault("short")]
    names = [f"{index:03d}.fits" for index in range(303)]
    sums = {}
    for index, name in enumerate(names):
        body = fits_bytes(300, seed=index)
        sums[name] = _sha1(body)
        _put(site, name, body)
        if index % 3 == 0:
            site.faults[f"/{name}"] = [kinds[index // 3 % len(kinds)]]
    for index, kind in ((7, "page"), (8, "flipped"), (9, "short")):
        site.faults[f"/{names[index]}"] = [Fault(kind, for_ever=True)]
    wanted = [_wanted(site, raw, name, checksum=sums[name]) for name in names]
    with pytest.raises(FetchError) as error:
        fetcher.fetch(wanted)
    hopeless = [names[7], names[8], names[9]]
    assert [failure.wanted.path.name for failure in error.value.failures] == hopeless
    assert len(fetcher.manifest.rows()) == 300
    for name in set(names) - set(hopeless):
        assert _sha1((raw / name).read_bytes()) == sums[name]
    site.faults.clear()
    site.asked.clear()
    assert [path.name for path in fetcher.fetch(wanted)] == hopeless
    assert len(site.asked) == 3


def test_a_password_goes_to_the_archive_alone_and_into_no_message(site, raw, fetcher):
    fetcher.logins = Logins({"STARLOOM_SDSS_USER": "me", "STARLOOM_SDSS_PASSWORD": "secret"})
    _put(site, "closed/a.fits")
    site.logins["/closed/"] = "Basic bWU6c2VjcmV0"
    fetcher.fetch([_wanted(site, raw, "closed/a.fits", login="sdss")])
    with pytest.raises(FetchError, match="401") as error:
        fetcher.fetch([_wanted(site, raw, "closed/b.fits")])
    with pytest.raises(FetchError) as with_login:
        fetcher.fetch([_wanted(site, raw, "b.fits", login="sdss")])
    table = fetcher.manifest.path.read_text()
    texts = [repr(fetcher), str(error.value), str(with_login.value), table]
    assert not any("secret" in text or "bWU6" in text for text in texts)
    assert [asked.authorization for asked in site.asked][1] is None


def test_a_full_disk_stops_all_and_leaves_no_final_name(site, raw, fetcher, monkeypatch):
    _put(site)
    site.faults["/b.fits"] = [Fault("silent", for_ever=True)]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("starloom.archives.transfer.Transfer._write", full)
    start = time.monotonic()
    with pytest.raises(OSError, match="No space left"):
        fetcher.fetch([_wanted(site, raw), _wanted(site, raw, "b.fits")])
    assert time.monotonic() - start < 5
    assert not list(raw.glob("*.fits"))


CHILD = """
    import sys
    from pathlib import Path
    from starloom.archives.fetch import Fetcher, Wanted
    from starloom.archives.manifest import Manifest
    raw, address, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    wanted = [
        Wanted(raw / f"{i}.fits", (f"{address}/{i}.fits",), "a_dataset") for i in range(count)
    ]
    Fetcher(Manifest(raw / "manifest.csv"), workers=3, quiet=True).fetch(wanted)
"""


def _until_bytes_come(raw, child, longest_s=20):
    """Wait for a child to have begun (or ended)."""
    sizes = {path: path.stat().st_size for path in raw.glob(".*.fetch/partial")}
    end = time.monotonic() + longest_s
    while time.monotonic() < end and child.poll() is None:
        now = {path: path.stat().st_size for path in raw.glob(".*.fetch/partial")}
        if any(size > sizes.get(path, 0) for path, size in now.items()):
            return
        time.sleep(0.01)


def test_a_download_killed_20_times_asks_only_for_what_is_missing(site, raw, root):
    count = 6
    bodies = {f"{index}.fits": fits_bytes(60_000, seed=index) for index in range(count)}
    for name, body in bodies.items():
        _put(site, name, body)
    site.pace_bytes_per_s = 100_000
    draw = random.Random(7)
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(raw), site.address, str(count)]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    for _ in range(20):
        site.asked.clear()
        before = {path.name for path in raw.glob("*.fits")}
        child = subprocess.Popen(command, env=environment)
        try:
            _until_bytes_come(raw, child)
            time.sleep(draw.uniform(0, 0.25))
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        for path in raw.glob("*.fits"):
            assert path.read_bytes() == bodies[path.name]
        assert not {asked.path.lstrip("/") for asked in site.asked} & before
    site.pace_bytes_per_s = None
    subprocess.run(command, env=environment, check=True, timeout=60)
    assert {path.name: path.read_bytes() for path in raw.glob("*.fits")} == bodies
    assert sorted(path.name for path in raw.iterdir()) == sorted([*bodies, "manifest.csv"])
