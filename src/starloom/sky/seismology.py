"""
Seismic parameters of stars: from mass, radius and temperature to what shapes a power spectrum.

`scaling` gives every star the numbers that `starloom.sky.power` turns into a power spectrum and
`starloom.sky.lightcurve` into a light curve.
"""

from collections.abc import Mapping

import numpy as np

from starloom.columns import Flag
from starloom.sky.draws import Draws
from starloom.sky.evolution import CLUMP, RGB, SECONDARY, STATES
from starloom.sky.kepler_band import (
    DETECTOR_NOISE_PPM,
    NYQUIST_UHZ,
    noise_ppm,
    white_noise_ppm2_uhz,
)
from starloom.sky.seismic_relations import (
    evaluate,
    mean_density_dnu_uhz,
    numax_uhz,
    quantities,
)

FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "not_finite", "mass, radius, Teff, log g, [M/H] or Kp is NaN, infinite or <= 0"),
        Flag(1, "above_nyquist", "numax exceeds the long-cadence Nyquist frequency, 283.2 uHz"),
        Flag(2, "barely_resolved", "numax is below 1 uHz: oscillations of weeks"),
        Flag(3, "no_donor", "permuted power spectra: no other star of like Teff and log g"),
    )
}
"""Bits of `seismic_flag`."""

DEFAULTS = {"mixed_modes": True, "rotation": True, "permuted_spectra": False}
"""Switches of `scaling`: without `mixed_modes` dipole modes are pressure modes, without
`rotation` they are not split; `permuted_spectra` is a null world."""

INPUTS = ("star", "state", "mass_msun", "radius_rsun", "teff", "logg", "m_h", "kepmag")
_NUMBERS = INPUTS[2:]
_POSITIVE = ("mass_msun", "radius_rsun", "teff", "kepmag")


def scaling(
    stars: Mapping[str, np.ndarray], seed: int, options: Mapping[str, bool] | None = None
) -> dict[str, np.ndarray]:
    """
    Seismic parameters of every star.

    Args:
        stars: arrays of shape (n_star,): star (index >= 0), state (names or codes of
            `evolution.STATES`), mass_msun [Msun], radius_rsun [Rsun], teff [K], logg [cgs], m_h
            [dex], kepmag [mag].
        seed: seed of the sky; a star's numbers depend on it and on its index alone, save with
            `permuted_spectra`, which needs the whole table at once.
        options: switches that differ from `DEFAULTS`.

    Returns:
        Arrays of shape (n_star,), float32 and NaN where `not_finite` is set: numax_uhz, dnu_uhz
        [uHz]; epsilon, d01, d02, d03, curvature of the ridges; glitch, glitch_period [orders],
        glitch_phase [rad]; fwhm_uhz of a radial mode; amplitude_ppm, its rms at numax;
        envelope_uhz (FWHM); granulation_ppm (rms); coupling, period_spacing_s [s], gravity_phase,
        core_splitting_uhz, mixed (1 where dipole modes are mixed); cos_inclination;
        white_ppm2_uhz [ppm2/uHz]; kepmag [mag]. And seismic_flag (bits of `FLAGS`) and star.

    Raises:
        KeyError: if a column is absent; the message names it.
        ValueError: if an option or the name of a state is unknown.

    References:
        Kjeldsen & Bedding (1995), A&A 293, 87, Eqs. 9-10: numax and dnu.
        Sharma et al. (2016), ApJ 822, 15, Sec. 3: dnu deviates with state, mass and gravity.
        The rows of seismic_relations.csv for the rest.
    """
    options = _options(options)
    missing = [name for name in INPUTS if name not in stars]
    if missing:
        raise KeyError(f"stars have no column {', '.join(missing)}; needed: {', '.join(INPUTS)}")
    star = np.asarray(stars["star"])
    draws = Draws(seed, star)
    good = _usable(stars)
    state = np.where(good, _codes(stars["state"]), RGB)
    known = {name: np.where(good, stars[name], 1.0).astype(float) for name in _NUMBERS}

    out = _global(state, known, draws)
    for quantity in quantities():
        if quantity == "dnu_factor":
            continue
        scatter = draws.normal(f"seismic {quantity}")
        out[quantity] = evaluate(quantity, state, known | out, scatter)
    out["coupling"] = _coupling(out["coupling"], state, out["dnu_uhz"])
    out["core_splitting_uhz"] = out["core_splitting_uhz"] * float(options["rotation"])
    out["glitch_period"] = draws.normal("glitch_period", 3.1, 0.3)
    out["glitch_phase"] = draws.uniform("glitch_phase", 0.0, 2 * np.pi)
    out["gravity_phase"] = draws.uniform("gravity_phase")
    out["cos_inclination"] = draws.uniform("cos_inclination")
    branch = (state == RGB) | (state == CLUMP) | (state == SECONDARY)
    out["mixed"] = (branch & options["mixed_modes"]).astype(float)
    detector = DETECTOR_NOISE_PPM * np.exp(0.3 * draws.normal("detector noise"))
    out["white_ppm2_uhz"] = white_noise_ppm2_uhz(np.hypot(noise_ppm(known["kepmag"]), detector))
    out["kepmag"] = known["kepmag"]

    result = {name: np.where(good, value, np.nan).astype(np.float32) for name, value in out.items()}
    result |= {"seismic_flag": _flags(good, out["numax_uhz"]), "star": star}
    if options["permuted_spectra"]:
        result = _with_donors(result, stars, good, seed)
    return result


