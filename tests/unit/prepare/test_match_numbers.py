"""What is measured of a match, and the numbers and the figure made of it."""

import numpy as np
import pytest

from starloom.figures.match import draw
from starloom.numbers import write_numbers
from starloom.prepare.crossmatch import crossmatch
from starloom.prepare.match_numbers import SURVEYS, evaluate, numbers

ARCSEC = 1 / 3600


@pytest.fixture(scope="module")
def measured():
    """A sky of 2,000 stars and a grid of strangers, a tenth of which lie near a lonely star."""
    rng = np.random.default_rng(4)
    n = 2000
    gaia = {"source_id": 10 + np.arange(n), "ra": rng.uniform(10, 11, n)}
    gaia |= {"dec": rng.uniform(-1, 1, n), "pmra": np.zeros(n), "pmdec": np.full(n, np.nan)}
    seen = np.arange(n) < 1900
    ra = gaia["ra"][seen] + rng.normal(0, 0.1 * ARCSEC, 1900)
    dec = gaia["dec"][seen] + rng.normal(0, 0.1 * ARCSEC, 1900)
    # Ten strangers take the place of counterparts that the survey lacks.
    wrong = np.arange(1900, 1910)
    ra, dec = np.append(ra, gaia["ra"][wrong]), np.append(dec, gaia["dec"][wrong])
    whose = np.append(gaia["source_id"][seen], np.full(10, -1))
    # One counterpart is moved out of reach.
    dec[0] += 2 * ARCSEC
    quality = np.where(np.arange(1910) == 5, "UUU", "AAA")
    twomass = {"ra": ra, "dec": dec, "ph_qual": quality}
    tables = {"twomass": twomass, "unwise": {"ra": ra, "dec": dec}, "kepler": None}
    matches, _ = crossmatch(gaia, twomass=twomass, unwise=tables["unwise"])
    truth = {"twomass": whose, "unwise": whose}
    return evaluate(gaia, matches, tables, {}, truth)


def test_right_wrong_and_missed_matches_are_counted(measured):
    found, _ = measured
    assert set(found) == {"twomass", "unwise"}
    unwise = {name: found["unwise"][name] for name in ("right", "wrong", "missed")}
    assert unwise == {"right": 1899, "wrong": 10, "missed": 1}
    # The row without an A is not to be matched, and so not missed.
    assert (found["twomass"]["right"], found["twomass"]["missed"]) == (1898, 1)
    # The median of a Rayleigh distribution; ten more pairs lie at zero.
    expected = 0.1 * np.sqrt(2 * np.log(2))
    error = found["unwise"]["separation_error"]
    assert abs(found["unwise"]["separation_arcsec"] - expected) < 4 * error


def test_the_rate_is_that_of_the_surface_density(measured):
    found, profile = measured
    expected = 1910 / (2 * 3600**2) * np.pi
    assert abs(found["unwise"]["false_rate"] - expected) < 5 * found["unwise"]["false_rate_error"]
    assert found["unwise"]["shifted"] == 2000
    assert set(profile["survey"]) == {"twomass", "unwise"}
    assert len(profile["pairs"]) == 60


def test_numbers_have_errors_and_stars_and_can_be_published(measured, tmp_path):
    found = {number.id: number for number in numbers(measured[0])}
    names = ("separation", "false_rate", "completeness", "purity")
    assert set(found) == {f"match.{s}_{n}" for s in ("twomass", "unwise") for n in names}
    purity = found["match.unwise_purity"]
    assert purity.value == pytest.approx(100 * 1899 / 1909) and purity.n == 1909
    assert purity.error == pytest.approx(
        100 * np.sqrt(1899 * 10 / 1909**3 + 0.25 / 1909**2), rel=2e-3
    )
    assert all(number.error > 0 and number.n for number in found.values())
    papers = tmp_path / "published.csv"
    papers.write_text("id,study,value,unit,where,note\n")
    write_numbers(tmp_path / "match.json", found.values(), "simulated", papers)


def test_without_a_truth_there_is_no_score_and_without_rows_nothing():
    gaia = {"source_id": np.array([1, 2]), "ra": np.array([1.0, 2.0]), "dec": np.zeros(2)}
    far = {"ra": np.array([50.0]), "dec": np.zeros(1)}
    tables = {"twomass": None, "unwise": far, "kepler": None}
    found, _ = evaluate(gaia, crossmatch(gaia, unwise=far)[0], tables, {})
    assert [number.id for number in numbers(found)] == ["match.unwise_false_rate"]
    nothing = dict.fromkeys(tables)
    found, profile = evaluate(gaia, crossmatch(gaia)[0], nothing, {})
    assert (found, len(profile["survey"])) == ({}, 0)


def test_the_figure_has_a_column_of_panels_for_each_survey(measured):
    figure, _, caption = draw(measured[1], measured[0], SURVEYS)
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == ["2MASS", "unWISE"]
    assert "2,000 sources" in caption
