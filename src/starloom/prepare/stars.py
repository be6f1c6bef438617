"""One table of the stars: what every survey says of each, on one row."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.cuts import apply, catalogue_cuts
from starloom.prepare.identifiers import join_ids
from starloom.prepare.split import assign

Table = Mapping[str, np.ndarray]

GAIA_COLUMNS = (
    "ra",
    "dec",
    "parallax",
    "parallax_error",
    "pmra",
    "pmdec",
    "phot_g_mean_mag",
    "bp_rp",
    "ruwe",
    "phot_bp_rp_excess_factor",
    "phot_bp_mean_mag",
    "phot_rp_mean_mag",
    "phot_bp_mean_flux_over_error",
    "phot_rp_mean_flux_over_error",
    "nu_eff_used_in_astrometry",
    "pseudocolour",
    "astrometric_params_solved",
    "ecl_lat",
    "teff_gspphot",
    "logg_gspphot",
    "mh_gspphot",
)
TWOMASS_COLUMNS = ("j_m", "h_m", "ks_m", "j_msigcom", "h_msigcom", "ks_msigcom")
LABELS = {
    "TEFF": "teff",
    "LOGG": "logg",
    "M_H": "m_h",
    "ALPHA_M": "alpha_m",
    "FE_H": "fe_h",
    "C_FE": "c_fe",
    "N_FE": "n_fe",
    "MG_FE": "mg_fe",
}
"""APOGEE's labels and our names; each has an error column."""

APOGEE_FLAGS = ("STARFLAG", "ASPCAPFLAG", "EXTRATARG")

NO_VALUE = -999.0
"""Labels below this are the archive's way to say that there is none."""


def one_row_each(
    matches: Table,
    gaia: Table | None,
    apogee: Table | None = None,
    twomass: Table | None = None,
    unwise: Table | None = None,
) -> dict[str, np.ndarray]:
    """
    Gather the columns of all surveys on the rows of the cross-match.

    Args:
        matches: the cross-match: source_id, match_flag, {survey}_row.
        gaia: gaia_source columns, or None.
        apogee: allStar columns, or None; then the labels are absent.
        twomass: 2MASS columns, or None.
        unwise: unWISE fluxes `flux_w1`, `flux_w2` [Vega nanomaggies], with errors `dflux_w1`,
            `dflux_w2` where there are, or None.

    Returns:
        Equally long columns: source_id, match_flag; Gaia's and 2MASS's under their own names
        [deg, mas, mag]; w1, w2 with `_err` [mag, Vega]; teff [K], logg, m_h, alpha_m, fe_h, c_fe,
        n_fe, mg_fe [dex] with `_err`, snrev, starflag, aspcapflag, extratarg. NaN (0 for flags)
        where a survey has not the star or no value. kic (-1 none) where the match has it.
    """
    columns = {name: matches[name] for name in ("source_id", "match_flag")}
    if gaia is not None:
        rows = matches["gaia_row"]
        columns |= {name: _taken(gaia[name], rows) for name in GAIA_COLUMNS if name in gaia}
    if twomass is not None:
        rows = matches["twomass_row"]
        columns |= {name: _taken(twomass[name], rows) for name in TWOMASS_COLUMNS}
    if "kic" in matches:
        columns["kic"] = matches["kic"]
    if unwise is not None:
        rows = matches["unwise_row"]
        for band in ("w1", "w2"):
            flux = _taken(unwise[f"flux_{band}"], rows)
            columns[band] = nanomaggies_to_mag(flux)
            if f"dflux_{band}" in unwise:
                error = _taken(unwise[f"dflux_{band}"], rows)
                columns[f"{band}_err"] = nanomaggies_to_mag_error(flux, error)
    if apogee is not None:
        rows = matches["apogee_row"]
        columns["apogee_id"] = np.where(rows >= 0, apogee["APOGEE_ID"][rows], "")
        for theirs, ours in LABELS.items():
            columns[ours] = _label(apogee[theirs], rows)
            columns[f"{ours}_err"] = _label(apogee[f"{theirs}_ERR"], rows)
        columns["snrev"] = _label(apogee["SNREV"], rows)
        for theirs in (name for name in APOGEE_FLAGS if name in apogee):
            columns[theirs.lower()] = np.where(rows >= 0, apogee[theirs][rows], 0).astype(np.int64)
    return columns


def with_spectra(
    stars: Table, spectra: Table, split: Mapping[str, float | str]
) -> dict[str, np.ndarray]:
    """
    Keep one row for each star with an XP spectrum, in the order of source_id.

    Args:
        stars: columns of `one_row_each`.
        spectra: source_id and xp_flag of the stars with XP spectra.
        split: shares `train`, `validation`, `test` and the `salt` of the hash.

    Returns:
        The columns, with `xp_flag` and `split` (0 train, 1 validation, 2 test). A star whose
        source_id is in no other survey has NaN, zero flags, kic -1 and an empty name there.
    """
    source_id, first = np.unique(spectra["source_id"], return_index=True)
    rows = join_ids(source_id, stars["source_id"])
    columns = {"source_id": source_id}
    for name, values in stars.items():
        if name == "source_id":
            continue
        absent = {"f": np.nan, "O": "", "U": ""}.get(values.dtype.kind, -1 if name == "kic" else 0)
        columns[name] = (
            np.where(rows >= 0, values[rows], absent).astype(values.dtype)
            if len(values)
            else np.full(len(rows), absent, values.dtype)
        )
    shares = {name: split[name] for name in ("train", "validation", "test")}
    return columns | {
        "xp_flag": spectra["xp_flag"][first],
        "split": assign(source_id, shares, split["salt"]),
    }


def catalogues(
    stars: Table, definition: str
) -> tuple[dict[str, np.ndarray], dict[str, list[dict]]]:
    """
    Members of the full, good and pristine catalogues, with the stars left after every cut.

    Args:
        stars: columns of `with_spectra`.
        definition: `paper` or `released`.

    Returns:
        `in_full`, `in_good`, `in_pristine` (bool) and the counts by catalogue; nothing where the
        stars have no labels.

    References:
        Laroche & Speagle (2024), Sec. 2.2.
    """
    if "teff" not in stars:
        return {}, {}
    labelled = stars["apogee_id"] != ""
    members, counts = {}, {}
    for name in ("full", "good", "pristine"):
        columns = {key: values[labelled] for key, values in stars.items()}
        passed, counts[name] = apply(
            catalogue_cuts(name, definition), columns, f"the {name} catalogue", may_be_empty=True
        )
        members[f"in_{name}"] = np.zeros(len(labelled), bool)
        members[f"in_{name}"][np.flatnonzero(labelled)[passed]] = True
    return members, counts


def nanomaggies_to_mag(flux: np.ndarray) -> np.ndarray:
    """
    Magnitudes [Vega] of unWISE fluxes [Vega nanomaggies]; NaN where the flux is not positive.

    References:
        Schlafly, Meisner & Green (2019), Sec. 6: m = 22.5 - 2.5 log10 f.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(flux > 0, 22.5 - 2.5 * np.log10(flux), np.nan)


def nanomaggies_to_mag_error(flux: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Error of the magnitude [mag] of a flux with its error; NaN where the flux is not positive."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(flux > 0, 2.5 / np.log(10) * error / flux, np.nan)


def _taken(values, rows):
    """Values at rows; NaN for the row -1."""
    if len(values) == 0:
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, np.asarray(values, float)[rows], np.nan)


def _label(values, rows):
    taken = _taken(values, rows)
    return np.where(taken > NO_VALUE, taken, np.nan)
