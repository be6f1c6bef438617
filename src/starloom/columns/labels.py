"""Columns and flags of the catalogue of the study labels."""

from starloom.columns.entries import Column, Flag
from starloom.columns.scatter_vae import scatter_vae
from starloom.columns.stars import STAR

LABEL_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "no_spectrum", "BP or RP is missing, or a coefficient or its error is not usable"),
        Flag(1, "rp0_zero", "the first RP coefficient is zero or negative: nothing to divide by"),
        Flag(2, "rp0_uncertain", "the first RP coefficient is below ten of its errors"),
        Flag(3, "no_bp_rp", "BP - RP is missing; a learned value stands for it"),
        Flag(4, "no_w1_w2", "W1 - W2 is missing; a learned value stands for it"),
        Flag(5, "no_j_h", "J - H is missing; a learned value stands for it"),
        Flag(6, "no_h_w2", "H - W2 is missing; a learned value stands for it"),
        Flag(
            7,
            "no_pseudo_mag",
            "no parallax, G_RP, H or W2; a learned value stands for the pseudo-absolute magnitude",
        ),
        Flag(8, "negative_parallax", "the parallax without zero point is negative; used as it is"),
        Flag(9, "poor_astrometry", "ruwe above 1.4, or unknown"),
        Flag(10, "blended", "phot_bp_rp_excess_factor of 3 or more, or unknown"),
        Flag(
            11,
            "out_of_range",
            "inputs farther from the middle of the training stars than any of them, or a label "
            "beyond theirs",
        ),
        Flag(12, "large_errors", "an input's error is above that of every training star"),
        Flag(
            13,
            "extreme_teff",
            "rather like stars too hot or too cool for APOGEE (ASPCAP's TEFF_BAD), or at either "
            "end of Teff in training (the outermost 0.5 %), than like the others: hot stars come "
            "out thousands of kelvin too cool",
        ),
    )
}
"""Bits of `label_flag`; with bits 0 or 1 there is no prediction."""

LABELS = {
    "teff": ("K", "effective temperature", "phys.temperature.effective"),
    "logg": ("dex", "surface gravity, log10 of cm/s2", "phys.gravity"),
    "fe_h": ("dex", "[Fe/H]", "phys.abund.Z"),
    "c_fe": ("dex", "[C/Fe]", "phys.abund"),
    "n_fe": ("dex", "[N/Fe]", "phys.abund"),
    "alpha_m": ("dex", "[alpha/M]", "phys.abund"),
}
"""The labels: unit, meaning, UCD."""

_PARTS = {
    "model": "spread over networks with dropout",
    "input": "errors of the spectrum and the colours",
    "excess": "scatter that neither explains",
}

_LABELS = (
    *(column for column in STAR if column.name != "apogee_id"),
    *(
        column
        for name, (unit, meaning, ucd) in LABELS.items()
        for column in (
            Column(f"{name}_xp", "f4", unit, f"{meaning}, from XP and photometry", ucd),
            Column(f"e_{name}_xp", "f4", unit, f"error of {name}_xp, recalibrated", "stat.error"),
            *(
                Column(f"e_{name}_{part}", "f4", unit, f"part of e_{name}_xp: {said}", "stat.error")
                for part, said in _PARTS.items()
            ),
        )
    ),
    Column(
        "a_v_rjce",
        "f4",
        "mag",
        "extinction in V from H - W2 - 0.05 (Majewski et al. 2011), 0 where that is negative; no "
        "error. 0.01 mag of colour is 0.1 mag: some tenths too high in common stars, up to 26 in "
        "carbon and very cool ones",
        "phys.absorption",
    ),
    Column("distance_rank", "f4", "", "share of the training stars nearer to their middle"),
    Column("label_flag", "i4", "", "bits of the labels", "meta.code"),
)

STELLAR_LABELS = (
    *_LABELS,
    Column("split", "i1", "", "0 training, 1 validation, 2 test", "meta.code"),
)
"""Columns of the catalogue `stellar_labels`."""


def whole_sky(latent: int) -> tuple[Column, ...]:
    """Columns of the whole-sky catalogue for a scatter VAE of so many latent dimensions."""
    axes = {f"{part}{index}" for index in range(latent) for part in ("z", "e_z")}
    more = axes | {"chi2", "xp_flag"}
    return (*_LABELS, *(column for column in scatter_vae(latent) if column.name in more))
