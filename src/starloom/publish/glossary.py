"""The glossary of columns and flags, read from `starloom.columns` whatever its groups are."""

from starloom import columns
from starloom.columns import Column, Flag


def glossary() -> dict[str, list[Column | Flag]]:
    """
    All columns and flags.

    Returns:
        Entries by the name of their group in `starloom.columns`, in the order they stand there.
    """
    groups: dict[str, list[Column | Flag]] = {}
    for name, value in vars(columns).items():
        entries = list(value.values()) if isinstance(value, dict) else value
        if name.startswith("_") or not name.isupper() or not isinstance(entries, list | tuple):
            continue
        found = [entry for entry in entries if isinstance(entry, Column | Flag)]
        if found:
            groups[name] = found
    return groups


def say(entry: Column | Flag) -> str:
    """An entry in one line: name, type, unit and meaning, or bit and criterion."""
    if isinstance(entry, Flag):
        return f"bit {entry.bit:2d}  {entry.name}: {entry.criterion}"
    unit = f" [{entry.unit}]" if entry.unit else ""
    return f"{entry.name}{unit} ({entry.dtype}): {entry.description}"
