"""Grow the forests from the latent space, and ask them about all pairs."""

import numpy as np

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.split import TRAINING
from starloom.studies import ages as study
from starloom.studies.ages.catalog import NAMES
from starloom.studies.ages.forests import to_model
from starloom.tables import read_arrays, read_model, read_table, write_model, write_table


def main(model_path, pairs_path, latent_paths, allstar_path, forests_path, predicted_path, options):
    model = study.from_model(*read_model(model_path))
    pairs = read_arrays(pairs_path)
    latents = study.by_member([read_table(path) for path in latent_paths], model.members)
    rows = rows_of(pairs["allstar_row"] + 1, latents["allstar_row"] + 1)
    names = [*NAMES, *(f"{name}_ERR" for name in NAMES)]
    stars = pairs | study.labels_of(read_allstar(allstar_path, names), pairs["allstar_row"])
    for name in ("latent_mean", "latent_sigma"):
        stars[name] = latents[name][rows]
    ready = study.standardised(model, pairs["flux"])
    stars["components"] = ready @ model.components.T
    forests = study.grow_all(stars, **options)
    found = study.predict_all(forests, stars)
    training = stars["split"] == TRAINING
    mean = stars["latent_mean"][training]
    arrays = to_model(forests) | {"reach": np.stack([mean.min(axis=0), mean.max(axis=0)])}
    write_model(forests_path, arrays, {"kind": "ages_forests", "inputs": sorted(forests.forests)})
    kept = {name: v for name, v in stars.items() if v.ndim == 1}
    kept |= {f"z{i}": v for i, v in enumerate(stars["latent_mean"][:, 0].T)}
    write_table(predicted_path, kept | found)
    print(f"{training.sum()} training stars; errors of the age times {forests.age_scale:.3f}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.pairs, job.input.latents, job.input.allstar)
        main(*files, job.output.forests, job.output.predicted, job.params.options)
