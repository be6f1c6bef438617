"""Ask the test pairs how well a variant of chemical tagging finds twins."""

from pathlib import Path

from starloom.job import logged
from starloom.studies.tagging.evaluation import evaluate
from starloom.studies.tagging.library import whole_pairs
from starloom.studies.tagging.model import from_model
from starloom.tables import read_arrays, read_model, write_json, write_table


def main(paths, outputs, size, snr, seed, networks):
    taggers = [from_model(*read_model(path)) for path in sorted(Path(paths["model"]).iterdir())]
    train, test = (whole_pairs(read_arrays(paths[part]))[0] for part in ("train", "test"))
    found, pairs, examples = evaluate(
        taggers, train, test, size=size, snr=snr, seed=seed, networks=networks
    )
    write_json(outputs["evaluation"], found)
    write_table(outputs["pairs"], pairs)
    write_table(outputs["examples"], examples)
    for level, scores in found.items():
        print(level, scores)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("bin", "snr", "seed", "networks")
        main(job.input, job.output, *(job.params[key] for key in keys))
