"""
The meaning of code as a digest: syntax trees without docstrings, comments and formatting.

A rule carries the digest of its script and of every project module that the script reaches, so
that it runs again when, and only when, the meaning of its code changes. What is named only at
run time (a module name put together from pieces) is not seen: name modules and data files in full.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

WRAPPERS = ("job", "provenance")
"""Modules of the package that wrap the work without changing its meaning; left out."""

DATA_FOLDERS = ("data", "templates")
"""Folders beside a module, or beside a package that holds it, with files it reads."""


def code_digest(script: Path, package: Path) -> str:
    """
    Digest of the meaning of a script and of all project code it reaches.

    Args:
        script: the Python file that a rule runs.
        package: the folder of the project's package, for example `src/starloom`.

    Returns:
        A sha256 in hexadecimal; the same whatever the docstrings, comments and formatting.

    Raises:
        FileNotFoundError: if the script is missing.
        SyntaxError: if a file is not Python; the message names it.
    """
    digests = json.dumps(module_digests(script, package), sort_keys=True)
    return hashlib.sha256(digests.encode()).hexdigest()


def module_digests(script: Path, package: Path) -> dict[str, str]:
    """
    Digest of each project module and package data file that a script reaches.

    Args:
        script: the Python file that a rule runs.
        package: the folder of the project's package.

    Returns:
        sha256 by name: `script`, dotted module names, and data files by their path from the
        folder that holds the package.

    Raises:
        FileNotFoundError: if the script is missing.
        SyntaxError: if a file is not Python; the message names it.
    """
    script, package = Path(script).resolve(), Path(package).resolve()
    modules = _modules(package) | {file.stem: file for file in sorted(script.parent.glob("*.py"))}
    digests: dict[str, str] = {}
    waiting = [("script", script)]
    while waiting:
        name, file = waiting.pop()
        if name in digests:
            continue
        digest, imports, literals, _ = _understand(file.read_bytes(), str(file))
        digests[name] = digest
        for data in _data_files(file, package, literals):
            digests[data.relative_to(package.parent).as_posix()] = _sha256(data.read_bytes())
        is_package = file.name == "__init__.py"
        for target in _targets(imports, literals, name, is_package):
            waiting += [(part, modules[part]) for part in _reached(target, modules)]
    return dict(sorted(digests.items()))


def _reached(target: str, modules: dict[str, Path]) -> Iterator[str]:
    """
    Modules that a dotted name reaches: those on its way, and the one that has its meaning.

    A package that only passes names on has no meaning of its own: a name taken from it leads to
    the module that has it. Taken whole, it leads to all that it passes on.
    """
    prefixes = [name for name in _with_parents(target) if name in modules]
    yield from (name for name in prefixes if name == target or not _exports(name, modules))
    holders = [name for name in prefixes if name != target]
    if holders:
        exports = _exports(holders[-1], modules)
        member = target.removeprefix(f"{holders[-1]}.").split(".")[0]
        if member in exports:
            yield from _reached(exports[member], modules)
        elif exports and target not in modules:
            yield holders[-1]


def _exports(name: str, modules: dict[str, Path]) -> dict[str, str]:
    """What a package that only passes names on takes from where; nothing for other modules."""
    file = modules[name]
    if file.name != "__init__.py":
        return {}
    _, imports, _, passes = _understand(file.read_bytes(), str(file))
    if not passes:
        return {}
    here = name.split(".")
    return {
        member: ".".join(filter(None, [*here[: level and len(here) - level + 1], module, member]))
        for level, module, members in imports
        for member in members
    }


def _modules(package: Path) -> dict[str, Path]:
    """Every module of the package by its dotted name, without the wrappers."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts[0] in WRAPPERS:
            continue
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        found[".".join((package.name, *parts))] = file
    return found


def _targets(imports: tuple, literals: frozenset, name: str, is_package: bool) -> Iterator[str]:
    """Dotted names that may be modules: what is imported, and strings such as 'a.b.c'."""
    here = name.split(".") if is_package else name.split(".")[:-1]
    for level, module, members in imports:
        base = [*here[: len(here) - (level - 1)]] if level else []
        base += module.split(".") if module else []
        for member in members or [""]:
            yield ".".join([*base, member]) if member else ".".join(base)
    yield from (literal for literal in literals if "." in literal)


def _with_parents(dotted: str) -> list[str]:
    """`a.b.c` imports the packages `a` and `a.b` on its way."""
    parts = dotted.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _data_files(file: Path, package: Path, literals: frozenset) -> Iterator[Path]:
    """Files of the data folders around a module that it names by a string literal."""
    if not file.is_relative_to(package):
        return
    for folder in (file.parent, *file.parent.parents):
        for data in DATA_FOLDERS:
            if (folder / data).is_dir():
                names = {child.name for child in (folder / data).iterdir() if child.is_file()}
                yield from (folder / data / name for name in sorted(names & literals))
        if folder == package:
            return


@functools.cache
def _understand(source: bytes, file: str) -> tuple[str, tuple, frozenset, bool]:
    """Digest of one source text, what it imports, its literals, whether it only passes names on."""
    tree = ast.parse(source, filename=file)
    pieces: list[str] = []
    _spell(tree, pieces)
    imports, literals = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            imports.append((node.level, node.module or "", names))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            literals.add(node.value)
    digest = _sha256("\n".join(pieces).encode())
    return digest, tuple(imports), frozenset(literals), all(map(_passes, tree.body))


def _spell(node: ast.AST, pieces: list[str]) -> None:
    """
    Write a syntax tree as text that does not depend on the Python version.

    Empty fields are left out, because newer versions add fields that are empty for older code.
    """
    pieces.append(type(node).__name__)
    for field, value in ast.iter_fields(node):
        if isinstance(node, ast.Constant) and field == "value":
            pieces.append(repr(value))
            continue
        if isinstance(value, list):
            value = [item for item in value if not _is_silent(item)]
        if value is None or value == [] or field in ("ctx", "kind", "type_comment"):
            continue
        pieces.append(field)
        if isinstance(value, list):
            pieces.append(f"[{len(value)}")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                _spell(item, pieces)
            else:
                pieces.append(repr(item))


def _passes(node: ast.stmt) -> bool:
    """Imports of names under their own names, and the list of names that a module offers."""
    if isinstance(node, ast.ImportFrom):
        return not any(alias.asname or alias.name == "*" for alias in node.names)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id in ("__all__", "__version__")
    return _is_silent(node)


def _is_silent(node: object) -> bool:
    """Statements without meaning: bare strings (docstrings) and the package's version."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id == "__version__"
    return False


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
