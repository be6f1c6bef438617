"""The reference pages of the documentation say what the schema and the glossary say."""

import pytest
import yaml

from starloom.columns import Column, Flag
from starloom.publish.glossary import glossary
from starloom.reference import PAGES, configuration


@pytest.mark.parametrize(
    ("page", "path"),
    [("configuration", "docs/configuration.md"), ("data-model", "docs/data_model.md")],
)
def test_a_reference_page_is_up_to_date(root, page, path):
    assert (root / path).read_text() == PAGES[page](), f"{path} is stale: run `make reference`"


def test_every_key_of_the_configuration_is_there(root):
    text = PAGES["configuration"]()
    values = yaml.safe_load((root / "config" / "config.yaml").read_text())

    def leaves(part, prefix):
        for name, value in part.items():
            if isinstance(value, dict):
                yield from leaves(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}"

    for name in leaves(values, ""):
        parts = name.split(".")
        whole = [".".join(parts[:end]) for end in range(2, len(parts) + 1)] or parts
        assert any(f"`{one}`" in text for one in whole), name


def test_every_column_and_flag_is_there():
    text = PAGES["data-model"]()
    for entries in glossary().values():
        for entry in entries:
            assert f"`{entry.name}`" in text
            assert isinstance(entry, Column | Flag)


def test_ranges_are_in_words():
    schema = {
        "properties": {
            "part": {
                "description": "A part.",
                "properties": {
                    "kind": {"enum": ["a", None], "description": "One | two."},
                    "size": {"$ref": "#/$defs/size"},
                },
            }
        },
        "$defs": {"size": {"type": "array", "items": {"type": "integer"}, "minItems": 2}},
    }
    text = configuration(schema, {"part": {"kind": None, "size": [1, 2]}})
    assert "| `part.kind` | `null` | one of `a`, `null` | One \\| two. |" in text
    assert "| `part.size` | `[1, 2]` | array of integer, at least 2 items |  |" in text
