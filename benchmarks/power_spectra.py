"""
Power spectra and continua: the chains of the age study against plain peers, in one run.

    python benchmarks/power_spectra.py      the peers are astropy, plain loops after it, and
                                            the authors' package astroNN (without TensorFlow)
"""

import argparse
import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial

import numpy as np
from astropy.timeseries import LombScargle
from compare import alternate, table

from starloom.prepare import psd
from starloom.prepare.continuum import CHIP_SIZES, PIXELS, normalise
from starloom.prepare.continuum import CONTINUUM_PIXELS as COUNTS

GRID = psd.Grid()
STARS, FEW = 16, 2
"""Stars in a call of ours and of the peer."""


@cache
def light_curve() -> tuple[np.ndarray, np.ndarray]:
    """Times [d] and flux [ppm] of 65,000 cadences."""
    random = np.random.default_rng(0)
    time_day = np.sort(random.choice(72_000, 65_000, replace=False)) * 0.020434
    return time_day, 100 * random.normal(size=65_000)


def periodograms(count: int) -> list[np.ndarray]:
    """Ours, of as many stars."""
    return [psd.periodogram(*light_curve(), GRID) for _ in range(count)]


def chain(count: int) -> np.ndarray:
    """Our whole chain."""
    return psd.log_ratio(np.stack(periodograms(count)), GRID)


def plain_periodograms(count: int) -> list[np.ndarray]:
    """Astropy's fast method."""
    freq, method = psd.DAY_MS * GRID.freq_uhz, {"assume_regular_frequency": True}
    plain = LombScargle(*light_curve())
    return [plain.power(freq, method="fast", normalization="psd", **method) for _ in range(count)]


def plain_chain(count: int) -> list[np.ndarray]:
    """The same and what follows it, written out."""
    return [_plain_rest(power) for power in plain_periodograms(count)]


def against_astropy(rounds: int) -> list:
    """
    Rows of the periodogram and of the whole chain, ours by one process and by two.

    The peer has one process: two of it are slower together than one alone.
    """
    tasks = (
        ("Lomb-Scargle", periodograms, plain_periodograms, "astropy", 12.0),
        ("light curve to log ratio in bins", chain, plain_chain, "astropy and plain loops", 15.0),
    )
    rows = []
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:

        def by_two(work):
            return list(pool.map(work, (STARS, STARS)))

        for task, ours, peer, name, bar in tasks:
            one, two = partial(ours, STARS), partial(by_two, ours)
            common = {"peer_items": FEW, "bar": bar, "peer_name": name, "rounds": rounds}
            for by, work, items in (("one process", one, STARS), ("two", two, 2 * STARS)):
                rows.append(
                    alternate(f"{task}, {by}", work, partial(peer, FEW), items=items, **common)
                )
    return rows


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


def against_astronn(rounds: int) -> list:
    """The row of the continua; the peer also cuts the 8575 pixels, a small part of its time."""
    try:
        from astroNN.apogee import apogee_continuum
    except ImportError as missing:
        print(f"no row of the continua: {missing}; `make bench` installs astroNN")
        return []
    random = np.random.default_rng(0)
    flux = random.normal(300, 3, (4096, PIXELS)).astype(np.float32)
    error, mask = np.full_like(flux, 3.0), np.zeros(flux.shape, np.int32)
    sizes = zip(CHIP_SIZES, COUNTS, strict=True)
    chosen = [np.arange(5, size, size // count) for size, count in sizes]
    few = np.full((64, 8575), 300, np.float32), np.ones((64, 8575), np.float32)
    bits = np.zeros((64, 8575), np.int32)
    return [
        alternate(
            "continua of three chips", lambda: normalise(chosen, flux, error, mask),
            lambda: apogee_continuum(*few, bitmask=bits, dr=17), items=len(flux),
            peer_items=len(bits), bar=20.0, peer_name="astroNN 1.1.0", rounds=rounds,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(table(against_astropy(given.rounds) + against_astronn(given.rounds)))
