"""The Kepler survey of the simulated sky: light-curve files of many stars, a batch at a time."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from starloom.archives.kepler import folder_of
from starloom.sky.kepler_files import write_light_curve
from starloom.sky.kepler_photometry import observe
from starloom.sky.lightcurve import BATCH, relative_flux_ppm
from starloom.sky.seismology import FLAGS


def write_light_curves(
    folder: str | Path,
    targets: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
    seed: int,
    only: tuple[int, ...] | None = None,
) -> dict[str, int]:
    """
    Write the light curves of some stars as the archive lays them out.

    Args:
        folder: of all light curves; a star goes to {KIC9[:4]}/{KIC9}/ below it.
        targets: kic and what else `kepler_files.write_light_curve` takes, each (n_star,).
        parameters: what `seismology.scaling` returned for the same stars.
        seed: seed of the sky.
        only: quarters to make; all in which a star was observed when None.

    Returns:
        Counts: stars written, files written, stars left out because they are `not_finite`.

    Raises:
        ValueError: if a KIC occurs twice or is negative, or the tables differ in length.
    """
    kic = np.asarray(targets["kic"])
    if len(kic) != len(parameters["star"]):
        raise ValueError(f"{len(kic)} targets for {len(parameters['star'])} sets of parameters")
    names, count = np.unique(kic, return_counts=True)
    if np.any(count > 1) or np.any(names < 0):
        wrong = names[(count > 1) | (names < 0)]
        raise ValueError(f"KIC {wrong[:5].tolist()}: each star needs a KIC of its own, 0 or more")
    good = np.flatnonzero(parameters["seismic_flag"] & FLAGS["not_finite"].mask == 0)
    files = 0
    for start in range(0, len(good), BATCH):
        rows = good[start : start + BATCH]
        flux = relative_flux_ppm({name: v[rows] for name, v in parameters.items()}, seed)
        for row, series in zip(rows, flux, strict=True):
            target = {name: values[row] for name, values in targets.items()}
            white, kepmag = (float(parameters[name][row]) for name in ("white_ppm2_uhz", "kepmag"))
            star = int(parameters["star"][row])
            made = observe(star, kepmag, white, series, seed, only=only)
            files += len(write_light_curve(Path(folder) / folder_of(kic[row]), target, made))
    return {"written": len(good), "files": files, "not_finite": len(kic) - len(good)}
