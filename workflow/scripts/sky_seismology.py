"""Let the Kepler stars oscillate, and write the seismic tables of the literature."""

from pathlib import Path

from starloom.job import logged
from starloom.sky import kepler_targets, labels
from starloom.sky.files import write_labels
from starloom.sky.shards import kepler_stars
from starloom.tables import write_table


def main(stars_path, photometry_paths, own_path, shown_path, labels_paths, seed, sky):
    options = {name: sky[name] for name in ("mixed_modes", "rotation", "permuted_spectra")}
    stars, magnitudes = kepler_stars(stars_path, photometry_paths)
    own, shown = kepler_targets.oscillations(stars, magnitudes, seed, options)
    light_curve = kepler_targets.with_light_curves(shown["star"], seed, sky["light_curves"])
    about = kepler_targets.targets(stars, magnitudes, seed)
    about = {f"target_{name}": values for name, values in about.items()}
    write_table(own_path, own)
    write_table(shown_path, shown | {"light_curve": light_curve} | about)
    known, light = kepler_targets.with_seismology(stars, magnitudes, own)
    tables = labels.seismic_tables(known, light, seed, sky["error_scale"])
    for path in labels_paths:
        write_labels(path, tables[Path(path).stem])
    print(f"{light_curve.sum()} of {len(light_curve)} Kepler stars have light curves")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(
            job.input.stars,
            job.input.photometry,
            job.output.seismology,
            job.output.oscillations,
            job.output.labels,
            job.params.seed,
            job.params.sky,
        )
