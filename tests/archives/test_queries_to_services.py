"""TAP and DataLink clients against services on loopback."""

import gzip
import os
import shutil
from urllib.parse import parse_qs

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table
from twin.light_datalink import LightDataLink
from twin.light_tap import LightTap
from twin.server import Answer, Fault

from starloom.archives import queries
from starloom.archives.access import access
from starloom.archives.datasets import Dataset
from starloom.archives.gaia import read_gaia_source, read_xp
from starloom.archives.gaia_client import query_pixels, query_sources
from starloom.archives.gaia_xp import fetch_xp, read_answer
from starloom.archives.names import SOURCE_ID_TO_LEVEL8
from starloom.archives.schema import archive_columns
from starloom.archives.simbad import ask_simbad
from starloom.archives.tap import Tap, TapError
from starloom.archives.twomass import read_twomass
from starloom.archives.twomass_client import query_neighbours, write_neighbours
from starloom.archives.unwise import read_unwise
from starloom.archives.unwise_client import query_matched, query_near, write_near
from starloom.archives.verify import BadFile
from starloom.archives.vizier import TABLES, fetch_table

DRAW = np.random.default_rng(3)
IDS = np.sort(DRAW.integers(1 << 45, 1 << 58, 300))
PIXELS = IDS >> SOURCE_ID_TO_LEVEL8


def _sources():
    table = Table({"source_id": IDS})
    known = archive_columns("gaia_source")
    for name in queries.GAIA_COLUMNS[1:]:
        numbers = 1000 * DRAW.random(len(IDS))
        text = known[name].dtype == "string"
        table[name] = np.char.mod("%.0f", numbers) if text else numbers.astype(known[name].dtype)
    table["teff_gspphot"][::7] = np.nan
    return table


@pytest.fixture
def light(site):
    service = LightTap()
    site.services["/tap"] = service
    return service


@pytest.fixture
def tap_of(site, fetcher, tmp_path):
    def make(name, address="/tap", **more):
        row = Dataset(name, "DR3", site.address + address, "", "", 0, "", "paper", "")
        return Tap(row, fetcher, tmp_path / "answers", deadline_s=3.0, **more)

    return make


def test_sources_come_back_to_the_last_digit_and_in_order(light, tap_of, raw):
    sources = _sources()
    light.add("gaiadr3.gaia_source", sources)
    path = raw / "GaiaSource_x.csv.gz"
    unknown = np.array([5, 7])
    asked = np.concatenate([DRAW.permutation(IDS), unknown])
    missing = query_sources(tap_of("gaia_tap"), asked, path, block=100)
    assert missing.tolist() == [5, 7]
    assert len(light.queries) == 4
    read = read_gaia_source(path)
    for name in queries.GAIA_COLUMNS:
        np.testing.assert_array_equal(read[name], np.asarray(sources[name]), err_msg=name)


def test_a_pixel_range_brings_all_its_sources_and_no_others(light, tap_of, raw):
    light.add("gaiadr3.gaia_source", _sources())
    chunk = f"{PIXELS[40]:06d}-{PIXELS[80]:06d}"
    query_pixels(tap_of("gaia_tap"), chunk, raw / "g.csv.gz")
    read = read_gaia_source(raw / "g.csv.gz")
    expected = IDS[(PIXELS >= PIXELS[40]) & (PIXELS <= PIXELS[80])]
    np.testing.assert_array_equal(read["source_id"], expected)


def test_a_query_that_is_too_much_is_halved_until_it_works(light, tap_of, raw):
    light.add("gaiadr3.gaia_source", _sources())
    light.largest_upload = 100
    assert not len(query_sources(tap_of("gaia_tap"), IDS, raw / "g.csv.gz"))
    assert len(light.queries) == 1 + 2 + 4


