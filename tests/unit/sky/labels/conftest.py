"""Simulated stars with rough magnitudes, for tests of what the surveys say of them."""

import numpy as np
import pytest

from starloom.sky import population


def rough_magnitudes(stars):
    """Apparent magnitudes good to some tenths, from luminosity, temperature, distance, dust."""
    cool = np.clip(5040.0 / stars["teff"], 0.4, 1.6) - 0.869
    ks = 4.74 - 2.5 * np.log10(stars["luminosity_lsun"]) - 1.47 - 2.79 * np.minimum(cool, 0.63)
    ks = ks + 5 * np.log10(stars["distance_pc"]) - 5
    g_ks, bp_rp, dust = 1.4 + 3.5 * cool, 0.8 + 1.9 * cool, stars["a_v"]
    return {
        "g": ks + g_ks + 0.82 * dust,
        "bp": ks + g_ks + 0.45 * bp_rp + 1.05 * dust,
        "rp": ks + g_ks - 0.55 * bp_rp + 0.60 * dust,
        "j": ks + 0.25 * g_ks + 0.28 * dust,
        "h": ks + 0.05 * g_ks + 0.18 * dust,
        "ks": ks + 0.12 * dust,
        "w1": ks - 0.05 + 0.06 * dust,
        "w2": ks - 0.03 + 0.05 * dust,
    }


@pytest.fixture(scope="session")
def stars():
    return population.draw(3, np.arange(20_000), {"candidate_fraction": 0.05})


@pytest.fixture(scope="session")
def magnitudes(stars):
    return rough_magnitudes(stars)


@pytest.fixture
def cut(stars, magnitudes):
    """The stars and magnitudes of some rows."""

    def rows(which):
        return (
            {name: values[which] for name, values in stars.items()},
            {name: values[which] for name, values in magnitudes.items()},
        )

    return rows


@pytest.fixture
def joins_up(stars, magnitudes):
    """Asserts that a table of all stars is the tables of two parts, one after the other."""

    def check(make):
        whole, whole_row = make(stars, magnitudes)
        parts, rows = [], []
        for first, last in ((0, 7777), (7777, None)):
            some, light = (
                {name: values[first:last] for name, values in columns.items()}
                for columns in (stars, magnitudes)
            )
            table, row = make(some, light)
            parts.append(table)
            rows.append(np.where(row >= 0, row + first, -1))
        for name, values in whole.items():
            joined = np.concatenate([table[name] for table in parts])
            np.testing.assert_array_equal(values, joined, err_msg=name)
        np.testing.assert_array_equal(whole_row, np.concatenate(rows))

    return check
