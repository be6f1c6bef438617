"""Draw the figures of the latent-space ages."""

from pathlib import Path

from starloom.archives.astronn import read_astronn
from starloom.archives.sdss import read_allstar
from starloom.figures import ages as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.psd import settings_of
from starloom.prepare.split import TEST
from starloom.studies.ages.catalog import NAMES, labels_of
from starloom.studies.ages.scores import map_sample
from starloom.tables import read_arrays, read_table


def main(paths, folder, names, psd, data):
    freq = {"freq_uhz": settings_of(psd).centres_uhz}
    columns = [*NAMES, *(f"{name}_ERR" for name in NAMES)]
    catalog = read_table(paths.catalog)
    catalog |= labels_of(read_allstar(paths.allstar, columns))
    if paths.astronn:
        catalog |= {f"astronn_{name}": v for name, v in read_astronn(paths.astronn[0]).items()}
    clean, pairs = map_sample(catalog), read_table(paths.pairs)
    tables = {
        "pairs": pairs,
        "test": {name: values[pairs["split"] == TEST] for name, values in pairs.items()},
        "catalog": {name: values[clean] for name, values in catalog.items()},
        "spectra": read_arrays(paths.spectra) | freq,
        "samples": read_arrays(paths.samples) | freq,
        "slopes": read_table(paths.slopes),
    }
    drawn = figures.draw_all(tables, names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        folder = Path(job.output[0]).parent
        main(job.input, folder, job.params.figures, job.params.psd, job.params.data)