def test_a_cut_answer_is_never_taken_for_a_whole_one(light, tap_of, raw):
    light.add("gaiadr3.gaia_source", _sources())
    light.most_rows = 80
    assert not len(query_sources(tap_of("gaia_tap"), IDS, raw / "g.csv.gz"))
    np.testing.assert_array_equal(read_gaia_source(raw / "g.csv.gz")["source_id"], IDS)
    query_pixels(tap_of("gaia_tap"), "000000-196607", raw / "all.csv.gz")
    np.testing.assert_array_equal(read_gaia_source(raw / "all.csv.gz")["source_id"], IDS)
    light.most_rows = 0
    with pytest.raises(TapError, match="cut the answer at 0 rows"):
        query_pixels(tap_of("gaia_tap"), f"{PIXELS[0]:06d}-{PIXELS[0]:06d}", raw / "one.csv.gz")
    assert not (raw / "one.csv.gz").exists()


def test_a_job_that_never_ends_is_given_up(light, tap_of):
    light.add("gaiadr3.gaia_source", _sources()[:1])
    light.never = True
    with pytest.raises(TapError, match="not done after 3 s"):
        query_sources(tap_of("gaia_tap"), IDS[:1], "unused.csv.gz")


def test_a_refused_query_says_what_the_service_said_and_is_not_repeated(light, tap_of):
    with pytest.raises(TapError, match=r"no such table: gaiadr3\.gaia_source"):
        query_sources(tap_of("gaia_tap"), IDS, "unused.csv.gz")
    assert len(light.queries) == 1


def test_a_stopped_run_asks_only_for_answers_it_has_not(light, tap_of, raw, site):
    light.add("gaiadr3.gaia_source", _sources())
    query_sources(tap_of("gaia_tap"), IDS[:200], raw / "g.csv.gz", block=100)
    query_sources(tap_of("gaia_tap"), IDS, raw / "g.csv.gz", block=100)
    assert len(light.queries) == 3


@pytest.mark.parametrize("fault", [Fault("status", 503), Fault("silent"), Fault("cut", at=0.3)])
def test_faults_of_the_service_pass(light, tap_of, raw, site, fault):
    light.add("gaiadr3.gaia_source", _sources())
    for path in ("/tap/async", "/tap/async/1", "/tap/async/1/phase", "/tap/async/1/results/result"):
        site.faults[path] = [fault]
    assert not len(query_sources(tap_of("gaia_tap"), IDS, raw / "g.csv.gz"))


def test_a_dead_service_is_named_with_its_row(site, tap_of):
    site.faults["*"] = [Fault("status", 503, for_ever=True)]
    with pytest.raises(TapError, match="mend the row 'gaia_tap' of config"):
        query_sources(tap_of("gaia_tap"), IDS, "unused.csv.gz")


