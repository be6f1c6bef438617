"""
The simulated stars: one row a star, the truth behind every raw file.

Any chunk of stars, drawn in any order, is bit for bit the part of the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from astropy_healpix import healpy

from starloom.sky import candidates, evolution, kinematics
from starloom.sky import stellar_abundances as chem
from starloom.sky.draws import Draws

COMPONENTS = ("thin", "thick", "halo", "metal_weak")
THIN, THICK, HALO, METAL_WEAK = range(4)
"""Components of the Galaxy; codes are places in `COMPONENTS`."""

MIX = (0.70, 0.24, 0.045, 0.015)
MEAN_M_H = (-0.05, -0.50, -1.35, -2.30)
"""Shares of the components in the sample and their mean [M/H], for a first guess of brightness."""

KEPLER_FIELD = (76.32, 13.50, 7.2)
"""Centre l, b and radius [deg]: Koch et al. (2010), Sec. 2; the square field as a circle."""

FIRST_KIC = 100_000_000
"""Simulated KIC numbers start here, above every real one."""

G_LIMIT, DISC_EDGE_KPC, TRIALS, NEARER = 17.0, 17.0, 5, 8
"""Rough G [mag] and R [kpc] beyond which a position is drawn again, at most so often; then the
distance shrinks by 0.6, at most so often."""

BLOCK = 8192
"""Stars drawn at once: small enough for the processor's cache."""


@dataclass(frozen=True)
class Options:
    """Switches and shares of the population; each switch off is a null world."""

    candidate_fraction: float = 0.0
    giant_fraction: float = 0.65
    kepler_fraction: float = 0.10
    dredge_up: bool = True
    young_alpha_rich: bool = True
    cemp: bool = True
    binaries: bool = True
    extinction: bool = True


def draw(
    seed: int, star: np.ndarray, options: Options | Mapping[str, object] = ()
) -> dict[str, np.ndarray]:
    """
    Draw the true properties of stars.

    Args:
        seed: the run's seed.
        star: indices of the stars, shape (n_star,), integers from 0 to 2**32 - 1.
        options: an `Options`, or a mapping of its fields.

    Returns:
        Columns by name, each (n_star,); names carry units, angles are in degrees, proper motions
        in mas/yr, velocities in km/s, abundances in dex.

    Raises:
        TypeError: if `options` has an unknown key; the message lists the known ones.
        ValueError: if a star index is out of range.

    References:
        Mix and selection imitate the target list of APOGEE (Zasowski et al. 2017).
    """
    star = np.asarray(star)
    if star.size and (star.min() < 0 or star.max() >= 2**32):
        raise ValueError("star indices must lie between 0 and 2**32 - 1")
    options = _as_options(options)
    star = star.astype(np.int64)
    first = _draw_block(seed, star[:BLOCK], options)
    table = {name: np.empty(len(star), values.dtype) for name, values in first.items()}
    for start in range(0, len(star), BLOCK):
        part = first if start == 0 else _draw_block(seed, star[start : start + BLOCK], options)
        for name, values in part.items():
            table[name][start : start + BLOCK] = values
    return table


def source_ids(ra: np.ndarray, dec: np.ndarray, star: np.ndarray) -> np.ndarray:
    """
    Identifiers built as Gaia's: HEALPix level 12 (nested) above 35 running bits.

    Args:
        ra, dec: position [deg].
        star: star indices below 2**32; they make the identifiers unique over the sky.

    References:
        Gaia DR3 documentation, Sec. 20.1.1: source_id.
    """
    pixel = healpy.ang2pix(2**12, ra, dec, nest=True, lonlat=True).astype(np.int64)
    running = ((star & 0x1FFFFFF) << 7) | (star >> 25)
    return (pixel << 35) | running


def ks_absolute(luminosity_lsun: np.ndarray, teff: np.ndarray) -> np.ndarray:
    """
    Rough absolute Ks magnitude, for the survey's selection alone.

    References:
        Bolometric correction linear in 5040/Teff through the Sun (Willmer 2018) and the red
        clump (Hawkins et al. 2017: -1.61).
    """
    correction = 1.47 + 2.79 * (np.clip(5040.0 / teff, 0.4, 1.5) - 0.869)
    return 4.74 - 2.5 * np.log10(luminosity_lsun) - correction


