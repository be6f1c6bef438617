"""Draw the figures of the candidates and their populations."""

from pathlib import Path

from starloom.figures import cemp as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies.cemp.distinct import absolute_magnitude
from starloom.studies.cemp.populations import standardised
from starloom.tables import read_json, read_meta, read_table


def main(paths, folder, names, data, variance):
    tables = {name: read_table(paths[name]) for name in ("catalog", "latent", "spectra", "sweep")}
    stars = read_table(paths["stars"])
    rows = rows_of(tables["catalog"]["source_id"], stars["source_id"])
    tables["stars"] = {name: values[rows] for name, values in stars.items()}
    tables["stars"]["m_g"] = absolute_magnitude(tables["stars"])
    rows = rows_of(tables["catalog"]["source_id"], tables["latent"]["source_id"])
    tables["latent"] = standardised(tables["latent"]["latent_mean_0"][rows], variance)[0]
    tables["spectra"]["wavelength_nm"] = read_meta(paths["spectra"])["wavelength_nm"]
    votes, clustering = read_json(paths["votes"]), read_json(paths["clustering"])
    drawn = figures.draw_all(tables, votes, clustering, names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("figures", "data", "least_variance")
        main(job.input, Path(job.output[0]).parent, *(job.params[key] for key in keys))
