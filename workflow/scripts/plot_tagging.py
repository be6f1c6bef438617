"""Draw the figures of chemical tagging."""

from pathlib import Path

from starloom.archives.sdss import wavelength
from starloom.figures import tagging as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.continuum import CHIP_SIZES, kept_pixels
from starloom.studies.tagging.spectra import binned
from starloom.tables import read_json, read_table


def main(paths, folder, variants, engine, size, **options):
    by_variant = {}
    kinds = (
        ("history", paths.histories, read_table),
        ("scores", paths.evaluations, read_json),
        ("pairs", paths.pairs, read_table),
        ("examples", paths.examples, read_table),
    )
    for kind, files, read in kinds:
        for name, path in zip(variants, files, strict=True):
            by_variant.setdefault(name, dict(variants[name]))[kind] = read(path)
    # Libraries of other engines do not say where their pixels lie.
    if engine == "embedded":
        pixels = wavelength()[kept_pixels()][None]
        options["wavelength"] = binned(pixels, None, size, CHIP_SIZES)[0][0]
    for order, (name, drawn) in enumerate(figures.draw_all(by_variant, **options).items()):
        # The library is synthetic whatever the survey is.
        save(drawn[0], folder / name, *drawn[1:], "simulated", order)
        print(f"{name}: {drawn[1]}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        library = (job.params.variants, job.params.engine, job.params.bin)
        options = {name: job.params[name] for name in ("snr", "shown")}
        main(job.input, Path(job.output[0]).parent, *library, **options)