def test_a_login_comes_from_the_environment_and_is_made_at_the_services_door(
    light, site, tmp_path, monkeypatch
):
    def login(method, rest, headers, body):
        right = parse_qs(body.decode()) == {"username": ["me"], "password": ["secret"]}
        cookie = {"Set-Cookie": "JSESSIONID=7; Path=/"}
        return Answer(b"", 200 if right else 401, headers=cookie if right else {})

    def closed(method, rest, headers, body):
        if "JSESSIONID=7" not in headers.get("Cookie", ""):
            return Answer(b"log in first", 401)
        return light(method, rest, headers, body)

    light.add("gaiadr3.gaia_source", _sources())
    site.services = {"/closed/login": login, "/closed/tap": closed}
    text = (
        "name,release,address,mirror,checksum,bytes,login,reference,note\n"
        f"gaia_tap,DR3,{site.address}/closed/tap,,,,gaia,Paper,\n"
    )
    (tmp_path / "datasets.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    quick = {"attempts": 2, "first_pause_s": 0.01}
    archives = access(tmp_path / "datasets.csv", "job", patience=quick)
    with pytest.raises(TapError, match="401"):
        query_sources(archives.tap("gaia_tap"), IDS[:5], tmp_path / "g.csv.gz")
    monkeypatch.setenv("STARLOOM_GAIA_USER", "me")
    monkeypatch.setenv("STARLOOM_GAIA_PASSWORD", "wrong")
    with pytest.raises(PermissionError, match="answers 401: check STARLOOM_GAIA_USER") as error:
        query_sources(archives.tap("gaia_tap"), IDS[:5], tmp_path / "g.csv.gz")
    assert "wrong" not in str(error.value)
    monkeypatch.setenv("STARLOOM_GAIA_PASSWORD", "secret")
    assert not len(query_sources(archives.tap("gaia_tap"), IDS[:5], tmp_path / "g.csv.gz"))
    archives.close()
    assert not archives.parts.exists()


def test_best_neighbours_are_joined_over_the_three_tables(light, tap_of, raw):
    names = np.array([f"0000{index:04d}+0000000" for index in range(50)])
    light.add(
        "gaiadr3.tmass_psc_xsc_best_neighbour",
        Table(
            {
                "source_id": IDS[:50],
                "clean_tmass_psc_xsc_oid": np.arange(50),
                "angular_distance": DRAW.random(50).astype(np.float32),
                "number_of_neighbours": np.ones(50, np.int16),
            }
        ),
    )
    light.add(
        "gaiadr3.tmass_psc_xsc_join",
        Table({"clean_tmass_psc_xsc_oid": np.arange(50), "original_psc_source_id": names}),
    )
    valid = Table({"tmass_oid": np.arange(50), "designation": names})
    for name in queries.TWOMASS_COLUMNS[2:]:
        valid[name] = DRAW.normal(size=50).astype(np.float32)
    valid.replace_column("ph_qual", ["AAA"] * 50)
    valid.replace_column("ext_key", MaskedColumn(100 + np.arange(50), mask=np.arange(50) % 10 > 0))
    light.add("gaiadr1.tmass_original_valid", valid)
    answers = query_neighbours(tap_of("gaia_tap"), IDS[:60], block=25)
    assert write_neighbours(raw / "twomass.csv.gz", answers) == 50
    read = read_twomass(raw / "twomass.csv.gz")
    np.testing.assert_array_equal(read["source_id"], IDS[:50])
    np.testing.assert_array_equal(read["designation"], names)
    np.testing.assert_array_equal(read["j_m"], np.asarray(valid["j_m"]))
    assert read["ext_key"].tolist() == [100 + i if i % 10 == 0 else -1 for i in range(50)]


UNWISE = {
    "unwise_irsa": ("unwise_2019", {"flux_w1": "flux_1", "flux_w2": "flux_2"}),
    "vizier_tap": ('"II/363/unwise"', {"ra": "RAdeg", "dec": "DEdeg", "unwise_objid": "objID"}),
}


@pytest.mark.parametrize("service", UNWISE)
def test_unwise_rows_near_stars_come_once_each_whatever_the_columns_are_called(
    light, tap_of, raw, service
):
    ra, dec = DRAW.uniform(0, 360, 40), DRAW.uniform(-80, 80, 40)
    catalogue = Table(
        {
            "ra": np.concatenate([ra, ra, ra + 1]),
            "dec": np.concatenate([dec + 1 / 3600, dec - 4 / 3600, dec]),
            "flux_w1": DRAW.random(120).astype(np.float32),
            "flux_w2": DRAW.random(120).astype(np.float32),
            "unwise_objid": np.array([f"{index:016d}" for index in range(120)]),
        }
    )
    expected = catalogue[:80].copy()
    table, theirs = UNWISE[service]
    catalogue.rename_columns(list(theirs), list(theirs.values()))
    light.add(table, catalogue)
    twice = np.concatenate([ra, ra]), np.concatenate([dec, dec + 0.5 / 3600])
    stars = Table({"source_id": np.arange(80), "ra": twice[0], "dec": twice[1]})
    answers = query_near(tap_of(service), stars, block=30)
    assert write_near(raw / "unwise.cat.fits", answers) == 80
    read = read_unwise(raw / "unwise.cat.fits")
    for name in expected.colnames:
        np.testing.assert_array_equal(read[name], np.asarray(expected[name]))


def test_a_catalogue_with_unknown_columns_is_refused_with_what_it_has(light, tap_of):
    light.add("unwise_2019", Table({"ra": [0.0], "dec": [0.0], "brightness": [1.0]}))
    with pytest.raises(KeyError, match=r"no column for flux_w1.*brightness"):
        query_near(tap_of("unwise_irsa"), Table({"source_id": [1], "ra": [0.0], "dec": [0.0]}))


def test_a_paper_is_taken_whole_or_refused_with_the_reason(light, tap_of, raw):
    tap = tap_of("vizier_tap")
    with pytest.raises(ValueError, match="VizieR has no table J/ApJS/239/32/table5 but none"):
        fetch_table(tap, "apokasc2", raw / "a.fits")
    rows = TABLES["miglio2021"].rows
    light.add('"J/A+A/645/A85/table1"', Table({"KIC": np.arange(rows), "Mass": np.ones(rows)}))
    assert fetch_table(tap, "miglio2021", raw / "m.fits") == rows
    np.testing.assert_array_equal(Table.read(raw / "m.fits")["KIC"], np.arange(rows))
    light.add('"J/ApJS/236/42/table2"', Table({"KIC": [1], "Phase": [2]}))
    with pytest.raises(ValueError, match="has 1 rows, not 16094"):
        fetch_table(tap, "yu2018_table2", raw / "y.fits")


def test_simbad_is_asked_with_pauses_and_never_twice(light, tap_of, tmp_path):
    light.add(
        "ident", Table({"id": [f"Gaia DR3 {one}" for one in IDS[:20]], "oidref": np.arange(20)})
    )
    light.add(
        "basic",
        Table(
            {
                "oid": np.arange(20),
                "main_id": [f"V* {index}" for index in range(20)],
                "otype": ["C*"] * 20,
                "sp_type": MaskedColumn(["K0"] * 20, mask=np.arange(20) > 10),
                "rvz_radvel": np.where(np.arange(20) > 5, np.nan, 3.5),
            }
        ),
    )
    waits = []
    tap, cache = tap_of("simbad_tap"), tmp_path / "simbad.csv"
    rows = ask_simbad(tap, IDS[:30], cache, chunk=10, pause_s=4.0, sleep=waits.append)
    assert waits == [4.0, 4.0]
    assert [row["otype"] for row in rows] == ["C*"] * 20 + [""] * 10
    assert (rows[3]["main_id"], rows[3]["rvz_radvel"], rows[15]["sp_type"]) == ("V* 3", "3.5", "")
    again = ask_simbad(tap, IDS[10:40], cache, chunk=10, sleep=waits.append)
    assert again[:20] == rows[10:]
    assert len(light.queries) == 4


@pytest.fixture
def datalink(site):
    header = b"source_id,solution_id,bp_coefficients"
    rows = {int(one): b'%d,1,"(%.17g, 2.0)"' % (one, one / 3) for one in IDS[:280]}
    service = LightDataLink(header, rows)
    site.services["/data"] = service
    row = Dataset("gaia_datalink", "Gaia DR3", f"{site.address}/data", "", "", 0, "", "paper", "")
    return service, row


def _lines(path):
    return gzip.decompress(path.read_bytes()).splitlines()


@pytest.mark.parametrize("individual", [False, True])
def test_spectra_are_reconciled_and_missing_ones_asked_for_again(
    datalink, fetcher, raw, tmp_path, individual
):
    service, row = datalink
    service.individual = individual
    service.forget = {int(IDS[3]): 1, int(IDS[150]): 2, int(IDS[151]): 5}
    asked = DRAW.permutation(IDS)
    missing = fetch_xp(row, fetcher, asked, raw / "xp.csv.gz", tmp_path / "parts", block=100)
    assert missing.tolist() == [IDS[151], *IDS[280:]]
    expected = [service.rows[int(one)] for one in np.setdiff1d(IDS[:280], IDS[151])]
    assert _lines(raw / "xp.csv.gz") == [service.header, *expected]
    assert [len(ids) for ids in service.asked[:3]] == [100, 100, 100]


def test_spectra_that_are_there_are_not_asked_for_again(datalink, fetcher, raw, tmp_path, site):
    service, row = datalink
    site.faults["/data"] = [Fault("cut"), Fault("page"), Fault("empty"), Fault("status", 500)]
    fetch_xp(row, fetcher, IDS[:280], raw / "xp.csv.gz", tmp_path / "parts", block=100)
    before = (raw / "xp.csv.gz").read_bytes()
    service.asked.clear()
    os.remove(raw / "xp.csv.gz")
    assert not len(fetch_xp(row, fetcher, IDS[:280], raw / "xp.csv.gz", tmp_path / "parts", 100))
    assert not service.asked
    assert (raw / "xp.csv.gz").read_bytes() == before


def test_no_spectrum_at_all_is_an_error(datalink, fetcher, raw, tmp_path):
    _, row = datalink
    with pytest.raises(ValueError, match="no XP spectrum for any of 20 stars"):
        fetch_xp(row, fetcher, IDS[280:], raw / "xp.csv.gz", tmp_path / "parts")
    assert not (raw / "xp.csv.gz").exists()


def test_pairs_that_the_data_lab_made_are_taken_where_there_are_no_cones(light, tap_of, raw):
    names = [f"{index:016d}" for index in range(30)]
    fluxes = {f"flux_{band}": DRAW.random(30).astype(np.float32) for band in ("w1", "w2")}
    place = {"ra": DRAW.uniform(0, 360, 30), "dec": DRAW.uniform(-90, 90, 30)}
    light.add("unwise_dr1.object", Table({"unwise_objid": names, **place, **fluxes}))
    tap = tap_of("unwise_noirlab")
    with pytest.raises(KeyError, match=r"has no table unwise_dr1.*but none"):
        query_matched(tap, IDS[:20])
    shutil.rmtree(tap.folder)
    light.add(
        "unwise_dr1.x1p5__object__gaia_dr3__gaia_source", Table({"id1": names, "id2": IDS[:30]})
    )
    answers = query_matched(tap, IDS[10:50], block=15)
    assert write_near(raw / "unwise.cat.fits", answers) == 20
    read = read_unwise(raw / "unwise.cat.fits")
    np.testing.assert_array_equal(read["unwise_objid"], names[10:])
    np.testing.assert_array_equal(read["flux_w1"], fluxes["flux_w1"][10:])


@pytest.mark.real
def test_real_spectra_come_through_datalink_with_every_digit(fetcher, raw, tmp_path, site, real):
    """Three real sources, one of them without BP: what is read is what the archive's file has."""
    source = real / "xp/gaiaxpy/continuous/XP_CONTINUOUS_RAW_with_missing_BP.csv"
    header, *lines = source.read_bytes().splitlines()
    rows = {int(line.split(b",", 1)[0]): line for line in lines}
    site.services["/data"] = LightDataLink(header, rows)
    row = Dataset("gaia_datalink", "Gaia DR3", f"{site.address}/data", "", "", 0, "", "paper", "")
    ids = np.array(list(rows))
    assert not len(fetch_xp(row, fetcher, ids, raw / "xp.csv.gz", tmp_path / "parts"))
    fetched, given = read_xp(raw / "xp.csv.gz"), read_xp(source)
    order = np.argsort(given["source_id"])
    for name in given:
        np.testing.assert_array_equal(fetched[name], given[name][order], err_msg=name)
    pair = real / "xp/archive_pair/gaia_dr3_5937083312263887616_csv.zip"
    with pytest.raises(BadFile, match="MCMC_MSC"):
        read_answer(pair)
