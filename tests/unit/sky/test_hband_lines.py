"""Molecular constants and the table of atoms against identified lines they were not fitted to."""

import numpy as np
import pytest

from starloom.sky import hband_lines
from starloom.sky.optical_basis import air_to_vacuum
from starloom.sky.reference import read_rows

IDENTIFIED_AIR = {
    "CO": (15584.376, 15600.736, 15651.0, 15855.809, 16035.0, 16153.0, 16265.034, 16424.0),
    "OH": (15129.665, 15145.771, 15419.464, 15505.321, 15755.520, 16061.704, 16190.132, 16523.502),
    "CN": (15036.0, 15101.0, 15185.563, 15410.553, 15494.745, 15553.642, 15679.579, 15845.601),
}
"""Lines of Arcturus (Hinkle, Wallace & Livingston 1995) [Angstrom in air]; whole numbers are
fillers that no line is expected at."""


@pytest.mark.parametrize("molecule", ["CO", "OH", "CN"])
def test_computed_lines_lie_on_identified_ones(molecule):
    _, lines = hband_lines.molecular_lines()[molecule]
    centre = 1e8 / lines.wavenumber
    for air in IDENTIFIED_AIR[molecule]:
        if air != round(air):
            vacuum = 10 * air_to_vacuum(air / 10)
            assert np.abs(centre - vacuum).min() < 0.15, air


def test_band_heads_of_co_stand_where_they_are_observed():
    _, lines = hband_lines.molecular_lines()["CO"]
    strong = lines.energy_ev < 0.5
    head = 10 * air_to_vacuum(1558.0)
    centre = 1e8 / lines.wavenumber[strong]
    assert abs(centre.min() - (10 * air_to_vacuum(1557.80))) < 1.0
    assert np.sum(np.abs(centre - head) < 3.0) > 10


def test_13co_lies_to_the_red_of_12co_by_the_mass_ratio():
    light, heavy = (hband_lines.molecular_lines()[name][1] for name in ("CO", "13CO"))
    ratio = 1 / heavy.wavenumber.max() * light.wavenumber[light.energy_ev < 0.4].max()
    assert ratio == pytest.approx(1 / hband_lines.RHO_13CO, rel=2e-3)


def test_every_line_has_a_source_and_a_sane_strength():
    rows = read_rows("hband_lines.csv") + read_rows("hband_molecules.csv")
    rows += read_rows("hband_airglow.csv")
    assert all(len(row["source"]) > 20 for row in rows)
    lines = hband_lines.atomic_lines()
    assert (lines["wavelength_nm"] > 1500).all() and (lines["wavelength_nm"] < 1705).all()
    assert np.isfinite(lines["gf"]).all() and (np.log10(lines["gf"]) < 1.21).all()


def test_published_strengths_that_are_kept_are_in_the_table():
    known = {1520.7526: 0.080, 1574.0705: -0.262, 1671.8957: 0.290, 1596.0063: 0.107}
    rows = {
        float(row["wavelength_air_nm"]): float(row["log_gf"])
        for row in read_rows("hband_lines.csv")
    }
    for wavelength, log_gf in known.items():
        assert rows[wavelength] == log_gf
