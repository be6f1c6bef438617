import math

import numpy as np
import pytest

from starloom.sky import bands
from starloom.sky.reference import read_rows


def test_identical_states_overlap_only_with_themselves():
    factors = bands.franck_condon(1500.0, 1.5, 1500.0, 1.5, 5)
    np.testing.assert_allclose(factors, np.eye(5), atol=1e-6)


def test_shifted_oscillators_of_one_frequency_give_a_poisson_distribution():
    omega, b_1, b_2 = 1000.0, 0.50, 0.55
    # S = mu omega dr^2 / 2 hbar, r^2 = hbar / (2 mu omega) * (omega / B) in these units
    shift = np.sqrt(omega / (2 * b_2)) - np.sqrt(omega / (2 * b_1))
    s = shift**2 / 2
    expected = [math.exp(-s) * s**v / math.factorial(v) for v in range(4)]
    ours = bands.franck_condon(omega, b_1, omega, b_2, 8)
    np.testing.assert_allclose(ours[0, :4], expected, rtol=1e-3)
    np.testing.assert_allclose(ours[:4, 0], expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("molecule", "system", "factor_00"),
    [("CN", "red A2Pi-X2Sigma", 0.50), ("C2", "Swan d3Pi-a3Pi", 0.72),
     ("TiO", "gamma A3Phi-X3Delta (1)", 0.72), ("MgH", "A2Pi-X2Sigma", 0.95)],
)  # fmt: skip
def test_the_strongest_overlaps_are_those_published(molecule, system, factor_00):
    row = next(
        r for r in read_rows("electronic_systems.csv")
        if (r["molecule"], r["system"]) == (molecule, system)
    )  # fmt: skip
    up, low = (tuple(float(row[f"{k}_{s}"]) for k in ("we", "be")) for s in ("upper", "lower"))
    assert bands.franck_condon(*up, *low, 5)[0, 0] == pytest.approx(factor_00, abs=0.04)


@pytest.mark.parametrize(
    ("molecule", "head_nm", "shaded_to_red"),
    [("CN", 388.4, False), ("C2", 516.7, False), ("TiO", 705.6, True), ("MgH", 521.2, False),
     ("TiO", 516.9, True), ("CO", 2293.6, True), ("VO", 793.4, True)],
)  # fmt: skip
def test_band_heads_lie_where_they_are_observed(molecule, head_nm, shaded_to_red):
    lines = bands.molecular_lines(molecule)
    strength = lines.gf * np.exp(-lines.energy_ev / 0.4)
    edges = head_nm * (1 + np.arange(-20, 21) * 5e-4)
    light = np.histogram(1e7 / lines.wavenumber, edges, weights=strength)[0]
    jump = np.diff(light) if shaded_to_red else -np.diff(light)
    steepest = edges[1:-1][jump.argmax()]
    assert steepest == pytest.approx(head_nm, rel=1.5e-3)


def test_a_molecule_without_tables_has_no_lines():
    assert len(bands.molecular_lines("N2").gf) == 0


def test_the_lines_of_a_band_share_its_oscillator_strength():
    # from the lowest level of MgH: all lines of all bands together have the f of the system
    lines = bands.molecular_lines("MgH")
    lowest = lines.energy_ev < 1e-9
    assert lines.gf[lowest].sum() == pytest.approx(2 * 0.17, rel=0.35)
