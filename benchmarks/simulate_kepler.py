"""
Simulated Kepler stars a second: power spectra without light curves, light curves, files.

The peer of each row does the same work the plain way with NumPy and astropy: a spectrum as a sum
over the star's modes, a light curve as one inverse transform of that spectrum, a file through
astropy's tables. The bars on rates are printed below the ratios.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from astropy.io import fits
from compare import alternate, table

from starloom.sky.kepler_files import DTYPES, file_name, write_light_curve
from starloom.sky.kepler_photometry import observe
from starloom.sky.lightcurve import STEPS, relative_flux_ppm
from starloom.sky.mode_table import mode_table
from starloom.sky.power import binned_power
from starloom.sky.seismology import scaling

SEED = 1
SPECTRA = 2048
CURVES = 16
PEERS = 4
BARS = {"power spectra": 1000.0, "light curves": 50.0}
"""Stars a second, for each second of processor time on two cores: what an idle pair gives."""


def main():
    parameters = scaling(giants(SPECTRA), SEED)
    few = {name: values[:CURVES] for name, values in parameters.items()}
    edges = age_bins()
    flux = relative_flux_ppm(few, SEED)
    quarters = observed(0, few, flux)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            alternate(
                "power spectra",
                lambda: halves(lambda part: binned_power(edges, part, SEED), parameters),
                lambda: [plain_binned(edges, parameters, i) for i in range(PEERS)],
                items=SPECTRA,
                peer_items=PEERS,
                bar=10,
                peer_name="sum of Lorentzians, NumPy",
                rounds=5,
            ),
            alternate(
                "relative flux",
                lambda: relative_flux_ppm(few, SEED),
                lambda: [plain_flux(few, i) for i in range(PEERS)],
                items=CURVES,
                peer_items=PEERS,
                bar=5,
                peer_name="sum of Lorentzians and irfft, NumPy",
                rounds=5,
            ),
            alternate(
                "light curves",
                lambda: halves(curves, few),
                lambda: [plain_flux(few, i) for i in range(PEERS)],
                items=CURVES,
                peer_items=PEERS,
                bar=1,
                peer_name="the peer's relative flux alone",
                rounds=5,
            ),
            alternate(
                "files of one star",
                lambda: write_light_curve(folder, {"kic": 1}, quarters),
                lambda: plain_files(Path(folder), quarters),
                items=1,
                bar=1,
                peer_name="astropy.io.fits, not atomic",
                rounds=5,
            ),
        ]
    print(table(rows))
    spectra = processor_rate(lambda: binned_power(edges, parameters, SEED), SPECTRA)
    for task, rate in (
        ("power spectra", spectra),
        ("light curves", processor_rate(lambda: curves(few), CURVES)),
    ):
        verdict = "met" if rate >= BARS[task] else "MISSED"
        print(f"{task}: {rate:.0f} a second of two processors, {verdict} {BARS[task]:g}")


def processor_rate(work, items):
    """Items a second that two cores give, from the processor time of the work on one."""
    start = time.process_time()
    work()
    return 2 * items / (time.process_time() - start)


def giants(count):
    """First-branch and clump giants."""
    random = np.random.default_rng(SEED)
    state = random.choice([2, 3], count)
    mass = random.uniform(0.9, 2.0, count)
    logg = np.where(state == 2, random.uniform(1.8, 3.2, count), random.normal(2.45, 0.05, count))
    return {
        "star": np.arange(count),
        "state": state,
        "mass_msun": mass,
        "radius_rsun": np.sqrt(mass * 10 ** (4.438 - logg)),
        "teff": np.full(count, 4800.0),
        "logg": logg,
        "m_h": np.zeros(count),
        "kepmag": random.uniform(9.0, 14.0, count),
    }


def age_bins():
    """Bin edges of the age study's power spectra [uHz]."""
    edges = [2.0]
    while edges[-1] < 269.0:
        edges.append(edges[-1] + 0.268 * edges[-1] ** 0.758 / 50.3585)
    return np.array(edges)


def halves(work, parameters):
    """Two threads, a half of the stars each: the compiled programs release the interpreter."""
    count = len(parameters["star"]) // 2
    parts = [{n: v[s] for n, v in parameters.items()} for s in (slice(count), slice(count, None))]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, parts))


def observed(i, parameters, flux):
    white, kepmag = (float(parameters[name][i]) for name in ("white_ppm2_uhz", "kepmag"))
    return observe(int(parameters["star"][i]), kepmag, white, flux[i], SEED)


def curves(parameters):
    flux = relative_flux_ppm(parameters, SEED)
    return [observed(i, parameters, flux) for i in range(len(flux))]


def plain_limit(freq, parameters, i):
    """Limit spectrum by a loop over the modes."""
    star = {name: float(values[i]) for name, values in parameters.items()}
    modes = mode_table(star)
    power = np.full_like(freq, star["white_ppm2_uhz"])
    lines = (modes[name] for name in ("freq_uhz", "fwhm_uhz", "height_ppm2_uhz"))
    for nu, fwhm, height in zip(*lines, strict=True):
        power += height / (1 + (2 * (freq - nu) / fwhm) ** 2)
    for knee in (0.3 * star["numax_uhz"], 0.9 * star["numax_uhz"]):
        power += 0.9 * star["granulation_ppm"] ** 2 / knee / (1 + (freq / knee) ** 4)
    return power


def plain_binned(edges, parameters, i):
    points = np.linspace(edges[:-1], edges[1:], 3, endpoint=False)
    limit = plain_limit(points.ravel(), parameters, i).reshape(3, -1).mean(axis=0)
    count = np.maximum(np.diff(edges) * 116.6, 1.0)
    return limit * np.random.default_rng(i).gamma(count) / count


def plain_flux(parameters, i):
    freq = np.fft.rfftfreq(STEPS, 1765.46e-6)
    random = np.random.default_rng(i).normal(size=(2, len(freq)))
    amplitude = np.sqrt(plain_limit(freq, parameters, i)) * (random[0] + 1j * random[1])
    return np.fft.irfft(amplitude)


def plain_files(folder, quarters):
    for one in quarters:
        columns = [
            fits.Column(name, "D", array=values.astype(DTYPES["D"]))
            for name, values in one.table.items()
        ]
        units = [
            fits.PrimaryHDU(),
            fits.BinTableHDU.from_columns(columns),
            fits.ImageHDU(one.aperture),
        ]
        fits.HDUList(units).writeto(folder / file_name(2, one.quarter.stamp), overwrite=True)


if __name__ == "__main__":
    main()
