"""
The cross-match of 100,000 Gaia sources, on one core: with each survey, and with all of them.

The peer does the match of positions the plain way with astropy: nearest neighbours in both
directions, kept where they agree.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import time

import numpy as np
from astropy.coordinates import SkyCoord
from compare import alternate, table

from starloom.prepare.crossmatch import crossmatch
from starloom.prepare.positions import carry

STARS = 100_000
ROUNDS = 5
BAR_S = 2.0
"""CPU seconds for one survey of this size."""


def main():
    gaia, surveys = sky(STARS)
    timed = {name: {name: columns} for name, columns in surveys.items()} | {"all four": surveys}
    print(f"| {STARS:,} sources with | rows | CPU [s] | bar |\n|---|---|---|---|")
    for name, some in timed.items():
        seconds = []
        for _ in range(ROUNDS):
            start = time.process_time()
            crossmatch(gaia, **some)
            seconds.append(time.process_time() - start)
        rows = sum(len(next(iter(columns.values()))) for columns in some.values())
        worst = max(seconds)
        said = "met" if worst < BAR_S else "MISSED"
        print(
            f"| {name} | {rows:,} | {np.median(seconds):.2f} (to {worst:.2f}) | {said} {BAR_S:g} |"
        )
    some = {"unwise": surveys["unwise"]}
    peer = alternate(
        "positions one to one",
        lambda: crossmatch(gaia, **some),
        lambda: plain(gaia, some["unwise"]),
        items=STARS,
        bar=0.5,
        peer_name="astropy, both ways",
        rounds=ROUNDS,
    )
    print(table([peer]))


def sky(count):
    """Gaia sources over the sky and what the surveys have of them, with strangers among them."""
    draw = np.random.default_rng(1)
    ra, dec = draw.uniform(0, 360, count), np.degrees(np.arcsin(draw.uniform(-1, 1, count)))
    pmra, pmdec = draw.normal(0, 15, (2, count))
    ids = 8_000_000_000 * np.arange(1, count + 1)
    gaia = {"source_id": ids, "ra": ra, "dec": dec, "pmra": pmra, "pmdec": pmdec}

    def seen(epoch, strangers, sigma_arcsec=0.08, near_arcsec=8.0):
        at_ra, at_dec, _ = carry(ra, dec, pmra, pmdec, 2016.0, epoch)
        whose = np.append(np.arange(count), draw.integers(0, count, strangers))
        scatter = np.where(np.arange(len(whose)) < count, sigma_arcsec, near_arcsec) / 3600
        north = at_dec[whose] + scatter * draw.normal(size=len(whose))
        east = scatter * draw.normal(size=len(whose)) / np.cos(np.radians(at_dec[whose]))
        return {"ra": (at_ra[whose] + east) % 360, "dec": np.clip(north, -90, 90)}

    apogee = {
        "APOGEE_ID": np.array([f"2M{index:08d}" for index in range(count)]),
        "GAIAEDR3_SOURCE_ID": np.where(np.arange(count) % 100 == 0, 0, ids),
        "RA": ra,
        "DEC": dec,
        "EXTRATARG": np.zeros(count, np.int32),
        "SNREV": draw.uniform(10, 200, count),
    }
    kepler = {name: values[:16_000] for name, values in seen(2000.0, 0).items()}
    kepler["kic"] = np.arange(1, 16_001)
    twomass, unwise = seen(1999.5, count // 5), seen(2014.9, count // 2)
    return gaia, {"apogee": apogee, "twomass": twomass, "unwise": unwise, "kepler": kepler}


def plain(gaia, other):
    """The nearest within an arcsecond in both directions."""
    at = carry(*(gaia[name] for name in ("ra", "dec", "pmra", "pmdec")), 2016.0, 2014.9)[:2]
    here, there = (SkyCoord(*place, unit="deg") for place in (at, (other["ra"], other["dec"])))
    nearest, distance, _ = here.match_to_catalog_sky(there)
    back = there.match_to_catalog_sky(here)[0]
    mutual = (back[nearest] == np.arange(len(nearest))) & (distance.arcsec < 1)
    return np.where(mutual, nearest, -1)


if __name__ == "__main__":
    main()
