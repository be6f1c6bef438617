"""Columns of the catalogue of the study tagging."""

from starloom.columns.entries import Column, Flag
from starloom.columns.stars import STAR

TAGGING_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(
            0,
            "label_out_of_range",
            "Teff or log g beyond those of the giants that the method has learned from",
        ),
        Flag(1, "no_latent", "no good pixel: the star has no latent"),
    )
}
"""Bits of `tagging_flag`."""


def tagging(latent: int, neighbours: int) -> tuple[Column, ...]:
    """Columns of the catalogue `doppelgangers` for so many latent dimensions and neighbours."""
    dimensions = (
        Column(f"z{index}", "f4", "", f"latent dimension {index}, of the chemistry alone")
        for index in range(latent)
    )
    near = (
        column
        for k in range(1, neighbours + 1)
        for column in (
            Column(
                f"doppelganger_{k}",
                "i8",
                "",
                f"source_id of the giant number {k} in chemical likeness, -1 for none",
                "meta.id.assoc",
            ),
            Column(
                f"distance_{k}",
                "f4",
                "",
                f"Euclidean distance to doppelganger_{k} in the latent of the chemistry",
            ),
        )
    )
    return (*STAR, *_TAGGING, *dimensions, *near)


_TAGGING = (
    Column("teff", "f4", "K", "effective temperature, APOGEE", "phys.temperature.effective"),
    Column("logg", "f4", "", "surface gravity log10 cm s-2, APOGEE", "phys.gravity"),
    Column("snrev", "f4", "", "signal to noise of a pixel of the APOGEE spectrum", "stat.snr"),
    Column("seen", "bool", "", "whether the method has learned from the star"),
    Column("tagging_flag", "i4", "", "bits of the doppelgangers", "meta.code"),
)

TAGGING = tagging(20, 10)
"""Columns of the catalogue `doppelgangers` of the default configuration."""
