"""The simulated Kepler sky against real Kepler giants: files, spectra, populations."""

import warnings

import lightkurve
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from starloom.sky.evolution import AGB, CLUMP, RGB, SECONDARY
from starloom.sky.kepler_cadence import BITS, FIRST_CADENCE, bkjd, mission_quality, quarters
from starloom.sky.kepler_sky import write_light_curves
from starloom.sky.power import binned_power
from starloom.sky.seismic_relations import evaluate
from starloom.sky.seismology import scaling
from tests.seismic_estimators import fold_gaps, periodogram, stretched_spacing

pytestmark = pytest.mark.real

NUMAX, DNU, TEFF, KEPMAG = 133.0, 10.87, 4918.0, 12.057
"""KIC 9145861: Yu et al. (2018) and the keywords of its files."""

FREQ = np.arange(2.0, 283.0, 0.00787)
PDC_KEYWORDS = ("PDC", "PR_", "FITTYPE", "NUMBAND")
"""Goodness of the mission's trend correction, which the simulation does not run."""

USELESS = 1130799
"""Quality bits that lightkurve drops by default."""


def like(numax, dnu, teff, kepmag, state, count, m_h=0.0):
    """Stars with these seismic parameters: mass and radius that the scaling relations give."""
    numax, dnu, teff, kepmag, m_h = (np.resize(v, count) for v in (numax, dnu, teff, kepmag, m_h))
    state = np.resize(state, count)
    logg = 4.438 + np.log10(numax / 3090.0 * np.sqrt(teff / 5777.0))
    mass = np.full(count, 1.3)
    for _ in range(80):
        star = {"numax_uhz": numax, "dnu_uhz": dnu, "mass_msun": mass, "teff": teff}
        factor = evaluate("dnu_factor", state, star)
        radius = np.sqrt(mass * 10 ** (4.438 - logg))
        mass = mass * (135.1 * np.sqrt(mass / radius**3) * factor / dnu) ** 3
    return {
        "star": np.arange(count),
        "state": state,
        "mass_msun": mass,
        "radius_rsun": np.sqrt(mass * 10 ** (4.438 - logg)),
        "teff": teff,
        "logg": logg,
        "m_h": m_h,
        "kepmag": kepmag,
    }


def spectrum(paths):
    """Power density [ppm2/uHz] of a star's quarters, treated as the age study's paper does."""
    times, fluxes = [], []
    for path in sorted(paths):
        data = fits.getdata(path, 1)
        good = (data["SAP_QUALITY"] & USELESS == 0) & np.isfinite(data["PDCSAP_FLUX"])
        flux = data["PDCSAP_FLUX"][good].astype(float)
        flux = 1e6 * (flux / np.median(flux) - 1)
        kept = abs(flux) < 4.5 * 1.4826 * np.median(abs(flux))
        times.append(data["TIME"][good][kept].astype(float))
        fluxes.append(flux[kept])
    return periodogram(np.concatenate(times), np.concatenate(fluxes), FREQ)


