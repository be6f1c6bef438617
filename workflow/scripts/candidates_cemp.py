"""Choose candidates for carbon-enhanced metal-poor stars by trees on their XP coefficients."""

import numpy as np

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import names
from starloom.prepare.split import SETS
from starloom.studies.cemp import candidates as study
from starloom.tables import read_arrays, read_table, stack, write_json, write_model, write_table


def main(xp_paths, stars_path, table_path, model_path, scores_path, settings, select, made, seed):
    arrays = stack([read_arrays(path, names(False)) for path in xp_paths])
    stars = read_table(stars_path, ["source_id", "split", "c_fe", "fe_h", "aspcapflag"])
    rows = rows_of(arrays["source_id"], stars["source_id"])
    stars = {name: values[rows] for name, values in stars.items()}
    x, good = study.ratios(arrays)
    positive, judged = study.confirmed(stars)
    train, valid, test = (good & judged & (stars["split"] == part) for part in SETS)
    trees = study.train(x[train], positive[train], settings, seed)
    probability = np.full(len(good), np.nan)
    probability[good] = trees.predict_proba(x[good])[:, 1]
    lowest = study.threshold(probability, positive & valid, **select)
    chosen = np.nan_to_num(probability, nan=-1.0) >= lowest
    if not chosen.any():
        raise ValueError(f"no candidate reaches {lowest}: lower cemp/select/value")
    columns = {"source_id": arrays["source_id"], "probability": probability, "candidate": chosen}
    write_table(table_path, columns)
    counts = {"candidates": int(chosen.sum()), "stars": int(good.sum()), "threshold": lowest}
    counts |= {"confirmed": int(positive.sum()), "training": int((positive & train).sum())}
    counts |= {"given": False, "test": study.scores(probability[test], positive[test], lowest)}
    write_json(scores_path, counts)
    raw = np.frombuffer(trees.get_booster().save_raw("json"), np.uint8)
    write_model(model_path, {"booster_json": raw}, made | {"kind": "cemp_trees", "seed": seed})
    print(counts)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = [job.input.xp, job.input.stars, *(job.output[k] for k in ("table", "model"))]
        keys = ("settings", "select", "made", "seed")
        main(*files, job.output.scores, *(job.params[key] for key in keys))
