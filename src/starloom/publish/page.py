"""The pages of results: figures, numbers beside the published ones, and where each comes from."""

import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from starloom.numbers import STUDIES, read_numbers_with_files
from starloom.publish.chain import Chain, Provenance, chain_of, load, origin, say_params
from starloom.publish.graph import rules_graph
from starloom.publish.order import grouped, natural
from starloom.publish.shown import catalogs, figures
from starloom.publish.tree import build
from starloom.publish.verdict import verdict
from starloom.publish.words import plus_minus, say_published, say_value
from starloom.tables import atomic, read_csv

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
STYLE, SCRIPT = "page.css", "page.js"
PAGES = {
    "index": "index.html.j2",
    "study": "study.html.j2",
    "catalog": "catalog.html.j2",
    "columns": "columns.html.j2",
    "jobs": "jobs.html.j2",
    "frame": "frame.html.j2",
    "parts": "parts.html.j2",
}
"""Templates of the pages; all stand in the same frame."""

TITLES = {
    "ages": ("Ages of red giants", "Leung et al. 2023"),
    "scatter_vae": ("Scatter VAE of Gaia XP spectra", "Laroche & Speagle 2024"),
    "cemp": ("Carbon-enhanced metal-poor stars", "Laroche, Lucey & Speagle"),
    "tagging": ("Disentangled chemical tagging", "de Mijolla et al. 2021"),
    "labels": ("Stellar labels with uncertainties", "Fallows & Sanders 2024"),
    "match": ("Cross-match of the surveys", "starloom"),
    "sky": ("The simulated sky", "starloom"),
}
"""What a study is about, and the work that it follows."""

DATA = {
    "simulated": (
        "Simulated data",
        "Every star on these pages is simulated. The numbers test the method; they are no "
        "measurements of real stars, and agreement with the papers is not to be expected.",
    ),
    "files": ("Your own files", "Made from the raw files that the configuration names."),
    "dr17": ("SDSS DR17 and Gaia DR3", "Made from the public archives."),
}
"""The label of the data, and what it means for a reader."""

MANY = 60
"""Numbers of a study that stand in one table; more are grouped and folded."""

ORIGINS = 6
"""Raw files that a number names at once; the rest are counted."""


def write_pages(
    results: str | Path, index: str | Path, folder: str | Path, reasons: dict[str, str]
) -> None:
    """
    Write the pages of a results folder.

    Args:
        results: the folder, with numbers, figures, catalogs and provenance.
        index: the first page, `results/index.html`.
        folder: the others, `results/pages`; each page is whole by itself, without network.
        reasons: why numbers differ from the papers', of `read_reasons`.

    Raises:
        FileNotFoundError: if there are no results.
        ValueError: if a record, a file of numbers or a figure's caption is broken.
    """
    provenance = load(results)
    numbers = read_numbers_with_files(provenance.results / "numbers")
    drawn = figures(provenance.results / "figures")
    chains = {file: _chain(provenance, file) for file in dict.fromkeys(file for _, file in numbers)}
    studies = [
        {
            "name": name,
            "title": TITLES[name][0],
            "paper": TITLES[name][1],
            "figures": drawn.get(name, []),
            # Those that a paper has come first.
            "numbers": [
                _number(number, reasons) | {"chain": chains[file]}
                for number, file in sorted(numbers, key=lambda pair: pair[0]["published"] is None)
                if number["study"] == name
            ],
        }
        for name in STUDIES
        if name in drawn or any(number["study"] == name for number, _ in numbers)
    ]
    labels = sorted({number["data"] for number, _ in numbers})
    labels = labels or sorted({record["survey"] for record in provenance.records.values()})
    found = catalogs(provenance.results / "catalogs")
    render = _renderer(
        badges=[(label, *DATA.get(label, (label, ""))) for label in labels],
        studies=studies,
        catalogs=found,
    )
    jobs = [record | {"key": key} for key, record in provenance.records.items()]
    jobs.sort(key=lambda job: (job["ended"], job["key"]))
    links = {job["rule"]: f"pages/jobs.html#{_anchor(job['key'], 'job')}" for job in reversed(jobs)}
    with atomic(folder) as new:
        (new / "data").mkdir(parents=True)
        for study, several in drawn.items():
            _write_data(new / "data" / study, several)
        for study in studies:
            page = render("study", "../", study=study, groups=_groups(study["numbers"]))
            (new / f"{study['name']}.html").write_text(page)
        for catalog in found:
            page = render("catalog", "../", catalog=catalog)
            (new / f"catalog-{catalog['name']}.html").write_text(page)
        (new / "columns.html").write_text(render("columns", "../", columns=_columns(found)))
        (new / "jobs.html").write_text(render("jobs", "../", jobs=jobs))
    release = provenance.results / "release"
    with atomic(index) as temporary:
        page = render(
            "index",
            "",
            lost=(drawn.get("release") or [None])[0],
            lost_table=_table(release / "reconciliation.csv"),
            release=sorted(path.name for path in release.glob("[!.]*")),
            graph=Markup(rules_graph(provenance.records, links)),
        )
        temporary.write_text(page)