@pytest.fixture(scope="module")
def real_files(real):
    return sorted((real / "kepler" / "kic9145861").glob("*_llc.fits"))


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Files of four simulated stars like KIC 9145861."""
    folder = tmp_path_factory.mktemp("twins")
    parameters = scaling(like(NUMAX, DNU, TEFF, KEPMAG, RGB, 4), 5)
    kic = 100000000 + np.arange(4)
    write_light_curves(folder, {"kic": kic, "teff": np.full(4, TEFF)}, parameters, 5)
    return [sorted(folder.glob(f"1000/{number}/*.fits")) for number in kic]


@pytest.fixture(scope="module")
def real_power(real_files):
    return spectrum(real_files)


@pytest.fixture(scope="module")
def twin_power(twins):
    return [spectrum(paths) for paths in twins]


def _column_keywords(header):
    kinds = ("TTYPE", "TFORM", "TUNIT", "TDISP")
    return {f"{kind}{i}": header.get(f"{kind}{i}") for i in range(1, 21) for kind in kinds}


def test_simulated_files_have_the_columns_units_and_keywords_of_real_ones(real_files, twins):
    ours = {fits.getheader(path)["QUARTER"]: path for path in twins[0]}
    for path in real_files:
        with fits.open(path) as theirs:
            quarter = theirs[0].header["QUARTER"]
            if quarter not in ours:
                continue
            with fits.open(ours[quarter]) as mine:
                assert [unit.name for unit in mine] == [unit.name for unit in theirs]
                assert _column_keywords(mine[1].header) == _column_keywords(theirs[1].header)
                assert set(theirs[0].header) - set(mine[0].header) == {"CHECKSUM"}
                lacking = set(theirs[1].header) - set(mine[1].header) - {"CHECKSUM"}
                assert all(name.startswith(PDC_KEYWORDS) for name in lacking)
                for name in ("BJDREFI", "TIMESYS", "TIMEDEL", "NUM_FRM", "FRAMETIM", "TIMEUNIT"):
                    assert mine[1].header[name] == theirs[1].header[name]
                assert mine[2].header["BITPIX"] == theirs[2].header["BITPIX"]
                for file in (theirs, mine):
                    collected, optimal = (file[2].data & bit > 0 for bit in (1, 2))
                    assert 2 < np.count_nonzero(optimal) < np.count_nonzero(collected)


def test_cadences_times_and_gaps_are_those_of_the_mission(real_files):
    ours = mission_quality(5)
    for path, quarter in zip(real_files, quarters(), strict=True):
        data = fits.getdata(path, 1)
        assert quarter.stamp in path.name
        assert data["CADENCENO"][0] == quarter.first_cadence
        assert data["CADENCENO"][-1] == quarter.last_cadence
        gone = np.isnan(data["TIME"])
        mine = ours[data["CADENCENO"] - FIRST_CADENCE]
        assert np.mean(gone != (mine & BITS["no_data"] > 0)) < 1e-3
        late = (data["TIME"] - bkjd(data["CADENCENO"]))[~gone] * 86400
        assert np.abs(late).max() < 20


def test_lightkurve_reads_both_the_same_way(real_files, twins):
    ours = {fits.getheader(path)["QUARTER"]: path for path in twins[0]}
    theirs = {fits.getheader(path)["QUARTER"]: path for path in real_files}
    both = sorted(set(ours) & set(theirs))[:3]
    for quarter in both:
        mine, real = lightkurve.read(ours[quarter]), lightkurve.read(theirs[quarter])
        assert type(mine) is type(real) and mine.colnames == real.colnames
        for name in real.colnames:
            assert getattr(mine[name], "unit", None) == getattr(real[name], "unit", None), name
        assert mine.time.format == real.time.format and mine.time.scale == real.time.scale
        assert len(mine) == pytest.approx(len(real), rel=0.03)
        for name in ("flux", "sap_flux", "flux_err"):
            level = [np.nanmedian(np.ma.filled(c[name].value, np.nan)) for c in (mine, real)]
            assert float(level[0] / level[1]) == pytest.approx(1.0, abs=0.25), name
        lost = [
            float(np.mean(~np.isfinite(np.ma.filled(c.flux.value, np.nan)))) for c in (mine, real)
        ]
        assert lost[0] == pytest.approx(lost[1], abs=0.02)


def test_the_background_is_that_of_a_real_giant_within_a_factor_of_two(real_power, twin_power):
    for low, high in ((5, 15), (15, 40), (40, 75), (75, 95), (170, 200), (200, 230), (265, 282)):
        here = (FREQ > low) & (FREQ < high)
        ratio = np.median([power[here].mean() for power in twin_power]) / real_power[here].mean()
        assert 0.5 < ratio < 1.6, (low, high)


def _excess(power):
    """Height, width [uHz] and centre of the envelope over a power law under it."""
    smooth = np.convolve(power, np.ones(690) / 690, mode="same")
    sides = [np.median(smooth[abs(FREQ - x) < 5]) for x in (0.6 * NUMAX, 1.5 * NUMAX)]
    slope = np.log(sides[1] / sides[0]) / np.log(1.5 / 0.6)
    rest = smooth - sides[0] * (FREQ / (0.6 * NUMAX)) ** slope
    near = abs(FREQ - NUMAX) < 0.35 * NUMAX
    x, w = FREQ[near], np.maximum(rest[near], 0)
    centre = np.average(x, weights=w)
    width = 2.355 * np.sqrt(np.average((x - centre) ** 2, weights=w))
    return np.array([w.max(), width, centre])


def test_the_envelope_has_the_height_width_and_place_of_a_real_one(real_power, twin_power):
    height, width, centre = _excess(real_power)
    found = np.median([_excess(power) for power in twin_power], axis=0)
    assert found[0] / height == pytest.approx(1.0, abs=0.55)
    assert found[1] / width == pytest.approx(1.0, abs=0.3)
    assert found[2] == pytest.approx(centre, rel=0.05)


def test_modes_stand_out_as_in_a_real_spectrum(real_power, twin_power):
    def contrast(power):
        near = abs(FREQ - NUMAX) < 2 * DNU
        smooth = np.convolve(power, np.ones(13) / 13, mode="same")[near]
        return np.percentile(smooth, [10, 50, 97]) / smooth.mean()

    real = contrast(real_power)
    ours = np.median([contrast(power) for power in twin_power], axis=0)
    np.testing.assert_allclose(ours / real, 1.0, atol=0.5)
    assert real[2] > 3 and ours[2] > 3


def _spectra(real):
    folder = real / "kepler"
    kasoc = fits.getdata(folder / "kic9145861" / "kplr009145861_kasoc-psd_llc_v1.fits", 1)
    yield np.array(kasoc["FREQUENCY"], float), np.array(kasoc["PSD"], float), 133.6, 10.86
    for kic, numax, dnu in ((6117517, 120.2, 10.13), (12008916, 159.7, 12.83)):
        freq, power = np.loadtxt(folder / "psd" / f"kic{kic:09d}_psd.txt.gz").T
        yield freq, power, numax, dnu


def test_period_spacings_of_real_giants_lie_on_the_relation(real):
    for freq, power, numax, dnu in _spectra(real):
        star = {
            "numax_uhz": np.array([numax]),
            "dnu_uhz": np.array([dnu]),
            "mass_msun": np.array([1.3]),
            "teff": np.array([4850.0]),
        }
        at = {
            name: evaluate(name, np.array([RGB]), star)[0]
            for name in ("epsilon", "d01", "d02", "coupling", "period_spacing_s")
        }
        near = abs(freq - numax) < 2.5 * dnu
        strong = np.minimum(power[near] / np.median(power[near]), 80)
        trials = at["epsilon"] + np.arange(-0.1, 0.1, 0.004)
        place = [(freq[near] / dnu - e + d + 0.5) % 1 - 0.5 for e in trials for d in (0, at["d02"])]
        ridges = [np.sum(strong * np.exp(-0.5 * (x / 0.013) ** 2)) for x in place]
        epsilon = trials[np.argmax(np.reshape(ridges, (-1, 2)) @ [1.0, 0.6])]
        assert epsilon == pytest.approx(at["epsilon"], abs=0.06)
        radial = (np.round(numax / dnu - epsilon) + epsilon) * dnu
        found = stretched_spacing(freq, power, dnu, radial, at["d01"], at["coupling"], 60, 105)
        assert found == pytest.approx(at["period_spacing_s"], rel=0.04)


@pytest.fixture(scope="module")
def population(real):
    """Published spectra of 1,000 giants, and simulated ones of the same numax, dnu and state."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yu = Table.read(real / "labels" / "yu2018.fits").to_pandas().set_index("KIC")
    state = Table.read(real / "labels" / "kallinger2019_summary.fits").to_pandas().set_index("ID")
    with np.load(real / "kepler" / "psd_digitised_2092grid.npz") as stored:
        freq, power, kic = stored["freq_uHz"], stored["psd_ppm2_per_uHz"], stored["kic"]
    table = yu.join(state[["evo"]], how="inner")
    table = table[np.isfinite(table["RGBcorM"]) & np.isfinite(table["Teff"])]
    table = table.loc[[k for k in kic if k in table.index]]
    code = np.array([RGB, CLUMP, SECONDARY, AGB])[table["evo"].to_numpy(int)]
    columns = (table[name].to_numpy(float) for name in ("numax", "Delnu", "Teff", "Kpmag"))
    stars = like(*columns, code, len(table))
    seismic = scaling(stars, 1)
    seismic["numax_uhz"] = table["numax"].to_numpy(np.float32)
    seismic["dnu_uhz"] = table["Delnu"].to_numpy(np.float32)
    middle = 0.5 * (freq[2:] + freq[1:-1])
    edges = np.concatenate([[2.0], middle, [1.5 * freq[-1] - 0.5 * freq[-2]]])
    ours = binned_power(edges, seismic, 3)
    place = {number: i for i, number in enumerate(kic)}
    return freq[1:], power[[place[k] for k in table.index]][:, 1:], ours, seismic, code


