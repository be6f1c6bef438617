"""
Study: a generative model of XP spectra without stellar labels (Laroche & Speagle 2024).

The model and its training are in `starloom.training.scatter_vae`, which other samples of stars
share; here is what the study says of it.
"""
