"""The page of results: figures, numbers beside the published ones, and where each comes from."""

import base64
import json
import re
from collections.abc import Iterable
from pathlib import Path

import jinja2
import pyarrow as pa
import pyarrow.parquet as pq
from markupsafe import Markup, escape

from starloom.columns import Column
from starloom.numbers import STUDIES, read_numbers_with_files
from starloom.publish.chain import Provenance, chain_of, load, origin, say_params
from starloom.publish.glossary import glossary
from starloom.publish.tree import Node, build
from starloom.publish.words import plus_minus, say_published, say_value
from starloom.tables import atomic, read_meta

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
TEMPLATE, STYLE = "page.html.j2", "page.css"

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
        "Every star on this page is simulated. The numbers test the method; they are no "
        "measurements of real stars, and agreement with the papers is not to be expected.",
    ),
    "files": ("Your own files", "Made from the raw files that the configuration names."),
    "dr17": ("SDSS DR17 and Gaia DR3", "Made from the public archives."),
}
"""The label of the data, and what it means for a reader."""

IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}

WIDE = 1.4
"""Width over height above which a figure takes the full width of the page."""


def write_page(results: str | Path, path: str | Path) -> None:
    """
    Write the page of a results folder.

    Args:
        results: the folder, with numbers, figures, catalogs and provenance.
        path: the page, `results/index.html`; nothing else is needed to read it.

    Raises:
        FileNotFoundError: if there are no results.
        ValueError: if a record, a file of numbers or a figure's caption is broken.
    """
    provenance = load(results)
    numbers = read_numbers_with_files(provenance.results / "numbers")
    figures = _figures(provenance.results / "figures")
    labels = sorted({number["data"] for number, _ in numbers})
    labels = labels or sorted({record["survey"] for record in provenance.records.values()})
    chains = {file: _chain(provenance, file) for file in dict.fromkeys(file for _, file in numbers)}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"typeset": typeset, "anchor": _anchor, "words": say_params}
    page = environment.get_template(TEMPLATE).render(
        style=Markup((TEMPLATES / STYLE).read_text()),
        badges=[(label, *DATA.get(label, (label, ""))) for label in labels],
        studies=[
            {
                "name": name,
                "title": TITLES[name][0],
                "paper": TITLES[name][1],
                "figures": figures.get(name, []),
                "numbers": [
                    _number(number) | {"chain": chains[file]}
                    for number, file in numbers
                    if number["study"] == name
                ],
            }
            for name in STUDIES
            if name in figures or any(number["study"] == name for number, _ in numbers)
        ],
        catalogs=_catalogs(provenance.results / "catalogs"),
        jobs=_jobs(provenance, chains.values()),
    )
    with atomic(path) as temporary:
        temporary.write_text(page)


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
    escaped = re.sub(r"\^(\d+)", r"<sup>\1</sup>", escaped)
    return Markup(re.sub(r"(?<![\w>])-(?=\d)", "&minus;", escaped))


def _anchor(name: str, kind: str) -> str:
    """A job's or file's name as the target of a link on the page."""
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _number(number: dict) -> dict:
    paper = number["published"]
    return number | {
        "value_words": say_value(number),
        "published_words": say_published(paper) if paper else None,
    }


def _figures(folder: Path) -> dict[str, list[dict]]:
    """Figures by study: image as a data address, title, caption, label, and the file to open."""
    found: dict[str, list[dict]] = {}
    for path in sorted(folder.glob("*/[!.]*")):
        if path.suffix not in IMAGES or (
            path.suffix == ".png" and path.with_suffix(".svg").exists()
        ):
            continue
        content = path.read_bytes()
        said = _sidecar(path.with_suffix(".json"))
        title = said.get("title") or path.stem.replace("_", " ").capitalize()
        best = path.with_suffix(".pdf") if path.with_suffix(".pdf").exists() else path
        found.setdefault(path.parent.name, []).append(
            {
                "order": said.get("order", 0),
                "image": f"data:{IMAGES[path.suffix]};base64,{base64.b64encode(content).decode()}",
                "title": title,
                "caption": said.get("caption", ""),
                "alt": plus_minus(said.get("alt") or f"{title}. {said.get('caption', '')}".strip()),
                "data": said.get("data", ""),
                "wide": _aspect(content) > WIDE,
                "image_file": path.relative_to(folder.parent).as_posix(),
                "file": best.relative_to(folder.parent).as_posix(),
                "kind": best.suffix[1:].upper(),
            }
        )
    for figures in found.values():
        figures.sort(key=lambda figure: figure["order"])
    return found


def _aspect(content: bytes) -> float:
    """Width over height of an image: from the header of a PNG, or the view box of an SVG."""
    if content.startswith(b"\x89PNG"):
        width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
        return width / height
    box = re.search(rb'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', content)
    return float(box[1]) / float(box[2]) if box else 1.0


def _sidecar(path: Path) -> dict:
    """A figure's words; none where there is no such file."""
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a figure's title, caption and data: {error}") from error


def _catalogs(folder: Path) -> list[dict]:
    """Catalogues with their rows, their columns (as the file says) and the files that hold them."""
    known = {
        entry.name: {"unit": entry.unit, "description": entry.description}
        for entries in glossary().values()
        for entry in entries
        if isinstance(entry, Column)
    }
    found = []
    for path in sorted(folder.glob("[!.]*.parquet")):
        file = pq.ParquetFile(path)
        described = known | read_meta(path).get("columns", {})
        columns = [
            {
                "name": column.name,
                "type": _say_type(column.type),
                "unit": described.get(column.name, {}).get("unit", ""),
                "description": described.get(column.name, {}).get("description", ""),
            }
            for column in file.schema_arrow
        ]
        files = sorted(folder.glob(f"{path.stem}.*"))
        found.append(
            {
                "name": path.stem,
                "rows": file.metadata.num_rows,
                "columns": columns,
                "files": [
                    (one.relative_to(folder.parent).as_posix(), one.suffix[1:], _say_size(one))
                    for one in files
                ],
            }
        )
    return found


def _say_type(kind: pa.DataType) -> str:
    if pa.types.is_fixed_size_list(kind):
        return f"{_say_type(kind.value_type)}[{kind.list_size}]"
    return {"double": "float64", "float": "float32", "large_string": "string"}.get(
        str(kind), str(kind)
    )


def _say_size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _chain(provenance: Provenance, file: Path) -> dict:
    """The chain of a file of numbers, as the template unfolds it."""
    top = f"{provenance.results.name}/{file.relative_to(provenance.results).as_posix()}"
    chain = chain_of(provenance, [top])
    return {
        "file": top,
        "top": build(chain, top, lambda _: False),
        "n_files": len(chain.files),
        "n_jobs": len(chain.jobs),
        "sha256": {path: chain.content(path)[0] for path in chain.files},
        "temporary": {path for path in chain.files if provenance.is_temporary(path)},
        "origins": {path: origin(provenance, path) for path in chain.files},
    }


def _jobs(provenance: Provenance, chains: Iterable[dict]) -> list[dict]:
    """Records of the jobs that the chains show, by key."""
    keys: set[str] = set()

    def collect(node: Node) -> None:
        keys.update({node.key} - {None})
        for child in node.inputs:
            collect(child)

    for chain in chains:
        collect(chain["top"])
    return [provenance.records[key] | {"key": key} for key in sorted(keys)]
