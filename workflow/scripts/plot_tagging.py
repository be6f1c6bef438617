"""Draw the figures of chemical tagging."""

from pathlib import Path

from starloom.figures import tagging as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.tables import read_json, read_table


def main(paths, folder, variants, snr, shown):
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
    for order, (name, drawn) in enumerate(figures.draw_all(by_variant, snr, shown).items()):
        # The library is synthetic whatever the survey is.
        save(drawn[0], folder / name, *drawn[1:], "simulated", order)
        print(f"{name}: {drawn[1]}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        folder = Path(job.output[0]).parent
        main(job.input, folder, job.params.variants, job.params.snr, job.params.shown)
