"""Ask the test pairs how well each variant of chemical tagging finds twins."""

from pathlib import Path

from starloom.job import logged
from starloom.studies.tagging.evaluation import evaluate
from starloom.studies.tagging.library import whole_pairs
from starloom.studies.tagging.model import from_model
from starloom.tables import read_arrays, read_model, write_json, write_table


def main(paths, outputs, networks, **settings):
    train, test = (whole_pairs(read_arrays(paths[part]))[0] for part in ("train", "test"))
    files = (paths.models, outputs.evaluations, outputs.pairs, outputs.examples)
    for folder, scores, pairs, examples in zip(*files, strict=True):
        taggers = [from_model(*read_model(path)) for path in sorted(Path(folder).glob("seed-*"))]
        chosen = networks if Path(folder).name == networks["variant"] else None
        found = evaluate(taggers, train, test, networks=chosen, **settings)
        for write, path, product in zip(
            (write_json, write_table, write_table), (scores, pairs, examples), found, strict=True
        ):
            write(path, product)
        print(Path(folder).name, found[0])


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        settings = {"size": job.params.bin, "snr": job.params.snr, "seed": job.params.seed}
        main(job.input, job.output, job.params.abundances, **settings)
