"""What goes with a released catalogue: metadata for repositories, and what has changed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

from starloom.publish.merge import KEY, best_rows

TITLE = "starloom: value-added catalogue of stars from APOGEE, Kepler, Gaia XP, 2MASS and unWISE"
SIMULATED = "All stars are simulated: the catalogue shows the method and measures no real star."
SURVEYS = ("SDSS DR17 / APOGEE", "Gaia DR3", "Kepler", "2MASS", "unWISE")


def datacite(citation: Mapping, release: Mapping, files: Mapping[str, int], about: str) -> dict:
    """
    Metadata of the catalogue in the DataCite schema, without a DOI: a repository gives it.

    Args:
        citation: of `read_citation`.
        release: `version` and `date` (YYYY-MM-DD).
        files: bytes of each file, by name.
        about: rows, columns and data, in a sentence or two.

    References:
        DataCite Metadata Schema 4.5.
    """
    return {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Catalogue of stars"},
        "creators": [_creator(author) for author in citation["authors"]],
        "titles": [{"title": TITLE}],
        "publisher": {"name": "starloom"},
        "publicationYear": release["date"][:4],
        "dates": [{"date": release["date"], "dateType": "Issued"}],
        "version": release["version"],
        "language": "en",
        "subjects": [{"subject": word} for word in citation["keywords"]],
        "descriptions": [{"description": about, "descriptionType": "Abstract"}],
        "rightsList": [{"rightsIdentifier": citation["license"], "rightsIdentifierScheme": "SPDX"}],
        "formats": sorted({"".join(Path(name).suffixes)[1:] or "HATS" for name in files}),
        "sizes": [f"{name}: {size} bytes" for name, size in sorted(files.items())],
        "relatedItems": [
            {
                "relatedItemType": "JournalArticle",
                "relationType": "References",
                "titles": [{"title": paper["title"]}],
                "creators": [_creator(author) for author in paper["authors"]],
                "publicationYear": str(paper["year"]),
            }
            for paper in citation["references"]
        ],
    }


def zenodo(citation: Mapping, release: Mapping, about: str) -> dict:
    """The same for Zenodo's deposit of files: the content of its `metadata`."""
    return {
        "upload_type": "dataset",
        "title": TITLE,
        "version": release["version"],
        "publication_date": release["date"],
        "creators": [{"name": _creator(author)["name"]} for author in citation["authors"]],
        "description": f"<p>{about}</p>",
        "license": citation["license"].lower(),
        "access_right": "open",
        "keywords": citation["keywords"],
        "references": [
            f"{_creator(paper['authors'][0])['name']} et al. {paper['year']}, {paper['title']}"
            for paper in citation["references"]
        ],
    }


def read_citation(path: str | Path) -> dict:
    """Authors, licence, keywords and references of a CITATION.cff."""
    return yaml.safe_load(Path(path).read_text())


def say_about(rows: int, columns: int, catalogs: list[str], data: str) -> str:
    """The catalogue in two sentences, the second a warning where the stars are simulated."""
    text = (
        f"{rows:,} stars, {columns} columns, from the catalogues {', '.join(catalogs)}; "
        f"data: {data} ({', '.join(SURVEYS)})."
    )
    return f"{text} {SIMULATED}" if data == "simulated" else text


def changes(
    now: tuple[Mapping[str, np.ndarray], Mapping[str, Mapping]],
    before: tuple[Mapping[str, np.ndarray], Mapping[str, Mapping]] | None,
    release: Mapping,
    about: str,
) -> str:
    """
    What a user of the release before must know, as Markdown.

    Args:
        now: columns of the catalogue, and unit, description and ucd of each.
        before: of the release before, or None for the first.
        release: `version` and `date`.
        about: the catalogue in a sentence or two.

    Returns:
        Stars and columns that came and went, columns whose meaning changed, and for how many of
        the stars in both each column has another value.
    """
    lines = [f"# Release {release['version']}, {release['date']}", "", about, ""]
    columns, said = now
    if before is None:
        return "\n".join([*lines, "The first release."]) + "\n"
    old, old_said = before
    rows, old_rows = (best_rows(table) for table in (columns, old))
    ids, old_ids = columns[KEY][rows], old[KEY][old_rows]
    both, at, old_at = np.intersect1d(ids, old_ids, return_indices=True)
    lines += [
        "| since the release before | |",
        "|---|---|",
        f"| stars in both | {len(both):,} |",
        f"| stars new | {len(ids) - len(both):,} |",
        f"| stars gone | {len(old_ids) - len(both):,} |",
        f"| columns new | {_names(set(columns) - set(old))} |",
        f"| columns gone | {_names(set(old) - set(columns))} |",
    ]
    shared = [name for name in columns if name in old]
    meant = {name for name in shared if said.get(name) != old_said.get(name)}
    lines.append(f"| columns with another unit or meaning | {_names(meant)} |")
    moved = {
        name: _differing(columns[name][rows][at], old[name][old_rows][old_at]) for name in shared
    }
    lines += ["", "| column | stars in both with another value |", "|---|---|"]
    lines += [f"| `{name}` | {count:,} |" for name, count in moved.items() if count] or [
        "| none | 0 |"
    ]
    return "\n".join(lines) + "\n"


def _creator(author: Mapping) -> dict:
    if "name" in author:
        return {"name": author["name"], "nameType": "Organizational"}
    given, family = author["given-names"], author["family-names"]
    return {
        "name": f"{family}, {given}",
        "givenName": given,
        "familyName": family,
        "nameType": "Personal",
    }


def _names(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"


def _differing(values: np.ndarray, others: np.ndarray) -> int:
    """Rows whose values are not equal; NaN equals NaN, another shape equals nothing."""
    if values.shape != others.shape:
        return len(values)
    unequal = values != others
    if values.dtype.kind == "f" and others.dtype.kind == "f":
        unequal &= ~(np.isnan(values) & np.isnan(others))
    return int(np.sum(unequal.reshape(len(values), -1).any(axis=1)))
