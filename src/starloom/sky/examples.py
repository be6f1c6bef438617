"""Stars of the simulated sky that its figures show, and the lines of the H band by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from starloom.archives.kepler import folder_of
from starloom.archives.kepler_files import read_quarter
from starloom.sky.hband_lines import atomic_lines
from starloom.sky.mode_table import mode_table
from starloom.sky.power import NEEDED
from starloom.sky.reference import elements
from starloom.tables import open_arrays, read_table, stack

Table = Mapping[str, np.ndarray]

XP_TYPES = {
    "hot star": {"kind": "hot", "teff": 9000.0},
    "solar dwarf": {"kind": "normal", "teff": 5800.0, "logg": 4.4, "fe_h": 0.0},
    "cool dwarf": {"kind": "normal", "teff": 4300.0, "logg": 4.6, "fe_h": 0.0},
    "red giant": {"kind": "normal", "teff": 4700.0, "logg": 2.5, "fe_h": 0.1},
    "metal-poor giant": {"kind": "normal", "teff": 4700.0, "logg": 1.8, "fe_h": -2.0},
    "CEMP-s giant": {"kind": "cemp_s", "teff": 4700.0, "logg": 1.8, "fe_h": -2.0},
    "M giant": {"kind": "m_giant"},
    "carbon star": {"kind": "carbon_star"},
}
"""What the XP spectra of the figure are of."""

GIANTS = {
    "metal-rich giant": {"teff": 4700.0, "logg": 2.5, "fe_h": 0.2},
    "metal-poor giant": {"teff": 4700.0, "logg": 2.0, "fe_h": -1.0},
    "luminous giant": {"teff": 4000.0, "logg": 1.2, "fe_h": -0.1},
}
"""What the APOGEE spectra of the figure are of."""

H_WINDOWS = ((15655.0, 15785.0), (15950.0, 16080.0), (16700.0, 16830.0))
"""Stretches of the H band that are shown [Angstrom]: Mg and Fe, Si and the head of CO, Al."""

SCALE = {"teff": 200.0, "logg": 0.3, "fe_h": 0.2, "g": 3.0, "h": 2.0, "a_v": 0.5}
"""Differences that count alike in the choice of a star; bright stars behind little dust first."""


def like(stars: Table, wanted: Mapping[str, object]) -> int:
    """
    The star that is most like what is wanted.

    Args:
        stars: columns of `population.draw`, and magnitudes g and h.
        wanted: values of columns of `SCALE`, and `kind` for stars of this kind only.

    Returns:
        Its row; -1 if there is no star of this kind.
    """
    distance = np.zeros(len(stars["teff"]))
    for name, best in (("g", 13.0), ("h", 11.0), ("a_v", 0.1)):
        distance += (np.maximum(stars[name] - best, 0.0) / SCALE[name]) ** 2
    for name, value in wanted.items():
        if name == "kind":
            distance = np.where(stars["kind"] == value, distance, np.inf)
        else:
            distance += ((stars[name] - value) / SCALE[name]) ** 2
    distance = np.nan_to_num(distance, nan=np.inf)
    row = int(np.argmin(distance))
    return row if np.isfinite(distance[row]) else -1


def xp_types(stars: Table) -> dict[str, int]:
    """Names of `XP_TYPES` and the source_id of a star of each; types without one are left out."""
    found = {name: like(stars, wanted) for name, wanted in XP_TYPES.items()}
    return {name: int(stars["source_id"][row]) for name, row in found.items() if row >= 0}


def giants(stars: Table, source_ids: np.ndarray) -> dict[str, int]:
    """Names of `GIANTS` and the source_id of a star of each, among those with these source_id."""
    here = np.isin(stars["source_id"], source_ids) & ~stars["candidate"]
    few = {name: values[here] for name, values in stars.items()}
    return {name: int(few["source_id"][like(few, wanted)]) for name, wanted in GIANTS.items()}


def giant_spectra(
    stars: Table, apogee_path: str | Path, wavelength_angstrom: np.ndarray
) -> dict[str, np.ndarray]:
    """
    APOGEE spectra of `GIANTS`.

    Args:
        stars: from `evaluation.side_by_side`.
        apogee_path: prepared spectra over their continua, a batch of them.
        wavelength_angstrom: of their pixels.

    Returns:
        hband_name, hband_flux (n_giant, n_pixel), hband_angstrom.
    """
    spectra = open_arrays(apogee_path)
    ids = np.where(spectra["spectrum_flag"][:] == 0, spectra["source_id"][:], -1)
    chosen = giants(stars, ids[ids > 0])
    rows = [int(np.flatnonzero(ids == one)[0]) for one in chosen.values()]
    return {
        "hband_name": np.array(list(chosen), "U20"),
        "hband_flux": np.stack([spectra["flux"][row] for row in rows]),
        "hband_angstrom": wavelength_angstrom,
        **{f"line_{name}": values for name, values in named_lines(H_WINDOWS).items()},
    }


def power_spectra(stars: Table, oscillations: Table, power: Table) -> dict[str, np.ndarray]:
    """
    Power spectra of two giants with like numax, of both kinds, and their modes.

    Args:
        stars: from `evaluation.side_by_side`.
        oscillations: parameters that the spectra show, as `seismology.scaling` gives them.
        power: kic, power, freq of a batch of power spectra.

    Returns:
        power_ppm2_uhz (2, n_freq), freq_uhz, numax_uhz (2,), mode_star, mode_degree, mode_freq_uhz,
        mode_zeta, and power_name.
    """
    few = {name: values[np.isin(stars["kic"], power["kic"])] for name, values in stars.items()}
    chosen = oscillators(few)
    row = [int(np.flatnonzero(stars["source_id"] == one)[0]) for one in chosen.values()]
    place = [int(np.flatnonzero(power["kic"] == stars["kic"][one])[0]) for one in row]
    found = modes(oscillations, list(chosen.values()))
    return {
        "power_name": np.array(list(chosen), "U20"),
        "power_ppm2_uhz": power["power"][place],
        "freq_uhz": power["freq"],
        "numax_uhz": stars["numax_uhz"][row],
        **{f"mode_{name}": values for name, values in found.items()},
    }


def light_curve(lists: Sequence[str | Path], quarter: int = 5) -> dict[str, np.ndarray]:
    """
    A quarter of the first star that has it.

    Args:
        lists: of stars with light curves, as the raw files have them.
        quarter: which of the star's quarters, in order of time.

    Returns:
        light_time_day [BJD - 2454833], light_ppm of its good cadences and light_kic (1,); nothing
        without light curves.
    """
    for path in lists:
        for kic in read_table(path)["kic"]:
            files = sorted((Path(path).parent / folder_of(kic)).glob("*_llc.fits"))
            if len(files) > quarter:
                one = read_quarter(files[quarter])
                good = np.isfinite(one["flux"] + one["time_day"]) & (one["quality"] == 0)
                flux = one["flux"][good]
                return {
                    "light_time_day": one["time_day"][good],
                    "light_ppm": 1e6 * (flux / np.median(flux) - 1),
                    "light_kic": np.array([kic]),
                }
    return {}


def oscillators(stars: Table, numax_uhz: float = 38.0) -> dict[str, int]:
    """
    A red-giant-branch star and a clump star with like numax, and their source_id.

    Args:
        stars: state, numax_uhz, g, source_id of stars with power spectra.
        numax_uhz: what their numax should be [uHz].
    """
    found = {}
    for name, state in (("first giant branch", "rgb"), ("red clump", "red_clump")):
        distance = np.abs(np.log(stars["numax_uhz"] / numax_uhz)) + 0.05 * stars["g"]
        distance = np.where(stars["state"] == state, np.nan_to_num(distance, nan=1e9), np.inf)
        if np.isfinite(distance.min(initial=np.inf)):
            found[name] = int(stars["source_id"][np.argmin(distance)])
    return found


def modes(oscillations: Table, source_ids: list[int]) -> dict[str, np.ndarray]:
    """Modes of some stars from their seismic parameters: star (its place), degree, freq_uhz."""
    tables = []
    for place, source_id in enumerate(source_ids):
        row = np.flatnonzero(oscillations["source_id"] == source_id)[0]
        one = mode_table({name: float(oscillations[name][row]) for name in (*NEEDED, "kepmag")})
        tables.append({
            "star": np.full(len(one["degree"]), place), "degree": one["degree"],
            "freq_uhz": one["freq_uhz"], "zeta": one["zeta"],
        })  # fmt: skip
    return stack(tables)


def named_lines(
    windows: tuple[tuple[float, float], ...], teff: float = 4700.0, least: float = 0.6
) -> dict[str, np.ndarray]:
    """
    The strongest atomic lines of the H band in windows.

    Args:
        windows: first and last vacuum wavelength of each [Angstrom].
        teff: the lower level is populated at this temperature [K].
        least: least log10 of abundance (H 12) times gf times Boltzmann's factor; of an element's
            lines within 6 Angstrom the strongest stands for all.

    Returns:
        wavelength_angstrom (vacuum) and element of each.
    """
    lines, gas = atomic_lines(), elements()
    strength = gas["solar_abundance_dex"][lines["atom"]] + np.log10(lines["gf"])
    strength = strength - 5040.0 / teff * lines["energy_ev"]
    wave = 10.0 * lines["wavelength_nm"]
    found = []
    for row in np.argsort(-strength, kind="stable"):
        inside = any(low < wave[row] < high for low, high in windows)
        name = str(gas["element"][lines["atom"][row]])
        near = any(name == other and abs(wave[row] - place) < 6.0 for place, other in found)
        if inside and not near and strength[row] > least:
            found.append((float(wave[row]), name))
    found.sort()
    return {
        "wavelength_angstrom": np.array([place for place, _ in found]),
        "element": np.array([name for _, name in found], "U2"),
    }
