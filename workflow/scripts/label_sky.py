"""One bulk file of XP spectra, from gzipped text to labels and latents by HEALPix pixel."""

import numpy as np

from starloom.archives.names import SOURCE_ID_TO_LEVEL8, chunk_range
from starloom.columns import whole_sky
from starloom.job import logged
from starloom.predict.sky import Models, predict_file, read_gaia, read_infrared
from starloom.publish.catalog import as_columns
from starloom.publish.hats_parts import write_part
from starloom.studies import labels as study
from starloom.tables import atomic, read_model, stack
from starloom.training import scatter_vae


def main(paths, part_path, chunk, data):
    stored, card = read_model(paths["labels"])
    latent = scatter_vae.from_model(*read_model(paths["latent"]))
    models = Models(study.from_model(stored, card), card["zero_point"], latent)
    extent = chunk_range(chunk)
    ids = [pixel << SOURCE_ID_TO_LEVEL8 for pixel in (extent[0], extent[1] + 1)]
    infrared = read_infrared(paths["infrared"], ids) if paths["infrared"] else {}
    gaia = read_gaia(paths["gaia_source"])
    found = stack(list(predict_file(models, paths["xp"], gaia, infrared)))
    table = as_columns(found, whole_sky(latent.architecture.latent))
    with atomic(part_path) as temporary:
        temporary.mkdir()
        files = write_part(temporary, table, extent, data)
    predicted = np.isfinite(found["teff_xp"]).sum()
    print(f"{chunk}: {len(table)} stars, {predicted} with labels, in {files} pixels")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        names = ("labels", "latent", "xp", "gaia_source", "infrared")
        paths = {name: job.input[name] for name in names}
        main(paths, job.output.part, job.wildcards.chunk, job.params.data)
