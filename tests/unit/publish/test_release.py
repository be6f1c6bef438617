"""What goes with a release: all rows accounted for, metadata, what has changed."""

import numpy as np
import pytest
from astropy.table import Table

from starloom.columns import AGE_FLAGS
from starloom.figures.reconciliation import reconciliation
from starloom.publish.reconcile import Part, as_rows, catalog_parts, cut_parts, raw_parts
from starloom.publish.release import changes, datacite, read_citation, say_about, zenodo

RELEASE = {"version": "0.2.0", "date": "2026-12-01"}


def test_rows_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="2MASS: 5 rows, but 4 are accounted for"):
        Part("2MASS", 5, (("matched", 3, True), ("lost", 1, False)))


def test_raw_rows_and_cuts_are_accounted_for_by_what_became_of_them():
    spectra = {"source_id": np.array([1, 2, 2, 3]), "xp_flag": np.zeros(4, int)}
    counts = {
        "apogee": {"rows": {"total": 9, "no_position": 0, "lost_to_closer": 2,
                            "matched_by_source_id": 7}},
        "gaia": {},
    }  # fmt: skip
    xp, apogee = raw_parts(spectra, counts)
    assert xp.outcomes == (("a star", 3, True), ("repeated source_id", 1, False))
    assert apogee.outcomes == (("matched by source_id", 7, True), ("lost to closer", 2, False))
    cuts = [
        {"criterion": "", "removed": 0, "left": 10},
        {"criterion": "snr > 3", "removed": 4, "left": 6},
        {"criterion": "g < 9", "removed": 0, "left": 6},
    ]
    (good,) = cut_parts({"full": cuts[:1], "good": cuts})
    assert good.outcomes == (("pass all cuts", 6, True), ("not snr > 3", 4, False))


def test_stars_without_a_result_have_the_first_reason_that_holds():
    merged = Table(
        {
            "in_ages": [True, True, False, False],
            "age": [1.0, np.nan, np.nan, np.nan],
            "xp_flag": [128, 1 | 2, 0, 0],
            "match_flag": [0, 1, 1, 0],
        }
    )
    counts = {"ages": {"rows": 3, "without_source_id": 1, "repeated": 0, "stars": 2}}
    rows, stars = catalog_parts(merged, counts, {"ages": ["age"]})
    assert rows.total == 3
    assert stars.outcomes == (
        ("with a result", 1, True),
        ("no result: no bp", 1, False),
        ("not in it: no apogee", 1, False),
        ("not in it: not selected by the study", 1, False),
    )
    table = as_rows([rows, stars])
    assert sum(table["count"]) == 7
    (axes,) = reconciliation(table).axes
    assert len(axes.patches) == 6


def test_ages_and_latent_positions_are_told_apart_with_the_reasons_of_their_flags():
    names = ("no_spectrum", "outside_age", "outside_latent", "large_error")
    bits = [0, AGE_FLAGS["outside_age"].mask, sum(AGE_FLAGS[name].mask for name in names[:3]), 0]
    merged = Table(
        {
            "in_latent_ages": [True, True, True, False],
            "latent_ages_z0": [1.0, 2.0, np.nan, np.nan],
            "latent_ages_LogAge": [0.5, np.nan, np.nan, np.nan],
            "latent_ages_radius_kpc": [8.0, 8.0, 8.0, np.nan],
            "latent_ages_age_flag": bits,
        }
    )
    counts = {"latent_ages": {"rows": 3, "without_source_id": 0, "repeated": 0, "stars": 3}}
    own = {"latent_ages": [name for name in merged.colnames if name != "in_latent_ages"]}
    positions, ages = catalog_parts(merged, counts, own)
    assert positions.outcomes == (
        ("with a result", 2, True),
        ("no result: no spectrum", 1, False),
        ("not in it: not selected by the study", 1, False),
    )
    assert ages.name == "stars and ages of latent_ages"
    assert ages.outcomes == (
        ("with a result", 1, True),
        ("no result: no spectrum", 1, False),
        ("no result: outside age", 1, False),
        ("not in it: not selected by the study", 1, False),
    )


def test_metadata_name_people_papers_licence_and_the_warning(root):
    citation = read_citation(root / "CITATION.cff")
    about = say_about(10, 3, ["ages", "labels"], "simulated")
    assert "10 stars, 3 columns, from the catalogues ages, labels" in about
    assert "measures no real star" in about
    found = datacite(citation, RELEASE, {"starloom.fits": 7, "starloom_hats": 9}, about)
    for name in ("creators", "titles", "publisher", "publicationYear", "types"):
        assert found[name], f"DataCite requires {name}"
    assert found["publicationYear"] == "2026"
    assert found["formats"] == ["HATS", "fits"]
    assert {item["publicationYear"] for item in found["relatedItems"]} >= {"2021", "2023", "2024"}
    deposit = zenodo(citation, RELEASE, about)
    for name in ("upload_type", "title", "creators", "description", "license"):
        assert deposit[name], f"Zenodo requires {name}"
    assert deposit["license"] == "mit"


def test_a_changelog_counts_stars_columns_and_values():
    old = {"source_id": np.array([3, 1, 2]), "age": np.array([3.0, np.nan, 2.0]),
           "gone": np.zeros(3)}  # fmt: skip
    new = {"source_id": np.array([1, 2, 4]), "age": np.array([np.nan, 2.5, 4.0]),
           "z": np.zeros((3, 2))}  # fmt: skip
    said = {"age": {"unit": "Gyr"}}
    text = changes((new, said), (old, {"age": {"unit": "Myr"}}), RELEASE, "About.")
    for line in (
        "# Release 0.2.0, 2026-12-01",
        "| stars in both | 2 |",
        "| stars new | 1 |",
        "| stars gone | 1 |",
        "| columns new | `z` |",
        "| columns gone | `gone` |",
        "| columns with another unit or meaning | `age` |",
        "| `age` | 1 |",
    ):
        assert line in text.splitlines()
    assert "The first release." in changes((new, said), None, RELEASE, "About.")
