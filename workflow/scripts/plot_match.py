"""Draw the separations of the match."""

from pathlib import Path

from starloom.figures.match import draw
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.match_numbers import SURVEYS
from starloom.tables import read_json, read_table


def main(evaluation_path, profile_path, path, data):
    figure, title, caption = draw(read_table(profile_path), read_json(evaluation_path), SURVEYS)
    save(figure, path, title, caption, data)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.evaluation, job.input.profile)
        main(*files, Path(job.output[0]).with_suffix(""), job.params.data)
