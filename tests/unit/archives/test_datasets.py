"""The table of sources."""

import pytest

from starloom.archives.datasets import Datasets
from starloom.archives.logins import Logins

HEADER = "name,release,address,mirror,checksum,bytes,login,reference,note\n"
GOOD = "a,DR1,https://x.org/{b}/c,https://y.org/{b},,12,sdss,Paper,\n"


def _read(tmp_path, text):
    path = tmp_path / "datasets.csv"
    path.write_text(text)
    return Datasets(path)


def test_the_projects_own_table_is_valid_and_has_all_that_the_clients_ask_for(root):
    datasets = Datasets(root / "config" / "datasets.csv")
    asked = {
        *("apogee_allstar", "apogee_star", "apogee_star_sums", "apogee_aspcapstar"),
        *("apogee_aspcapstar_sums", "kepler_folder", "kepler_lightcurve", "gaia_tap"),
        *("gaia_datalink", "gaia_xp_bulk", "gaia_source_bulk", "unwise_irsa", "vizier_tap"),
        *("simbad_tap", "lamost_lrs", "lamost_mrs"),
    }
    assert asked <= set(datasets)
    allstar = datasets["apogee_allstar"].wanted("x/allStar.fits")
    assert allstar.checksum == "sha1:7aa2f381de0e8e246f9833cc7da540ef45096702"


def test_parts_of_an_address_are_filled_in_and_quoted(tmp_path):
    dataset = _read(tmp_path, HEADER + GOOD)["a"]
    assert dataset.addresses(b="060+00 x") == (
        "https://x.org/060+00%20x/c",
        "https://y.org/060+00%20x",
    )
    wanted = dataset.wanted("f.fits", b="1")
    assert (wanted.dataset, wanted.login, wanted.checksum) == ("a", "sdss", None)


FAULTS = {
    "other columns": ("name,address\n", "the columns must be"),
    "a cell too many": (HEADER + GOOD.replace("\n", ",\n"), "line 2: 9 cells"),
    "a cell too few": (HEADER + GOOD.replace(",Paper,", ",Paper"), "line 2: 9 cells"),
    "twice": (HEADER + GOOD + GOOD, "line 3: a second row 'a'"),
    "no address": (HEADER + "a,1,,,,,,P,\n", "address is empty"),
    "no reference": (HEADER + "a,1,https://x.org,,,,,,\n", "reference is empty"),
    "no web address": (HEADER + "a,1,ftp://x.org,,,,,P,\n", "is no http address"),
    "a password": (HEADER + "a,1,https://u:p@x.org,,,,,P,\n", "no name or password"),
    "an open brace": (HEADER + "a,1,https://x.org/{b,,,,,P,\n", "address"),
    "a mirror's own part": (HEADER + "a,1,https://x.org,https://x.org/{q},,,,P,\n", "mirror has"),
    "a short checksum": (HEADER + "a,1,https://x.org,,sha1:12,,,P,\n", "checksum must be"),
    "a size in words": (HEADER + "a,1,https://x.org,,,big,,P,\n", "whole number"),
    "an unknown login": (HEADER + "a,1,https://x.org,,,,eso,P,\n", "login must be"),
    "a name with blanks": (HEADER + "a b,1,https://x.org,,,,,P,\n", "small letters"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_table_is_refused_with_its_line(tmp_path, fault):
    text, message = FAULTS[fault]
    with pytest.raises(ValueError, match=message):
        _read(tmp_path, text)


def test_an_unknown_source_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(KeyError, match="no row 'b'; it has a"):
        _read(tmp_path, HEADER + GOOD)["b"]


def test_logins_come_from_the_environment_and_are_complete_or_absent():
    logins = Logins({"STARLOOM_SDSS_USER": "u", "STARLOOM_SDSS_PASSWORD": "p"})
    assert logins.basic("sdss") == ("u", "p")
    assert logins.basic("") is None
    assert logins.basic("gaia") is None
    assert "p'" not in repr(logins)
    with pytest.raises(ValueError, match="set both STARLOOM_GAIA_USER and"):
        Logins({"STARLOOM_GAIA_USER": "u"}).basic("gaia")
    with pytest.raises(ValueError, match="no login for 'eso'"):
        logins.basic("eso")
