"""Columns of the catalogue of the study cemp."""

from starloom.columns.entries import Column
from starloom.columns.stars import STAR

CEMP_POPULATIONS = (
    *STAR,
    Column(
        "probability",
        "f4",
        "",
        "probability of a carbon-enhanced metal-poor star by its XP spectrum; that of the list "
        "where one was given, else NaN",
        "stat.probability",
    ),
    Column("population", "i4", "", "population in the latent space; -1 noise", "meta.code.class"),
    Column("membership", "f4", "", "strength of membership in the population, 0 to 1"),
    Column(
        "outlier_score",
        "f4",
        "",
        "larger of the ranks among validation candidates by chi2 and by latent density, 0 to 1",
    ),
    Column("simbad_type", "U12", "", "object type in SIMBAD; empty if none", "src.class"),
    Column("vote", "U32", "", "majority vote of the population's object types, or unknown"),
    Column("vote_fraction", "f4", "", "share of the votes for the most frequent class"),
    Column("vote_count", "i4", "", "stars of the population that vote"),
    Column("split", "i1", "", "0 training, 1 validation, 2 test", "meta.code"),
)
"""Columns of the catalogue `cemp_populations`."""