@pytest.mark.parametrize(
    ("state", "low", "high"),
    [
        *[(RGB, low, high) for low, high in ((15, 40), (40, 80), (80, 150), (150, 250))],
        *[(CLUMP, low, high) for low, high in ((15, 40), (40, 80))],
        *[(SECONDARY, low, high) for low, high in ((40, 80), (80, 150))],
    ],
)
def test_power_at_numax_is_that_of_published_spectra(population, state, low, high):
    freq, theirs, ours, seismic, code = population
    numax, dnu = seismic["numax_uhz"], seismic["dnu_uhz"]
    width = np.gradient(freq)
    level, gap = [], []
    for i in np.flatnonzero((code == state) & (numax > low) & (numax < high)):
        near = (abs(freq - numax[i]) < dnu[i]) & np.isfinite(theirs[i])
        if near.sum() > 30:
            level.append(np.sum((theirs[i] * width)[near]) / np.sum((ours[i] * width)[near]))
            both = (theirs[i][near], ours[i][near])
            folded = [fold_gaps(freq[near], p, numax[i], dnu[i], 14, 4) for p in both]
            gap.append(folded[0] / folded[1])
    assert len(level) >= 15
    assert np.median(level) == pytest.approx(1.0, abs=0.2)
    assert np.nanmedian(gap) == pytest.approx(1.0, abs=0.3)
    assert np.std(np.log(level)) < 0.6


def test_ridges_and_linewidths_are_those_of_published_modes(real):
    summary = Table.read(real / "labels" / "kallinger2019_summary.fits").to_pandas()
    for evo, state in ((0, RGB), (1, CLUMP), (2, SECONDARY)):
        rows = summary[(summary["evo"] == evo) & (summary["dnu"] > 3)]
        star = {
            "numax_uhz": rows["fmax"].to_numpy(float),
            "dnu_uhz": rows["dnu"].to_numpy(float),
            "mass_msun": np.full(len(rows), 1.25 if evo < 2 else 2.3),
            "teff": np.full(len(rows), 4800.0),
        }
        code = np.full(len(rows), state)
        epsilon = (rows["fm"] / rows["dnu"]).to_numpy() - evaluate("epsilon", code, star)
        offset = (epsilon + 0.5) % 1 - 0.5
        assert abs(np.median(offset)) < 0.03
        small = (rows["dnu02"] / rows["dnu"]).to_numpy() - evaluate("d02", code, star)
        assert abs(np.median(small)) < 0.012
