"""
Reference pages of the documentation, written from what the workflow itself reads.

`python -m starloom.reference configuration docs/configuration.md` from the schema,
`python -m starloom.reference data-model docs/data_model.md` from the glossary of columns.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import yaml

from starloom.columns import STAR, Column, Flag
from starloom.publish.glossary import glossary
from starloom.publish.shown import flags_of
from starloom.tables import atomic

ROOT = Path(__file__).resolve().parents[2]
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "of the form `{}`",
}

FILES = {"TAGGING": "doppelgangers"}
"""Where the columns of a group are that is not named as its file."""


def configuration(schema: Mapping, values: Mapping) -> str:
    """
    Every key of the configuration with its type, range, value in config.yaml and meaning.

    Args:
        schema: the JSON Schema.
        values: of config/config.yaml.

    Returns:
        Markdown.
    """
    lines = [
        "# Configuration reference",
        "",
        "Written from `workflow/schemas/config.schema.yaml` by `make reference`; do not edit.",
        "Values are those of `config/config.yaml`. A file of your own (`--configfile`) holds only",
        "what differs; a key that is not here, or a value out of range, stops the run.",
    ]
    simple = {name: one for name, one in schema["properties"].items() if "properties" not in one}
    lines += ["", "## Top level", "", *_keys(simple, values, "", schema)]
    for name, section in schema["properties"].items():
        if "properties" in section:
            lines += ["", f"## {name}", "", section.get("description", ""), ""]
            lines += _keys(section["properties"], values.get(name, {}), f"{name}.", schema)
    return "\n".join(lines) + "\n"


def data_model() -> str:
    """Every column and flag of the products, by the file that has them, as Markdown."""
    groups = glossary()
    flags = {name for name, entries in groups.items() if isinstance(entries[0], Flag)}
    catalogs = {
        FILES.get(name, name.lower()): entries
        for name, entries in groups.items()
        if name not in {"STAR", *flags}
    }
    lines = [
        "# Data model reference",
        "",
        "Written from `src/starloom/columns` by `make reference`; do not edit. Each catalogue is a",
        "file of `results/catalogs`, as Parquet and FITS, with the bits of its flags beneath. The",
        "merged catalogue `starloom` (VOTable and HATS besides) has what places a star, and the",
        "columns of all others with their catalogue's name in front: `scatter_vae_z0`.",
        "`results/pages/catalog-*.html` say what a run has.",
        "",
        "## What places a star",
        "",
        *_columns(STAR),
    ]
    for file, entries in sorted(catalogs.items()):
        places = [f"`{one.name}`" for one in entries if one in STAR]
        lines += ["", f"## `{file}`", ""]
        if places:
            lines += [f"It places a star by {', '.join(places)}, as above.", ""]
        lines += _columns(one for one in entries if one not in STAR)
        for column, bits in flags_of([one.name for one in entries]).items():
            flags -= {name for name in flags if groups[name] == bits}
            lines += ["", f"Bits of `{column}`:", "", *_bits(bits)]
    if flags:
        lines += ["", "## Flags of prepared tables"]
    for name in sorted(flags):
        lines += ["", f"Bits of `{name.lower().removesuffix('s')}`:", "", *_bits(groups[name])]
    return "\n".join(lines) + "\n"


PAGES = {
    "configuration": lambda: configuration(
        yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text()),
        yaml.safe_load((ROOT / "config/config.yaml").read_text()),
    ),
    "data-model": data_model,
}
"""What writes each page."""


def _keys(properties: Mapping, values: Mapping, prefix: str, schema: Mapping) -> list[str]:
    """A table of keys; those of nested sections have the whole way in their name."""
    rows = _rows(properties, values, prefix, schema)
    return ["| key | value | allowed | meaning |", "|---|---|---|---|", *rows]


def _rows(properties: Mapping, values: Mapping, prefix: str, schema: Mapping) -> Iterator[str]:
    for name, one in properties.items():
        while "$ref" in one:
            one = schema["$defs"][one["$ref"].rpartition("/")[2]]
        value = (values or {}).get(name)
        if "properties" in one:
            yield f"| **{prefix}{name}** | | | {_cell(one.get('description', ''))} |"
            yield from _rows(one["properties"], value, f"{prefix}{name}.", schema)
        else:
            shown = "" if value is None and name not in (values or {}) else f"`{_say(value)}`"
            meaning = _cell(one.get("description", ""))
            yield f"| `{prefix}{name}` | {shown} | {_cell(_allowed(one))} | {meaning} |"


def _allowed(one: Mapping) -> str:
    """Type and range of a key in words."""
    if "enum" in one:
        return "one of " + ", ".join(f"`{_say(value)}`" for value in one["enum"])
    kinds = one.get("type", "any value")
    words = [" or ".join(kinds) if isinstance(kinds, list) else kinds]
    if "items" in one and "type" in one["items"]:
        words[0] += f" of {one['items']['type']}"
    words += [text.format(one[name]) for name, text in BOUNDS.items() if name in one]
    return ", ".join(words)


def _say(value: object) -> str:
    """A value as YAML writes it in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    return text.removesuffix("...").strip()


def _columns(columns: Iterable[Column]) -> list[str]:
    """A table of columns."""
    rows = [
        (f"`{one.name}`", _type(one.dtype), one.unit, _cell(one.description), one.ucd)
        for one in columns
    ]
    head = ["| column | type | unit | meaning | UCD |", "|---|---|---|---|---|"]
    return head + [f"| {' | '.join(cells)} |" for cells in rows]


def _type(code: str) -> str:
    """A NumPy type in plain words."""
    kind = np.dtype(code)
    return f"text, {kind.itemsize // 4} characters" if kind.kind == "U" else kind.name


def _bits(flags: Iterable[Flag]) -> list[str]:
    """A table of flags."""
    rows = [f"| {one.bit} | `{one.name}` | {_cell(one.criterion)} |" for one in flags]
    return ["| bit | flag | set when |", "|---|---|---|", *rows]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    with atomic(sys.argv[2]) as temporary:
        temporary.write_text(PAGES[sys.argv[1]]())
