"""Columns of the catalogue of the study scatter_vae."""

from starloom.columns.entries import Column
from starloom.columns.stars import STAR


def scatter_vae(latent: int) -> tuple[Column, ...]:
    """Columns of the catalogue `scatter_vae` for a model with so many latent dimensions."""
    dimensions = (
        column
        for index in range(latent)
        for column in (
            Column(
                f"z{index}",
                "f4",
                "",
                f"mean of latent dimension {index}; near 0 for all stars if the training left it "
                "unused (xpvae.active_dimensions counts the others)",
            ),
            Column(
                f"e_z{index}",
                "f4",
                "",
                f"standard deviation of latent dimension {index}; near 1 for all stars if the "
                "training left it unused",
            ),
        )
    )
    return (*STAR, *dimensions, *_SCATTER_VAE)


_SCATTER_VAE = (
    Column(
        "chi2", "f4", "", "chi2 of the reconstruction, with errors and scatter", "stat.fit.chi2"
    ),
    Column("log_likelihood", "f4", "", "log likelihood of the spectrum at the latent mean [nat]"),
    Column("latent_log_density", "f4", "", "log density of the training stars at the latent mean"),
    Column(
        "outlier_score",
        "f4",
        "",
        "larger of the ranks among validation stars by chi2 and by latent density, 0 to 1",
    ),
    Column(
        "p_high_alpha",
        "f4",
        "",
        "probability of the high-alpha sequence by the latent means, learned from pristine stars",
    ),
    Column("split", "i1", "", "0 training, 1 validation, 2 test", "meta.code"),
    Column("in_good", "bool", "", "in the good catalogue (Laroche & Speagle 2024, Sec. 2.2)"),
    Column(
        "in_pristine", "bool", "", "in the pristine catalogue (Laroche & Speagle 2024, Sec. 2.2)"
    ),
    Column("match_flag", "i4", "", "bits of the cross-match", "meta.code"),
    Column("xp_flag", "i4", "", "bits of the XP spectrum", "meta.code"),
)

SCATTER_VAE = scatter_vae(6)
"""Columns of the catalogue `scatter_vae` with the paper's six latent dimensions."""