def _renderer(**always):
    """A function that fills a template: its name, the way to the results folder, its values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"typeset": typeset, "anchor": _anchor, "words": say_params}
    always |= {
        "style": Markup((TEMPLATES / STYLE).read_text()),
        "script": Markup((TEMPLATES / SCRIPT).read_text()),
    }
    return lambda name, up, **values: environment.get_template(PAGES[name]).render(
        up=up, **always, **values
    )


def _write_data(folder: Path, several: list[dict]) -> None:
    for figure in several:
        if figure["table"]:
            folder.mkdir(exist_ok=True)
            (folder / f"{figure['name']}.csv").write_text(figure["table"])


def typeset(text: str) -> Markup:
    """Escape a text and set minus signs and powers as print does."""
    escaped = plus_minus(str(escape(text)))
    escaped = re.sub(
        r"(\d)e([+-])0*(\d+)",
        lambda found: (
            f"{found[1]} &times; 10<sup>{'&minus;' if found[2] == '-' else ''}{found[3]}</sup>"
        ),
        escaped,
    )
    escaped = re.sub(r"\^(-?\d+(?:\.\d+)?)", r"<sup>\1</sup>", escaped)
    return Markup(re.sub(r"(?<!\w)-(?=\d)", "&minus;", escaped))


def _anchor(name: str, kind: str) -> str:
    """A job's or file's name as the target of a link on the page."""
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _number(number: dict, reasons: dict[str, str]) -> dict:
    paper = number["published"]
    judged, why = verdict(number, reasons)
    return number | {
        "verdict": judged,
        "why": why,
        "value_words": say_value(number),
        "published_words": say_published(paper) if paper else None,
    }


def _groups(numbers: list[dict]) -> dict[str, list[dict]]:
    """Numbers by the heading that they are folded under; '' for those that stand open."""
    if len(numbers) <= MANY:
        return {"": numbers}
    by_id = {number["id"]: number for number in numbers}
    groups = {"": [number for number in numbers if number["published"]]}
    folded = grouped(number["id"] for number in numbers if not number["published"])
    return groups | {name: [by_id[one] for one in ids] for name, ids in folded.items()}


def _chain(provenance: Provenance, file: Path) -> dict:
    """The chain of a file of numbers, as the template unfolds it."""
    top = f"{provenance.results.name}/{file.relative_to(provenance.results).as_posix()}"
    chain = chain_of(provenance, [top])
    raw = f"{provenance.results.name}/raw/"
    ends = [path for path, key in chain.files.items() if key is None or path.startswith(raw)]
    record = chain.jobs.get(chain.files[top], {})
    return {
        "rule": record.get("rule"),
        "key": chain.files[top],
        "commit": (record.get("code", {}).get("commit") or "no commit")[:12],
        "ends": [_end(provenance, chain, path) for path in sorted(ends)[:ORIGINS]],
        "more": max(len(ends) - ORIGINS, 0),
        "file": top,
        "top": build(chain, top, lambda _: False),
        "n_files": len(chain.files),
        "n_jobs": len(chain.jobs),
        "sha256": {path: chain.content(path)[0] for path in chain.files},
        "temporary": {path for path in chain.files if provenance.is_temporary(path)},
        "origins": {path: origin(provenance, path) for path in chain.files},
    }


def _end(provenance: Provenance, chain: Chain, path: str) -> dict:
    """A raw file, or another end of a chain: what it is and where it comes from."""
    key = chain.files[path]
    words = origin(provenance, path)
    if key and not words:
        words = f"written by rule {chain.jobs[key]['rule']}, data: {chain.jobs[key]['survey']}"
    return {"path": path, "sha256": chain.content(path)[0], "words": words}


def _columns(found: list[dict]) -> list[dict]:
    """Every column once, with the catalogues that have it with this meaning."""
    columns: dict[tuple, dict] = {}
    for catalog in found:
        for column in catalog["columns"]:
            key = tuple(column[name] for name in ("name", "unit", "description"))
            columns.setdefault(key, column | {"catalogs": []})["catalogs"].append(catalog["name"])
    return sorted(columns.values(), key=lambda column: natural(column["name"]))


def _table(path: Path) -> dict[str, list[str]]:
    """A table of the release; none where there is no such file."""
    return read_csv(path) if path.exists() else {}
