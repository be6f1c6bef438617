"""What the pages show of a results folder: its figures and catalogues, as plain values."""

import base64
import io
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from starloom.columns import Column, Flag
from starloom.publish.glossary import glossary
from starloom.publish.words import plus_minus
from starloom.tables import read_meta

IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}

WIDE_INCH = 5.0
"""Printed width above which a figure takes the full width of the page."""

PNG_DPI = 300
"""Resolution of the figures that are images of pixels, where they do not say."""

DRAWN = ("x", "y", "value", "x_low", "x_high", "y_low", "y_high")
"""Columns of the table behind a figure, after panel, axes, series and kind."""


def figures(folder: Path) -> dict[str, list[dict]]:
    """Figures by study: image as a data address, title, caption, label, the file, what it shows."""
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
                "name": path.stem,
                "order": said.get("order", 0),
                "image": f"data:{IMAGES[path.suffix]};base64,{base64.b64encode(content).decode()}",
                "title": title,
                "caption": said.get("caption", ""),
                "alt": plus_minus(said.get("alt") or f"{title}. {said.get('caption', '')}".strip()),
                "data": said.get("data", ""),
                "wide": _width_inch(content) > WIDE_INCH,
                "image_file": path.relative_to(folder.parent).as_posix(),
                "file": best.relative_to(folder.parent).as_posix(),
                "kind": best.suffix[1:].upper(),
                "table": table_of(said.get("panels", [])),
            }
        )
    for several in found.values():
        several.sort(key=lambda figure: figure["order"])
    return found


def table_of(panels: list[dict]) -> str:
    """
    What a figure shows as CSV; '' where nothing is known.

    Args:
        panels: of `figures.drawn`, with the rows of each series as text.

    Returns:
        One line a drawn point, step or cell: its panel and the axes' labels, its series, how it
        is drawn, and those of `DRAWN` that it has.
    """
    lines = []
    for number, panel in enumerate(panels, start=1):
        for count, series in enumerate(panel["series"], start=1):
            label = series["label"] or f"series {count}"
            words = (panel["title"], panel["x"], panel["y"], label, series["kind"])
            head = ",".join([str(number), *map(_quoted, words)])
            for row in series["rows"].split("\n"):
                known = dict(zip(series["columns"], row.split(","), strict=True))
                lines.append(head + "," + ",".join(known.get(name, "") for name in DRAWN))
    if not lines:
        return ""
    header = ",".join(("panel", "title", "x_axis", "y_axis", "series", "kind", *DRAWN))
    return "\n".join([header, *lines]) + "\n"


def catalogs(folder: Path) -> list[dict]:
    """Catalogues with their rows, columns and flags, and the files that hold them."""
    known = {
        entry.name: {"unit": entry.unit, "description": entry.description, "ucd": entry.ucd}
        for entries in glossary().values()
        for entry in entries
        if isinstance(entry, Column)
    }
    found = []
    for path in sorted(
        folder.glob("[!.]*.parquet"), key=lambda path: (path.stem != "starloom", path)
    ):
        file = pq.ParquetFile(path)
        described = known | read_meta(path).get("columns", {})
        columns = [
            {
                "name": column.name,
                "type": _say_type(column.type),
                **{key: described.get(column.name, {}).get(key, "")
                   for key in ("unit", "description", "ucd")},
            }
            for column in file.schema_arrow
        ]  # fmt: skip
        files = [*sorted(folder.glob(f"{path.stem}.*")), *sorted(folder.glob(f"{path.stem}_hats"))]
        found.append(
            {
                "name": path.stem,
                "rows": file.metadata.num_rows,
                "columns": columns,
                "flags": flags_of([column["name"] for column in columns]),
                "files": [
                    (one.relative_to(folder.parent).as_posix(), _say_kind(one), _say_size(one))
                    for one in files
                ],
            }
        )  # fmt: skip
    return found


def flags_of(names: list[str]) -> dict[str, list[Flag]]:
    """The bits of a catalogue's columns of flags, by column: `XP_FLAGS` are those of `xp_flag`."""
    found = {}
    for group, entries in glossary().items():
        flags = [entry for entry in entries if isinstance(entry, Flag)]
        for name in names:
            if flags and name.endswith(group.lower().removesuffix("s")):
                found[name] = flags
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\n]', text) else text


def _width_inch(content: bytes) -> float:
    """Printed width of an image: a PNG's by its resolution, an SVG's by its view box in points."""
    if content.startswith(b"\x89PNG"):
        with Image.open(io.BytesIO(content)) as image:
            return image.width / image.info.get("dpi", (PNG_DPI,))[0]
    box = re.search(rb'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', content)
    return float(box[1]) / 72 if box else WIDE_INCH


def _sidecar(path: Path) -> dict:
    """A figure's words; none where there is no such file."""
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a figure's title, caption and data: {error}") from error


def _say_kind(path: Path) -> str:
    kind = "".join(path.suffixes)[1:] or "HATS"
    return {"vot": "vot without rows"}.get(kind, kind)


def _say_type(kind: pa.DataType) -> str:
    if pa.types.is_fixed_size_list(kind):
        return f"{_say_type(kind.value_type)}[{kind.list_size}]"
    return {"double": "float64", "float": "float32", "large_string": "string"}.get(
        str(kind), str(kind)
    )


def _say_size(path: Path) -> str:
    files = path.rglob("*") if path.is_dir() else [path]
    size = float(sum(file.stat().st_size for file in files if file.is_file()))
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
