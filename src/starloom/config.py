"""The configuration: checked strictly against its schema, with messages that name the remedy."""

import difflib
from pathlib import Path

import yaml

from starloom.provenance.files import work_tree


def check(config: dict, schema_path: str | Path) -> None:
    """
    Refuse a configuration that its schema does not allow.

    Args:
        config: the merged configuration.
        schema_path: a JSON Schema written as YAML.

    Raises:
        ValueError: one line for each fault: the key, what is wrong, what is allowed.
    """
    import jsonschema

    schema_path = Path(schema_path).resolve()
    schema = yaml.safe_load(schema_path.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    faults = sorted(line for error in validator.iter_errors(config) for line in _messages(error))
    faults += _relations(config)
    if faults:
        shown = schema_path.relative_to(work_tree(schema_path.parent))
        raise ValueError(
            "The configuration is not valid:\n"
            + "\n".join(f"  - {fault}" for fault in faults)
            + f"\nEvery key with its meaning and range: {shown}"
        )


def _messages(error) -> list[str]:
    """One line for a fault; one for each key where several are unknown."""
    key = "/".join(str(part) for part in error.absolute_path) or "(top level)"
    allowed = error.schema
    if error.validator == "additionalProperties":
        known = sorted(allowed["properties"])
        where = "" if key == "(top level)" else f" under '{key}'"
        return [
            f"unknown key '{name}'{where}{_near(name, known)}; allowed: {', '.join(known)}"
            for name in map(str, error.instance)
            if name not in known
        ]
    if error.validator == "required":
        return [f"'{key}': {error.message}"]
    meaning = allowed.get("description", "")
    return [f"'{key}' is {error.instance!r}: {_range(error)}. {meaning}".rstrip()]


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _range(error) -> str:
    schema, words = error.schema, []
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        words.append("a value of type " + " or ".join(kinds))
    bounds = {
        "minimum": "at least {}",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
        "minItems": "at least {} items",
        "pattern": "of the form {}",
    }
    words += [text.format(schema[name]) for name, text in bounds.items() if name in schema]
    if "enum" in schema:
        words.append("one of " + ", ".join(repr(value) for value in schema["enum"]))
    return "allowed is " + ", ".join(words) if words else error.message


def _relations(config: dict) -> list[str]:
    """What a schema cannot say: how values belong together."""
    split = config.get("split", {})
    parts = [split.get(name) for name in ("train", "validation", "test")]
    if all(isinstance(part, int | float) for part in parts) and abs(sum(parts) - 1) > 1e-9:
        return [f"'split': train + validation + test is {sum(parts):g}, it must be 1"]
    if config.get("survey") == "files" and not config.get("files", {}).get("xp"):
        return ["'files/xp' is empty: with survey 'files' it lists your XP_CONTINUOUS files"]
    return []