def _as_options(options: Options | Mapping[str, object]) -> Options:
    if isinstance(options, Options):
        return options
    known = [field.name for field in fields(Options)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise TypeError(f"unknown option {', '.join(unknown)}; known: {', '.join(known)}")
    return Options(**dict(options))


def _draw_block(seed: int, star: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    draws = Draws(seed, star)
    member, kind = candidates.candidate_kind(draws, options.candidate_fraction, options.cemp)
    component = candidates.candidate_origin(draws, member, kind, draws.choice("component", MIX))
    age = candidates.candidate_age(draws, kind, _ages(draws, component))
    state = candidates.candidate_state(kind, _states(draws, component, options.giant_fraction))
    noise = _track_noise(draws)

    guess = evolution.place(state, age, np.take(MEAN_M_H, component), 1.0, noise)
    guess = candidates.candidate_structure(draws, kind, guess)
    kepler = (draws.uniform("kepler") < options.kepler_fraction) & _oscillates(guess, kind)
    place, dust = _observable_positions(seed, star, guess, component, age, kepler)
    radius = kinematics.cylindrical(kinematics.galactocentric(place))[0]

    birth = kinematics.birth_radius(draws.uniform("birth radius"), radius, age)
    birth = np.where(component == THIN, birth, np.nan)
    fe_h, alpha_m = _metals(draws, component, kind, age, birth)
    kind = _enhanced_kinds(draws, options, component, kind, fe_h, alpha_m, state)
    gain = np.where(kind == candidates.YOUNG, draws.uniform("mass gain", 1.25, 1.8), 1.0)
    tracks = candidates.candidate_structure(
        draws, kind, evolution.place(state, age, fe_h, gain, noise)
    )

    columns = {"star": star}
    columns |= _names(component, tracks["state"], kind, member, kepler, star)
    columns |= {"age_gyr": age, "birth_radius_kpc": birth, "mass_gain": gain}
    columns |= {name: values for name, values in tracks.items() if name != "state"}
    columns |= _atmosphere(draws, tracks, fe_h, alpha_m)
    columns |= _abundances(draws, options, tracks, kind, fe_h, alpha_m, gain)
    columns |= _seen_from_the_sun(draws, place, component, age, radius)
    columns["a_v"] = dust * options.extinction
    columns["r_v"] = np.clip(draws.normal("r_v", 3.1, 0.12), 2.3, 5.6)
    columns |= _companions(draws, options, tracks, kind, age, fe_h)
    columns["source_id"] = source_ids(columns["ra"], columns["dec"], star)
    return columns


def _ages(draws, component):
    low, high = np.exp(-0.3 / 8.0), np.exp(-11.0 / 8.0)
    thin = -8.0 * np.log(low + draws.uniform("age") * (high - low))
    spread = draws.normal("old age")
    thick = np.clip(10.2 + 1.1 * spread, 6.0, 13.0)
    halo = np.clip(11.5 + 0.9 * spread, 8.0, 13.5)
    return np.choose(np.minimum(component, HALO), [thin, thick, halo])


def _states(draws, component, giant_fraction):
    """Giants on three branches, subgiants and dwarfs; the metal-weak halo is seen as giants."""
    branch = draws.choice("giant branch", (0.58, 0.36, 0.06))
    giant = np.take([evolution.RGB, evolution.CLUMP, evolution.AGB], branch)
    faint = np.take([evolution.DWARF, evolution.SUBGIANT], draws.choice("faint", (0.84, 0.16)))
    is_giant = (draws.uniform("giant") < giant_fraction) | (component == METAL_WEAK)
    return np.where(is_giant, giant, faint)


def _track_noise(draws):
    return {
        "logg_unit": draws.uniform("logg"),
        "mass_unit": draws.uniform("mass"),
        "at_bump": draws.uniform("bump") < 0.10,
        "bump": draws.normal("bump logg"),
        "teff": draws.normal("teff"),
        "luminosity": draws.normal("luminosity"),
    }


def _oscillates(tracks, kind):
    """Ordinary giants whose oscillations the Kepler long cadence resolves."""
    giant = np.isin(tracks["state"], (evolution.RGB, evolution.CLUMP, evolution.SECONDARY))
    return giant & (kind == candidates.NORMAL) & (tracks["logg"] > 1.4) & (tracks["logg"] < 3.4)


def _observable_positions(seed, star, tracks, component, age, kepler):
    """
    Positions [kpc] and A_V [mag], drawn again for stars that the survey would not see.

    What no trial brings into view comes nearer on its last line of sight.
    """
    draws = Draws(seed, star)
    clumps = np.exp(0.3 * draws.normal("dust clumps"))
    place = _positions(draws, tracks, component, age, kepler)
    dust = kinematics.dust_column(place) * clumps
    for trial in range(1, TRIALS + NEARER):
        again = np.flatnonzero(_unseen(tracks, component, place, dust))
        if trial < TRIALS:
            draws = Draws(seed + trial * 0x5851F42D4C957F2D, star[again])
            few = {name: tracks[name][again] for name in ("luminosity_lsun", "teff")}
            place[again] = _positions(draws, few, component[again], age[again], kepler[again])
        else:
            place[again] *= 0.6
        dust[again] = kinematics.dust_column(place[again]) * clumps[again]
    return place, dust


def _unseen(tracks, component, place, dust):
    """Fainter than the XP spectra reach, or beyond the edge of the disc."""
    distance = np.linalg.norm(place, axis=1)
    ks = ks_absolute(tracks["luminosity_lsun"], tracks["teff"])
    colour = 1.4 + 3.5 * (np.clip(5040.0 / tracks["teff"], 0.5, 1.6) - 0.869)
    g_mag = ks + colour + 5 * np.log10(distance) + 10 + 0.8 * dust
    radius = np.hypot(kinematics.R_SUN_KPC - place[:, 0], place[:, 1])
    return (g_mag > G_LIMIT) | ((component < HALO) & (radius > DISC_EDGE_KPC))


def _positions(draws, tracks, component, age, kepler):
    """Heliocentric vectors [kpc]: a magnitude makes the distance, density the direction."""
    unit = draws.uniform("magnitude")
    apogee = np.interp(
        unit, [0, 0.03, 0.12, 0.32, 0.65, 0.92, 1], [6.5, 8.5, 9.8, 10.9, 11.9, 12.9, 13.8]
    )
    bright = np.interp(unit, [0, 0.05, 0.5, 0.95, 1], [7.5, 8.6, 10.2, 11.4, 12.3])
    modulus = np.where(kepler, bright, apogee) - ks_absolute(
        tracks["luminosity_lsun"], tracks["teff"]
    )
    distance = np.clip(10 ** (modulus / 5 - 2), 0.02, 25.0)
    units = {name: draws.uniform(f"position {name}") for name in ("height", "azimuth", "side")}

    scale = kinematics.DISC_SCALE_KPC
    flat = kinematics.shell_position(distance, np.full_like(distance, 0.01), scale, units)
    radius = np.hypot(kinematics.R_SUN_KPC - flat[:, 0], flat[:, 1])
    thin = kinematics.thin_height_kpc(age, radius)
    height = np.choose(np.minimum(component, HALO), [thin, 0.9, np.inf])
    field = kinematics.shell_position(distance, height, scale, units)

    lon, lat, size = KEPLER_FIELD
    offset = size * np.sqrt(units["height"])
    turn = 2 * np.pi * units["azimuth"]
    towards = kinematics.direction(
        lon + offset * np.cos(turn) / np.cos(np.radians(lat)), lat + offset * np.sin(turn)
    )
    return np.where(kepler[:, None], distance[:, None] * towards, field)


def _metals(draws, component, kind, age, birth):
    thin = chem.thin_fe_h(np.nan_to_num(birth), age) + 0.04 * draws.normal("thin fe_h")
    spread = draws.normal("fe_h")
    fe_h = np.choose(
        component, [thin, -0.50 + 0.27 * spread, -1.35 + 0.35 * spread, -2.30 + 0.45 * spread]
    )
    fe_h = np.where(kind == candidates.CEMP_NO, fe_h - 0.6, fe_h)
    fe_h = np.clip(fe_h, -4.0, 0.55)
    accreted = draws.uniform("accreted") < 0.5
    mean = np.choose(
        np.minimum(component, HALO),
        [chem.thin_alpha(fe_h, age), chem.thick_alpha(fe_h), chem.halo_alpha(fe_h, accreted)],
    )
    scatter = np.choose(np.minimum(component, HALO), [0.022, 0.025, 0.040])
    return fe_h, mean + scatter * draws.normal("alpha")


def _enhanced_kinds(draws, options, component, kind, fe_h, alpha_m, state):
    """Carbon-enhanced stars among the metal-poor, mass gainers among the alpha-rich."""
    plain = kind == candidates.NORMAL
    if options.cemp:
        cemp = plain & (draws.uniform("cemp") < chem.cemp_fraction(fe_h))
        without_s = draws.uniform("cemp kind") < chem.cemp_no_share(fe_h)
        kind = np.where(cemp, np.where(without_s, candidates.CEMP_NO, candidates.CEMP_S), kind)
    if options.young_alpha_rich:
        gained = plain & (component == THICK) & (alpha_m > 0.13) & (state != evolution.DWARF)
        kind = np.where(gained & (draws.uniform("young") < 0.08), candidates.YOUNG, kind)
    return kind


def _names(component, state, kind, member, kepler, star):
    return {
        "component": np.array(COMPONENTS)[component],
        "state": np.array(evolution.STATES)[state],
        "kind": np.array(candidates.KINDS)[kind],
        "candidate": member,
        "kepler": kepler,
        "kic": np.where(kepler, FIRST_KIC + star, -1),
    }


def _atmosphere(draws, tracks, fe_h, alpha_m):
    logg, teff = tracks["logg"], tracks["teff"]
    micro = evolution.microturbulence(logg) * np.exp(0.08 * draws.normal("microturbulence"))
    rotation = np.where(logg > 3.6, 3.0, 1.0) * draws.exponential("rotation")
    rotation = rotation * np.where(teff > 6300, 10.0, 1.0) * np.where(teff > 7500, 4.0, 1.0)
    return {
        "fe_h": fe_h,
        "m_h": fe_h,
        "alpha_m": alpha_m,
        "microturbulence_kms": micro,
        "vsini_kms": np.minimum(rotation, 350.0),
        "numax_uhz": evolution.numax_uhz(logg, teff),
        "dnu_uhz": evolution.dnu_uhz(
            tracks["mass_msun"], tracks["radius_rsun"], fe_h, tracks["state"]
        ),
        "age_of_mass_gyr": evolution.lifetime_gyr(tracks["initial_mass_msun"], fe_h),
    }


def _abundances(draws, options, tracks, kind, fe_h, alpha_m, gain):
    birth = chem.birth_abundances(draws, fe_h, alpha_m)
    rich = chem.enrich(birth, draws, kind == candidates.CEMP_S, kind == candidates.CEMP_NO)
    if options.dredge_up:
        born = tracks["initial_mass_msun"] / gain
        change = chem.dredge_up_dex(born, tracks["logg"], fe_h)
        rich["c_fe"], rich["n_fe"] = chem.mix_carbon_nitrogen(rich["c_fe"], rich["n_fe"], change)
    rich = candidates.carbon_star_abundances(draws, kind, rich)
    rich["c_n"] = rich["c_fe"] - rich["n_fe"]
    rich["c12_c13"] = chem.carbon_isotopes(draws, tracks["logg"], fe_h)
    return rich


def _seen_from_the_sun(draws, place, component, age, radius):
    normal = {name: draws.normal(name) for name in ("v_r", "v_phi", "v_z")}
    velocity = kinematics.cylindrical_velocity(component, age, radius, normal)
    seen = kinematics.observables(place, velocity)
    names = ("v_r_kms", "v_phi_kms", "v_z_kms")
    return seen | dict(zip(names, velocity.T, strict=True))


def _companions(draws, options, tracks, kind, age, fe_h):
    """
    Companions: about a third of the stars, nearly all CEMP-s (there a white dwarf).

    Periods are those of Raghavan et al. (2010), Fig. 13; CEMP-s: Hansen et al. (2016).
    """
    share = np.where(kind == candidates.CEMP_S, 0.95, 0.35) * options.binaries
    binary = draws.uniform("binary") < share
    ratio = draws.uniform("mass ratio", 0.1, 1.0)
    period = 10 ** np.clip(draws.normal("period", 5.03, 2.28), 0.5, 9.0)
    mass = np.maximum(ratio * tracks["initial_mass_msun"], 0.10)
    lived = np.clip(age / evolution.lifetime_gyr(mass, fe_h), 0.0, 1.0)
    radius, teff = evolution.dwarf_radius_teff(mass, fe_h, lived)
    white = kind == candidates.CEMP_S
    mass, radius, teff = (
        np.where(white, dwarf, values)
        for dwarf, values in ((0.6, mass), (0.013, radius), (8000.0, teff))
    )
    total = mass + tracks["mass_msun"]
    pull = 212.9 * mass / total ** (2 / 3) / period ** (1 / 3)
    tilt = np.sqrt(1.0 - draws.uniform("inclination") ** 2)
    columns = {
        "companion_mass_msun": mass,
        "companion_teff": teff,
        "companion_radius_rsun": radius,
        "period_day": period,
        "rv_amplitude_kms": pull * tilt,
    }
    return {"binary": binary} | {
        name: np.where(binary, values, np.nan) for name, values in columns.items()
    }
