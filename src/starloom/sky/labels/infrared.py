"""
2MASS and unWISE as catalogues of detections: own epochs, neighbours, blends, missing rows.

Stars share their neighbours between the two surveys; what 2MASS resolves, unWISE may merge.
"""

from collections.abc import Mapping

import numpy as np

from starloom.sky import kinematics
from starloom.sky.draws import Draws

Table = dict[str, np.ndarray]

GAIA_EPOCH, UNWISE_EPOCH = 2016.0, 2014.9
"""Epoch of the true positions, and mean epoch of the unWISE exposures [Julian year]."""

NEIGHBOUR_RADIUS = 15.0
MOST_NEIGHBOURS = 4
TWOMASS_BEAM, UNWISE_BEAM = 2.0, 6.0
"""Radii [arcsec]: of the neighbourhood, and within which two sources become one row: 2MASS (Cutri
et al. 2003, Sec. II.2), unWISE (full width at half maximum; Schlafly et al. 2019, Sec. 3)."""


def designation(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """
    2MASS names, HHMMSSss+DDMMSSs, digits cut and not rounded.

    Args:
        ra, dec: position [deg].

    Returns:
        Strings of 16 characters.

    References:
        Cutri et al. (2003), Sec. II.2a: designation.
    """
    east = np.floor(ra / 15.0 * 360000.0 + 1e-6).astype(np.int64) % 8640000
    north = np.floor(np.abs(dec) * 36000.0 + 1e-6).astype(np.int64)
    hours = (east // 360000) * 1000000 + (east // 6000 % 60) * 10000 + east % 6000
    degrees = (north // 36000) * 100000 + (north // 600 % 60) * 1000 + north % 600
    sign = np.where(dec < 0, "-", "+")
    return np.char.add(np.char.mod("%08d", hours), np.char.add(sign, np.char.mod("%07d", degrees)))


def twomass_position(stars: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """
    Where and when 2MASS saw each star.

    Returns:
        ra, dec [deg] with position errors of about 0.08 arcsec, j_date [Julian day].

    References:
        Skrutskie et al. (2006), Sec. 2: June 1997 to February 2001; Sec. 5: 70-80 mas.
    """
    draws = Draws(seed, stars["star"])
    year = draws.uniform("twomass epoch", 1997.45, 2001.12)
    sigma = 80.0
    ra, dec = kinematics.moved(
        stars["ra"], stars["dec"], stars["pmra"], stars["pmdec"], year - GAIA_EPOCH
    )
    ra, dec = kinematics.moved(
        ra, dec, sigma * draws.normal("twomass ra"), sigma * draws.normal("twomass dec"), 1.0
    )
    return {"ra": ra, "dec": dec, "j_date": 2451545.0 + 365.25 * (year - 2000.0)}


def twomass_error(band: str, mag: np.ndarray) -> np.ndarray:
    """
    Total error of a 2MASS magnitude [mag]: 0.02 when bright, 0.1 at the 10 sigma limit.

    References:
        Skrutskie et al. (2006), Sec. 5: SNR 10 at J 15.8, H 15.1, Ks 14.3.
    """
    limit = {"j": 15.8, "h": 15.1, "ks": 14.3}[band]
    return np.sqrt(0.019**2 + (0.105 * 10 ** (0.34 * (mag - limit))) ** 2)


def twomass_photometry(
    stars: Mapping[str, np.ndarray], magnitudes: Mapping[str, np.ndarray], seed: int
) -> dict[str, np.ndarray]:
    """Measured magnitudes j_m, h_m, ks_m and errors j_msigcom ... of the stars alone [mag]."""
    draws = Draws(seed, stars["star"])
    columns = {}
    for band in ("j", "h", "ks"):
        error = twomass_error(band, magnitudes[band])
        columns[f"{band}_m"] = magnitudes[band] + error * draws.normal(f"twomass {band}")
        columns[f"{band}_msigcom"] = error
    return columns


def twomass(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    Rows of the 2MASS point-source catalogue around the stars.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes [mag, Vega].
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns designation, ra, dec [deg], j_date [Julian day], j_m, h_m, ks_m with _msigcom
        [mag], ph_qual, ext_key (0: none); and for each row the row of its star in `stars`, -1
        for a neighbour. Stars fainter than the survey are absent; some stars have two rows.
    """
    draws = Draws(seed, stars["star"])
    near = neighbours(stars, seed)
    own = twomass_position(stars, seed) | twomass_photometry(stars, magnitudes, seed)
    blend = near["separation"] < TWOMASS_BEAM
    for band in ("j", "h", "ks"):
        own[f"{band}_m"] = _add_light(own[f"{band}_m"], near[band], blend & near["exists"])
    own["ext_key"] = np.where(draws.uniform("extended") < 0.002, 1 + stars["star"], 0)

    twin = dict(own)
    shift = 300.0 + 700.0 * draws.uniform("twin shift")
    turn = draws.uniform("twin angle", 0.0, 2 * np.pi)
    twin["ra"], twin["dec"] = kinematics.moved(
        own["ra"], own["dec"], shift * np.cos(turn), shift * np.sin(turn), 1.0
    )
    for band in ("j", "h", "ks"):
        twin[f"{band}_m"] = own[f"{band}_m"] + 0.3 + 0.2 * draws.normal(f"twin {band}")

    place = np.arange(len(stars["star"]))
    parts = [
        (own, _seen_by_twomass(draws, magnitudes), place),
        (
            twin,
            _seen_by_twomass(draws, magnitudes) & (draws.uniform("twin") < 0.004),
            place,
        ),
    ]
    for k in range(MOST_NEIGHBOURS):
        row = _twomass_neighbour(own, near, k)
        seen = near["exists"][k] & ~blend[k] & (near["ks"][k] < 15.3)
        parts.append((row, seen, np.full(len(seen), -1)))
    columns, row = _gather(parts)
    columns = {"designation": designation(columns["ra"], columns["dec"])} | columns
    letters = [_quality(columns[f"{band}_msigcom"]) for band in ("j", "h", "ks")]
    columns["ph_qual"] = np.char.add(np.char.add(letters[0], letters[1]), letters[2])
    for band in ("j", "h", "ks"):
        columns[f"{band}_msigcom"] = columns[f"{band}_msigcom"] * error_scale
    return columns, row


def unwise(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    Rows of an unWISE catalogue around the stars.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes [mag, Vega].
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns ra, dec [deg] at the epoch of the exposures, flux_w1, flux_w2, dflux_w1, dflux_w2
        [Vega nanomaggies], fracflux_w1, fracflux_w2 (share of the light that is the source's
        own), unwise_objid; and for each row the row of its star in `stars`, -1 for a neighbour
        or a spurious row. Sources within 6 arcsec are one row at their centre of light.

    References:
        Schlafly, Meisner & Green (2019): depth, errors, epochs.
    """
    draws = Draws(seed, stars["star"])
    near = neighbours(stars, seed)
    year = UNWISE_EPOCH + 0.3 * draws.normal("unwise epoch")
    ra, dec = kinematics.moved(
        stars["ra"], stars["dec"], stars["pmra"], stars["pmdec"], year - GAIA_EPOCH
    )
    merged = near["exists"] & (near["separation"] < UNWISE_BEAM)
    light = {"w1": _nanomaggies(magnitudes["w1"]), "w2": _nanomaggies(magnitudes["w2"])}
    share = merged * _nanomaggies(near["w1"])
    total = light["w1"] + share.sum(axis=0)
    pull = share * near["separation"] / total
    sigma = 60.0 + 2000.0 / np.sqrt(light["w1"])
    east = 1000.0 * (pull * np.sin(near["angle"])).sum(axis=0) + sigma * draws.normal("unwise ra")
    north = 1000.0 * (pull * np.cos(near["angle"])).sum(axis=0) + sigma * draws.normal("unwise dec")
    own = dict(zip(("ra", "dec"), kinematics.moved(ra, dec, east, north, 1.0), strict=True))
    own["w1"], own["w2"] = total, light["w2"] + (merged * _nanomaggies(near["w2"])).sum(axis=0)
    own["alone"] = light["w1"] / total

    found = draws.uniform("unwise missing") > 0.012
    parts = [(own, found & (own["w1"] > 60.0), np.arange(len(ra)))]
    for k in range(MOST_NEIGHBOURS):
        row = _displaced(ra, dec, near, k) | {
            band: _nanomaggies(near[band][k]) for band in ("w1", "w2")
        }
        row["alone"] = np.ones(len(ra))
        seen = near["exists"][k] & ~merged[k] & (row["w1"] > 60.0)
        parts.append((row, seen, np.full(len(seen), -1)))
    ghost = _displaced(ra, dec, near, MOST_NEIGHBOURS - 1) | {
        "w1": 0.01 * light["w1"] + 60.0,
        "w2": 0.01 * light["w2"] + 20.0,
        "alone": np.ones(len(ra)),
    }
    spurious = (draws.uniform("ghost") < 0.01) & ~near["exists"][MOST_NEIGHBOURS - 1]
    parts.append((ghost, spurious, np.full(len(spurious), -1)))
    columns, row = _gather(parts)
    return _unwise_fluxes(columns, seed, error_scale), row


def neighbours(stars: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """
    Unrelated sources within 15 arcsec, more of them towards the Galactic plane.

    Args:
        stars: columns of `population.draw`.
        seed: the run's seed.

    Returns:
        exists, separation [arcsec], angle [rad, from north through east], j, h, ks, w1, w2 [mag],
        each of shape (4, n_star).

    References:
        Density after the 2MASS counts of Skrutskie et al. (2006), Fig. 10.
    """
    crowd = 0.10 + 1.1 * np.exp(-np.abs(stars["b"]) / 12.0)
    count = Draws(seed, stars["star"]).poisson("neighbours", crowd)
    columns = {name: [] for name in ("exists", "separation", "angle", "j", "h", "ks", "w1", "w2")}
    for k in range(MOST_NEIGHBOURS):
        draws = Draws(seed, stars["star"] * MOST_NEIGHBOURS + k)
        ks = np.maximum(16.5 - 1.4 * draws.exponential("neighbour ks"), 9.0)
        colour = draws.uniform("neighbour colour")
        columns["exists"].append(count > k)
        columns["separation"].append(NEIGHBOUR_RADIUS * np.sqrt(draws.uniform("separation")))
        columns["angle"].append(draws.uniform("angle", 0.0, 2 * np.pi))
        for band, redder in (("j", 0.8), ("h", 0.2), ("ks", 0.0), ("w1", -0.05), ("w2", -0.03)):
            columns[band].append(ks + redder * (0.5 + colour))
    return {name: np.array(values) for name, values in columns.items()}


def _seen_by_twomass(draws, magnitudes):
    """Detected in J or H, the limit blurred by the sky; one star in 120 is lost to confusion."""
    edge = 0.12 * draws.normal("twomass depth")
    found = (magnitudes["j"] < 16.3 + edge) | (magnitudes["h"] < 15.3 + edge)
    return found & (draws.uniform("twomass missing") > 1.0 / 120.0)


def _twomass_neighbour(own, near, k):
    row = _displaced(own["ra"], own["dec"], near, k)
    for band in ("j", "h", "ks"):
        row[f"{band}_m"] = near[band][k]
        row[f"{band}_msigcom"] = twomass_error(band, near[band][k])
    return row | {"j_date": own["j_date"], "ext_key": np.zeros(len(own["ra"]), np.int64)}


def _displaced(ra, dec, near, k):
    step = 1000.0 * near["separation"][k]
    east, north = step * np.sin(near["angle"][k]), step * np.cos(near["angle"][k])
    return dict(zip(("ra", "dec"), kinematics.moved(ra, dec, east, north, 1.0), strict=True))


def _add_light(mag, others, blended):
    light = 10 ** (-0.4 * mag) + (blended * 10 ** (-0.4 * others)).sum(axis=0)
    return -2.5 * np.log10(light)


def _nanomaggies(mag):
    return 10 ** (0.4 * (22.5 - mag))


def _quality(error):
    """2MASS photometric quality letter: SNR above 10, 7, 5, and the rest."""
    snr = 1.0857 / error
    return np.select([snr > 10, snr > 7, snr > 5], ["A", "B", "C"], "D")


def _unwise_fluxes(columns, seed, error_scale):
    """Noise and errors of the fluxes; a row's numbers depend on its star and its place there."""
    east = np.round(columns["ra"] * 3.6e6).astype(np.int64)
    north = np.round((columns["dec"] + 90.0) * 3.6e6).astype(np.int64)
    draws = Draws(seed, east * 648_000_001 + north)
    table = {"ra": columns["ra"], "dec": columns["dec"]}
    for band, noise in (("w1", 9.0), ("w2", 20.0)):
        flux = columns[band]
        saturated = flux > {"w1": 6.3e5, "w2": 1.0e6}[band]
        error = np.sqrt(noise**2 + (np.where(saturated, 0.02, 0.001) * flux) ** 2)
        calibration = 1.0 + 0.012 * draws.normal(f"unwise scale {band}")
        table[f"flux_{band}"] = flux * calibration + error * draws.normal(f"unwise {band}")
        table[f"dflux_{band}"] = error * error_scale
        table[f"fracflux_{band}"] = columns["alone"]
    names = np.char.add(np.char.mod("%010d", east), np.char.mod("%010d", north))
    table["unwise_objid"] = names
    return table


def _gather(parts):
    """One table of the seen rows of all parts, ordered by star, so that chunks join up."""
    order = np.concatenate([np.flatnonzero(seen) for _, seen, _ in parts])
    place = np.argsort(order, kind="stable")
    names = parts[0][0]
    columns = {
        name: np.concatenate([np.asarray(row[name])[seen] for row, seen, _ in parts])[place]
        for name in names
    }
    truth = np.concatenate([who[seen] for _, seen, who in parts])[place]
    return columns, truth
