"""
The simulated stars: one row a star, the truth behind every raw file.

Any chunk of stars, drawn in any order, is bit for bit the part of the whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
from astropy_healpix import healpy

from starloom.sky import candidates, clusters, companions, evolution, kinematics, selection
from starloom.sky import stellar_abundances as chem
from starloom.sky.draws import Draws

COMPONENTS = ("thin", "thick", "halo", "metal_weak")
THIN, THICK, HALO, METAL_WEAK = range(4)
"""Components of the Galaxy; codes are places in `COMPONENTS`."""

MIX = (0.70, 0.24, 0.045, 0.015)
MEAN_M_H = (-0.05, -0.50, -1.35, -2.30)
"""Shares of the components in the sample and their mean [M/H], for a first guess of brightness."""

FIRST_KIC = 100_000_000
"""Simulated KIC numbers start here, above every real one."""

BLOCK = 32768
"""Stars drawn at once: small enough for the processor's cache."""


@dataclass(frozen=True)
class Options:
    """
    Switches and shares of the population; each switch off is a null world.

    Attributes:
        candidate_fraction: share of the enriched candidate sample.
        giant_fraction: share of giants among the other stars.
        kepler_fraction: share of the thin-disc giants that lie in the Kepler field.
        cluster_fraction: share of the thin-disc giants that are members of open clusters.
        dredge_up: whether giants change their [C/N].
        young_alpha_rich: whether some alpha-rich stars have gained mass.
        cemp: whether metal-poor stars can be carbon-enhanced.
        binaries: whether stars have companions.
        extinction: whether dust reddens; the stars stay where they are without it.
    """

    candidate_fraction: float = 0.0
    giant_fraction: float = 0.65
    kepler_fraction: float = 0.20
    cluster_fraction: float = 0.0
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


def in_order(
    seed: int, n_star: int, options: Options | Mapping[str, object] = ()
) -> Iterator[dict[str, np.ndarray]]:
    """
    All stars in the order of their source_id, `BLOCK` at a time.

    Args:
        seed: the run's seed.
        n_star: number of stars; memory holds two integers of each, and one block.
        options: as for `draw`.

    Yields:
        Columns as `draw` gives them.
    """
    star = np.arange(n_star, dtype=np.int64)
    starts = range(0, n_star, BLOCK)
    if n_star > BLOCK:
        parts = [draw(seed, star[k : k + BLOCK], options)["source_id"] for k in starts]
        star = star[np.argsort(np.concatenate(parts))]
        yield from (draw(seed, star[k : k + BLOCK], options) for k in starts)
    else:
        table = draw(seed, star, options)
        order = np.argsort(table["source_id"])
        yield {name: values[order] for name, values in table.items()}


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
    state = candidates.candidate_state(kind, _states(draws, component, options.giant_fraction))
    eligible = (component == THIN) & ~member & np.isin(state, (evolution.RGB, evolution.CLUMP))
    cluster = clusters.membership(draws, options.cluster_fraction, eligible)
    common = clusters.shared(seed, star, cluster)
    age = candidates.candidate_age(draws, kind, _ages(common, component, state, cluster))
    noise = _track_noise(draws)

    guess = evolution.place(state, age, np.take(MEAN_M_H, component), 1.0, noise)
    guess = candidates.candidate_structure(draws, kind, guess)
    kepler = selection.in_kepler_field(draws, options.kepler_fraction, guess, kind, component)
    kepler &= cluster < 0
    place, dust = selection.positions(seed, star, guess, component, age, kepler)
    place, dust = clusters.place_members(common, draws, cluster, age, place, dust)
    radius = kinematics.cylindrical(kinematics.galactocentric(place))[0]

    birth = kinematics.birth_radius(common.uniform("birth radius"), radius, age)
    birth = np.where(component == THIN, birth, np.nan)
    fe_h, alpha_m = _metals(common, component, kind, age, birth)
    kind = _enhanced_kinds(draws, options, component, kind, member, fe_h, alpha_m, state)
    gain = np.where(kind == candidates.YOUNG, draws.uniform("mass gain", 1.25, 1.8), 1.0)
    tracks = candidates.candidate_structure(
        draws, kind, evolution.place(state, age, fe_h, gain, noise)
    )

    columns = {"star": star}
    columns |= _names(component, tracks["state"], kind, member, kepler, star)
    columns["cluster"] = cluster
    columns |= {"age_gyr": age, "birth_radius_kpc": birth, "mass_gain": gain}
    columns |= {name: values for name, values in tracks.items() if name != "state"}
    columns |= _atmosphere(draws, tracks, fe_h, alpha_m)
    columns |= _abundances(draws, common, options, tracks, kind, fe_h, alpha_m, gain)
    columns |= _seen_from_the_sun(draws, common, cluster, place, component, age, radius)
    columns["a_v"] = dust * options.extinction
    columns["r_v"] = np.clip(draws.normal("r_v", 3.1, 0.12), 2.3, 5.6)
    cemp_s, cemp_no = kind == candidates.CEMP_S, kind == candidates.CEMP_NO
    columns |= companions.draw(draws, options.binaries, tracks, cemp_s, cemp_no, age, fe_h)
    columns["source_id"] = source_ids(columns["ra"], columns["dec"], star)
    return columns


def _ages(draws, component, state, cluster):
    """
    Ages [Gyr].

    Massive stars spend less time on the giant branch and more in the clump (Girardi 2016): the
    powers bring the ages of both to those of APOKASC-2 (Pinsonneault et al. 2018). Open clusters
    are younger than 4 Gyr or so, whatever their members are.
    """
    low, high = np.exp(-0.3 / 8.0), np.exp(-11.0 / 8.0)
    power = np.where(state == evolution.CLUMP, 1.4, np.where(state == evolution.RGB, 0.7, 1.0))
    power = np.where(cluster >= 0, 3.0, power)
    unit = draws.uniform("age") ** power
    thin = -8.0 * np.log(low + unit * (high - low))
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


def _enhanced_kinds(draws, options, component, kind, member, fe_h, alpha_m, state):
    """Carbon-enhanced stars among the metal-poor, mass gainers among the alpha-rich."""
    plain = (kind == candidates.NORMAL) & ~member
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
        "age_of_mass_gyr": evolution.lifetime_gyr(tracks["initial_mass_msun"], fe_h),
    }


def _abundances(draws, common, options, tracks, kind, fe_h, alpha_m, gain):
    birth = chem.birth_abundances(common, fe_h, alpha_m)
    rich = chem.enrich(birth, draws, kind == candidates.CEMP_S, kind == candidates.CEMP_NO)
    if options.dredge_up:
        born = tracks["initial_mass_msun"] / gain
        change = chem.dredge_up_dex(born, tracks["logg"], fe_h)
        rich["c_fe"], rich["n_fe"] = chem.mix_carbon_nitrogen(rich["c_fe"], rich["n_fe"], change)
    rich = candidates.carbon_star_abundances(draws, kind, rich)
    rich["c_n"] = rich["c_fe"] - rich["n_fe"]
    rich["c12_c13"] = chem.carbon_isotopes(draws, tracks["logg"], fe_h)
    return rich


def _seen_from_the_sun(draws, common, cluster, place, component, age, radius):
    normal = {name: common.normal(name) for name in ("v_r", "v_phi", "v_z")}
    velocity = kinematics.cylindrical_velocity(component, age, radius, normal)
    velocity = velocity + clusters.inner_motion(draws, cluster)
    seen = kinematics.observables(place, velocity)
    names = ("v_r_kms", "v_phi_kms", "v_z_kms")
    return seen | dict(zip(names, velocity, strict=True))
