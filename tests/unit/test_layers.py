"""The layers of the house: imports point up the way that data flow down."""

import ast
import re
from pathlib import Path

# What each room of the package may import, beside itself and the common modules.
ALLOWED = {
    "archives": set(),
    "sky": {"archives"},
    "prepare": {"archives"},
    "models": set(),
    "training": {"models"},
    "studies": {"prepare", "models", "training"},
    "predict": {"archives", "prepare", "models", "training", "studies"},
    "figures": set(),
    "provenance": set(),
    "publish": {"prepare", "provenance"},
}
COMMON = {"tables", "columns", "graph", "job", "numbers", "config", "gaiaxpy_quiet", "separation"}
TOP = {"cli", "reference"}
"""Modules that stand above all rooms: they may import any."""


def _imports(path: Path) -> set[str]:
    """Rooms and modules of starloom that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
            if node.module == "starloom":
                names = [f"starloom.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("starloom.")}
    return found


def _modules(root):
    package = root / "src" / "starloom"
    return [(path, path.relative_to(package).parts[0]) for path in sorted(package.rglob("*.py"))]


def test_each_room_imports_only_what_stands_before_it(root):
    faults = []
    for path, room in _modules(root):
        room = room.removesuffix(".py")
        if room in TOP or room == "__init__":
            continue
        allowed = ALLOWED.get(room, {"provenance"} if room in COMMON else None)
        assert allowed is not None, f"{path}: room {room} is not in the plan; add it to ALLOWED"
        extra = _imports(path) - allowed - COMMON - {room}
        if extra:
            faults.append(f"{path.relative_to(root)} imports {', '.join(sorted(extra))}")
    assert not faults, "\n".join(faults)


def test_studies_never_import_each_other(root):
    studies = root / "src" / "starloom" / "studies"
    for path in studies.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = getattr(node, "module", None) or ""
            if module.startswith("starloom.studies"):
                own = path.relative_to(studies).parts[0].removesuffix(".py")
                assert module.split(".")[2:3] == [own], f"{path} imports {module}"


def test_only_the_sky_and_evaluations_read_the_truth(root):
    for path in (root / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"\n *rule ", path.read_text())[1:]:
            name = rule.split(":")[0]
            if "results/truth" in rule:
                assert name.startswith(("sky_", "evaluate_")), f"rule {name} reads the truth"


def test_scripts_are_thin_and_named_as_their_rule(root):
    rules = "\n".join(path.read_text() for path in (root / "workflow" / "rules").glob("*.smk"))
    for script in sorted((root / "workflow" / "scripts").glob("*.py")):
        lines = script.read_text().splitlines()
        assert len(lines) <= 45, f"{script.name} has {len(lines)} lines: science belongs in src"
        carried = f'code_of("{script.stem}")' in rules
        # Editing a client must not download again.
        assert carried != script.stem.startswith("fetch_"), script.name
        assert f"scripts/{script.name}" in rules, f"no rule uses {script.name}"


def test_modules_are_read_in_one_sitting(root):
    for path, _ in _modules(root):
        assert len(path.read_text().splitlines()) <= 400, path
