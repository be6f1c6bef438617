"""
Power spectra and continua: the chains of the age study against plain peers, in one run.

    python benchmarks/power_spectra.py      the peers are astropy, and plain
                                            loops: one fit a chip and star
"""

import argparse
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from astropy.timeseries import LombScargle
from compare import alternate, table

from starloom.prepare import psd
from starloom.prepare.continuum import BAD_BITS, CHIP_SIZES, HIGHEST, PIXELS, normalise

GRID = psd.Grid()
STARS = 8


def light_curve() -> tuple[np.ndarray, np.ndarray]:
    """Times [d] and flux [ppm] of 65,000 cadences."""
    random = np.random.default_rng(0)
    time_day = np.sort(random.choice(72_000, 65_000, replace=False)) * 0.020434
    return time_day, 100 * random.normal(size=65_000)


def against_astropy(rounds: int) -> list:
    """Rows of the periodogram and of the whole chain; two stars at a time, as two jobs would."""
    time_day, flux = light_curve()
    freq = psd.DAY_MS * GRID.freq_uhz

    def ours(_=None):
        return psd.periodogram(time_day, flux, GRID)

    def peer(_=None):
        method = {"method": "fast", "assume_regular_frequency": True}
        return LombScargle(time_day, flux).power(freq, normalization="psd", **method)

    def two(function):
        def run():
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(function, range(STARS)))

        return run

    def chain():
        return psd.log_ratio(np.stack(two(ours)()), GRID)

    def plain_chain():
        return [_plain_rest(peer()) for _ in range(2)]

    names = {"items": STARS, "rounds": rounds}
    return [
        alternate(
            "Lomb-Scargle, 65,000 cadences", two(ours), lambda: [peer() for _ in range(2)],
            bar=12.0, peer_name="astropy, one process", peer_items=2, **names,
        ),
        alternate(
            "power spectrum to log ratio in bins", chain, plain_chain, bar=15.0,
            peer_name="astropy and plain loops", peer_items=2, **names,
        ),
    ]  # fmt: skip


def _plain_rest(power):
    """Background, smoothing and bins written out, one star at a time."""
    from scipy.ndimage import gaussian_filter1d

    freq, edges = GRID.freq_uhz, GRID.edges_uhz
    log_freq = np.log10(freq)
    total, count = np.zeros(len(freq)), np.zeros(len(freq))
    for centre in np.arange(log_freq[0], log_freq[-1], 0.005):
        near = np.abs(log_freq - centre) < 0.01
        total[near] += np.median(power[near])
        count[near] += 1
    smooth = gaussian_filter1d(power / (total / count) * (8 / 9) ** 3, 0.1 / 0.009)
    pieces = itertools.pairwise(edges[1:])
    return np.log([smooth[(freq >= low) & (freq < high)].mean() for low, high in pieces])


def against_numpy(rounds: int) -> list:
    """The row of the continua."""
    random = np.random.default_rng(0)
    flux = random.normal(300, 3, (4096, PIXELS)).astype(np.float32)
    error, mask = np.full_like(flux, 3.0), np.zeros(flux.shape, np.int32)
    chosen = [np.arange(5, size, size // 150) for size in CHIP_SIZES]
    starts, bits = np.cumsum((0, *CHIP_SIZES[:-1])), sum(1 << bit for bit in BAD_BITS)

    def peer(n_star=64):
        """The same work star by star: bad pixels, a fit a chip, flux and error divided."""
        for star in range(n_star):
            bad = (mask[star] & bits > 0) | ~np.isfinite(flux[star]) | ~np.isfinite(error[star])
            bad |= error[star] <= 0
            ready = np.ones(PIXELS, np.float32), np.full(PIXELS, np.inf, np.float32)
            for low, size, pixels in zip(starts, CHIP_SIZES, chosen, strict=True):
                x, chip, used = np.linspace(-1, 1, size), slice(low, low + size), low + pixels
                used_error = np.where(bad[used], np.inf, error[star, used])
                line = np.polynomial.Chebyshev.fit(x[pixels], flux[star, used], 2, w=1 / used_error)
                continuum = line(x)
                ready[0][chip] = flux[star, chip] / continuum
                ready[1][chip] = error[star, chip] / continuum
            bad |= ready[0] > HIGHEST
            ready[0][bad], ready[1][bad] = 1.0, np.inf

    return [
        alternate(
            "continua of three chips", lambda: normalise(chosen, flux, error, mask), peer,
            items=len(flux), peer_items=64, bar=20.0, peer_name="NumPy, star by star",
            rounds=rounds,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(table(against_astropy(given.rounds) + against_numpy(given.rounds)))