def donors(
    teff: np.ndarray, logg: np.ndarray, seed: int, star: np.ndarray, group: int = 8
) -> np.ndarray:
    """
    For each star another one of like (Teff, log g), for the null world of permuted spectra.

    Stars are ordered by log g in strips of 0.1 dex, within a strip by Teff, cut into groups, and
    each group is turned round by one place in a random order, so that nobody keeps its own.

    Args:
        teff: effective temperature [K], shape (n_star,); NaN leaves a star to itself.
        logg: log g [cgs].
        seed: seed of the sky.
        star: star indices; the order in a group depends on them, not on the table's order.
        group: stars in a group, or up to twice as many where they do not divide.

    Returns:
        Position of each star's donor in the arrays, shape (n_star,).

    Raises:
        ValueError: if `group` is less than 2.
    """
    if group < 2:
        raise ValueError(f"group must be at least 2, not {group}: a star cannot swap with itself")
    donor = np.arange(len(teff))
    usable = np.flatnonzero(np.isfinite(teff) & np.isfinite(logg))
    strip = np.floor(logg[usable] / 0.1)
    order = usable[np.lexsort((star[usable], teff[usable], strip))]
    shuffle = Draws(seed, star).uniform("donor")
    for members in np.array_split(order, max(len(order) // group, 1)):
        ring = members[np.argsort(shuffle[members], kind="stable")]
        donor[ring] = np.roll(ring, 1)
    return donor


def _global(state, known, draws):
    """Numax and dnu [uHz] with the scatter that stars have about the scaling relations."""
    numax = numax_uhz(known["logg"], known["teff"]) * np.exp(0.015 * draws.normal("numax"))
    plain = mean_density_dnu_uhz(known["mass_msun"], known["radius_rsun"])
    scaled = known | {"numax_uhz": numax, "dnu_uhz": plain}
    factor = evaluate("dnu_factor", state, scaled, draws.normal("seismic dnu_factor"))
    return {"numax_uhz": numax, "dnu_uhz": plain * np.clip(factor, 0.9, 1.03)}


def _coupling(coupling, state, dnu):
    """Weaker high on the giant branch, where the gap between the cavities is wide."""
    weak = np.where(state == RGB, np.minimum(1.0, (dnu / 5.0) ** 1.5), 1.0)
    return np.clip(coupling * weak, 0.01, 0.6)


def _options(options):
    unknown = set(options or {}) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"unknown option {sorted(unknown)}; there are {sorted(DEFAULTS)}")
    return DEFAULTS | dict(options or {})


def _codes(state):
    state = np.asarray(state)
    if state.dtype.kind in "iu":
        return state
    unknown = set(state.astype(str)) - set(STATES)
    if unknown:
        raise ValueError(f"unknown state {sorted(unknown)}; there are {', '.join(STATES)}")
    place = {name: code for code, name in enumerate(STATES)}
    return np.array([place[name] for name in state.astype(str)], dtype=int)


def _usable(stars):
    good = np.all([np.isfinite(np.asarray(stars[name], float)) for name in _NUMBERS], axis=0)
    return good & np.all([np.asarray(stars[name], float) > 0 for name in _POSITIVE], axis=0)


def _flags(good, numax):
    flag = np.where(good, 0, FLAGS["not_finite"].mask)
    flag |= np.where(good & (numax > NYQUIST_UHZ), FLAGS["above_nyquist"].mask, 0)
    return flag | np.where(good & (numax < 1.0), FLAGS["barely_resolved"].mask, 0)


def _with_donors(parameters, stars, good, seed):
    """Every star gets its donor's oscillations and granulation, but keeps its own photon noise."""
    teff = np.where(good, np.asarray(stars["teff"], float), np.nan)
    source = donors(teff, np.asarray(stars["logg"], float), seed, parameters["star"])
    own = ("star", "kepmag", "white_ppm2_uhz")
    out = {name: v if name in own else v[source] for name, v in parameters.items()}
    alone = good & (source == np.arange(len(source)))
    out["seismic_flag"] = out["seismic_flag"] | np.where(alone, FLAGS["no_donor"].mask, 0)
    return out
