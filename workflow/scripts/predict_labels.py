"""Labels, with errors and flags, of the stars of one XP file."""

import numpy as np

from starloom.columns import LABEL_FLAGS
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies import labels as study
from starloom.tables import read_arrays, read_model, read_table, write_table


def main(model_path, xp_path, stars_path, labels_path):
    stored, card = read_model(model_path)
    arrays, stars = read_arrays(xp_path), read_table(stars_path)
    rows = rows_of(arrays["source_id"], stars["source_id"])
    stars = {name: values[rows] for name, values in stars.items()}
    model = study.from_model(stored, card)
    found = study.predict_stars(model, arrays, stars, card["zero_point"])
    write_table(labels_path, found)
    print(f"{len(rows)} stars, {np.isfinite(found['teff_xp']).sum()} predicted; flagged:")
    for name, flag in LABEL_FLAGS.items():
        print(f"  {name}: {(found['label_flag'] & flag.mask > 0).sum()}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.model, job.input.xp, job.input.stars, job.output.labels)
