"""All ADQL in one place."""

from collections.abc import Iterable, Mapping

from starloom.archives.names import SOURCE_ID_TO_LEVEL8

GAIA_COLUMNS = (
    *("source_id", "ref_epoch", "ra", "ra_error", "dec", "dec_error", "parallax"),
    *("parallax_error", "parallax_over_error", "pmra", "pmra_error", "pmdec", "pmdec_error"),
    *("astrometric_params_solved", "nu_eff_used_in_astrometry", "pseudocolour", "ruwe"),
    *("phot_g_n_obs", "phot_g_mean_flux", "phot_g_mean_flux_error"),
    *("phot_g_mean_flux_over_error", "phot_g_mean_mag"),
    *("phot_bp_n_obs", "phot_bp_mean_flux", "phot_bp_mean_flux_error"),
    *("phot_bp_mean_flux_over_error", "phot_bp_mean_mag"),
    *("phot_rp_n_obs", "phot_rp_mean_flux", "phot_rp_mean_flux_error"),
    *("phot_rp_mean_flux_over_error", "phot_rp_mean_mag"),
    *("phot_bp_rp_excess_factor", "bp_rp", "bp_g", "g_rp"),
    *("phot_bp_n_contaminated_transits", "phot_bp_n_blended_transits"),
    *("phot_rp_n_contaminated_transits", "phot_rp_n_blended_transits"),
    *("radial_velocity", "radial_velocity_error", "rv_nb_transits", "phot_variable_flag"),
    *("l", "b", "ecl_lon", "ecl_lat", "non_single_star", "has_xp_continuous"),
    *("teff_gspphot", "teff_gspphot_lower", "teff_gspphot_upper"),
    *("logg_gspphot", "logg_gspphot_lower", "logg_gspphot_upper"),
    *("mh_gspphot", "mh_gspphot_lower", "mh_gspphot_upper"),
    *("distance_gspphot", "distance_gspphot_lower", "distance_gspphot_upper"),
    *("azero_gspphot", "azero_gspphot_lower", "azero_gspphot_upper"),
    *("ag_gspphot", "ag_gspphot_lower", "ag_gspphot_upper"),
    *("ebpminrp_gspphot", "ebpminrp_gspphot_lower", "ebpminrp_gspphot_upper"),
)
"""What is taken of `gaiadr3.gaia_source`."""

TWOMASS_COLUMNS = (
    *("tmass_oid", "designation", "ra", "dec", "err_maj", "err_min", "err_ang"),
    *("j_m", "j_msigcom", "h_m", "h_msigcom", "ks_m", "ks_msigcom"),
    *("ph_qual", "ext_key", "j_date"),
)
"""What is taken of `gaiadr1.tmass_original_valid`."""

STARS = "tap_upload.stars"
"""The uploaded table: source_id, and ra, dec [deg] at the other survey's epoch for cones."""


def gaia_source(where: str) -> str:
    """
    Rows of gaia_source.

    Args:
        where: as `by_upload` or `by_range` give it, for the table `g`.
    """
    names = ", ".join(f"g.{name}" for name in GAIA_COLUMNS)
    return f"SELECT {names} FROM gaiadr3.gaia_source AS g {where}"


def twomass(where: str) -> str:
    """
    2MASS rows of Gaia's best neighbours, with the source_id, the distance [arcsec] and how many
    neighbours there were.

    Args:
        where: as `by_upload` or `by_range` give it, for the table `g` of best neighbours.

    References:
        Marrese et al. (2022), Gaia DR3 documentation, chapter 15: the three tables to join.
    """
    names = ", ".join(f"t.{name}" for name in TWOMASS_COLUMNS)
    return (
        f"SELECT g.source_id, g.angular_distance, g.number_of_neighbours, {names} "
        "FROM gaiadr3.tmass_psc_xsc_best_neighbour AS g "
        "JOIN gaiadr3.tmass_psc_xsc_join AS j "
        "ON g.clean_tmass_psc_xsc_oid = j.clean_tmass_psc_xsc_oid "
        "JOIN gaiadr1.tmass_original_valid AS t "
        f"ON j.original_psc_source_id = t.designation {where}"
    )


def by_upload() -> str:
    """The stars of the uploaded table."""
    return f"JOIN {STARS} AS s ON g.source_id = s.source_id"


def near(radius_arcsec: float, ra: str = "g.ra", dec: str = "g.dec") -> str:
    """The rows, with their position in `ra` and `dec`, within a radius of an uploaded position."""
    return (
        f"JOIN {STARS} AS s ON 1 = CONTAINS(POINT('ICRS', {ra}, {dec}), "
        f"CIRCLE('ICRS', s.ra, s.dec, {radius_arcsec / 3600:.8f}))"
    )


def gaia_ids(where: str) -> str:
    """Ids of sources, where `by_upload`, `by_range` or `near` says."""
    return f"SELECT g.source_id FROM gaiadr3.gaia_source AS g {where}"


def by_range(first_pixel: int, last_pixel: int) -> str:
    """
    All sources of some pixels.

    Args:
        first_pixel: nested HEALPix level 8.
        last_pixel: included.
    """
    low = first_pixel << SOURCE_ID_TO_LEVEL8
    high = ((last_pixel + 1) << SOURCE_ID_TO_LEVEL8) - 1
    return f"WHERE g.source_id BETWEEN {low} AND {high}"


def cones(table: str, names: Mapping[str, str], ra: str, dec: str, radius_arcsec: float) -> str:
    """
    Rows of a catalogue within a radius of each uploaded star.

    Args:
        table: the catalogue, as the service spells it.
        names: the service's name of each column by ours.
        ra: name of the right ascension [deg].
        dec: name of the declination [deg].
        radius_arcsec: of the cones.
    """
    columns = ", ".join(f"u.{theirs} AS {ours}" for ours, theirs in names.items())
    where = near(radius_arcsec, f"u.{ra}", f"u.{dec}")
    return f"SELECT s.source_id, {columns} FROM {table} AS u {where}"


def matched(catalogue: str, match: str, names: Mapping[str, str], ids: Iterable[int]) -> str:
    """
    Rows of a catalogue that a service has matched with Gaia before.

    Args:
        catalogue: as the service spells it.
        match: its table of pairs, `id1` of the catalogue and `id2` of Gaia.
        names: the service's name of each column by ours.
        ids: Gaia source ids.
    """
    columns = ", ".join(f"u.{theirs} AS {ours}" for ours, theirs in names.items())
    return (
        f"SELECT m.id2 AS source_id, {columns} FROM {match} AS m "
        f"JOIN {catalogue} AS u ON u.{names['unwise_objid']} = m.id1 "
        f"WHERE m.id2 IN ({', '.join(map(str, ids))})"
    )


def columns_of(table: str) -> str:
    """Names of a table's columns, of a service whose naming is not known for certain."""
    return (
        "SELECT column_name FROM tap_schema.columns "
        f"WHERE table_name = '{table}' OR table_name LIKE '%.{table}'"
    )


def tables_like(prefix: str) -> str:
    """Names of a service's tables."""
    return f"SELECT table_name FROM tap_schema.tables WHERE table_name LIKE '{prefix}%'"


def whole(table: str) -> str:
    """A table with all its columns and rows."""
    return f'SELECT * FROM "{table}"'


def simbad() -> str:
    """Type, names and spectral type of uploaded names (`name`), from SIMBAD."""
    return (
        "SELECT s.source_id, b.main_id, b.otype, b.sp_type, b.rvz_radvel "
        f"FROM {STARS} AS s JOIN ident AS i ON i.id = s.name JOIN basic AS b ON b.oid = i.oidref"
    )
