"""The digest of code changes when, and only when, its meaning changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from starloom.provenance import code_digest, module_digests

SCRIPT = '''"""Train."""

from starloom.job import logged
from starloom.models.vae import loss


def main(path):
    return loss(path)
'''

MODEL = '''"""A model."""

from ..sky import xp

WEIGHT = 2.0


def loss(x):
    """Half the square."""
    return WEIGHT * xp.scale(x)  # a comment
'''

SKY = '''"""Scale."""

TABLE = "lines.csv"


def scale(x):
    from starloom import units

    return units.KILO * x
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "workflow/scripts/train.py": SCRIPT,
        "src/starloom/__init__.py": '__version__ = "0.1.0"\n',
        "src/starloom/job.py": "from starloom import provenance\n",
        "src/starloom/provenance/__init__.py": "VALUE = 1\n",
        "src/starloom/models/__init__.py": "",
        "src/starloom/models/vae.py": MODEL,
        "src/starloom/sky/__init__.py": "",
        "src/starloom/sky/xp.py": SKY,
        "src/starloom/sky/data/lines.csv": "line,source\n1,lab\n",
        "src/starloom/sky/data/unused.csv": "line,source\n1,lab\n",
        "src/starloom/units.py": "KILO = 1000.0\n",
        "src/starloom/alone.py": "X = 1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def digest(project: Path) -> str:
    return code_digest(project / "workflow/scripts/train.py", project / "src/starloom")


def edit(project: Path, name: str, old: str, new: str) -> None:
    path = project / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("src/starloom/models/vae.py", "Half the square.", "Half the square of x."),
        ("src/starloom/models/vae.py", '    """Half the square."""\n', ""),
        ("src/starloom/models/vae.py", "  # a comment", ""),
        ("src/starloom/models/vae.py", "WEIGHT = 2.0\n", 'WEIGHT = 2.0\n"""What it weighs."""\n'),
        ("src/starloom/models/vae.py", "WEIGHT * xp", "(\n        WEIGHT\n    ) * xp"),
        ("workflow/scripts/train.py", '"""Train."""', '"""Train a model."""'),
        ("workflow/scripts/train.py", "main(path):", "main( path ):"),
        ("src/starloom/__init__.py", "0.1.0", "0.2.0"),
        ("src/starloom/job.py", "provenance", "numbers"),
        ("src/starloom/provenance/__init__.py", "1", "2"),
        ("src/starloom/alone.py", "1", "2"),
        ("src/starloom/sky/data/unused.csv", "1", "2"),
    ],
)
def test_the_digest_stays_when_only_words_form_or_unused_code_change(project, name, old, new):
    before = digest(project)
    edit(project, name, old, new)
    assert digest(project) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("workflow/scripts/train.py", "loss(path)", "loss(path + 1)"),
        ("src/starloom/models/vae.py", "2.0", "2.5"),
        ("src/starloom/units.py", "1000.0", "1000"),
        ("src/starloom/sky/data/lines.csv", "1", "2"),
        ("src/starloom/models/__init__.py", "", "import math\n"),
    ],
)
def test_the_digest_changes_with_code_or_data_that_the_script_reaches(project, name, old, new):
    before = digest(project)
    edit(project, name, old, new)
    assert digest(project) != before


def test_the_modules_are_all_that_the_script_reaches_and_no_others(project):
    modules = module_digests(project / "workflow/scripts/train.py", project / "src/starloom")
    assert list(modules) == [
        "script",
        "starloom",
        "starloom.models",
        "starloom.models.vae",
        "starloom.sky",
        "starloom.sky.xp",
        "starloom.units",
        "starloom/sky/data/lines.csv",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "import starloom.alone",
        "from starloom import alone",
        "from starloom.alone import X",
        "from starloom.alone import *",
        'module = "starloom.alone"',
        "def f():\n    import starloom.alone as a",
    ],
)
def test_every_form_of_import_is_followed(project, statement):
    script = project / "workflow/scripts/other.py"
    script.write_text(statement + "\n")
    modules = module_digests(script, project / "src/starloom")
    assert set(modules) == {"script", "starloom", "starloom.alone"}


PASSING_ON = '''"""Names of two modules."""

from starloom.models.vae import loss
from starloom.names.far import FAR

from .near import NEAR

__all__ = ["FAR", "NEAR", "loss"]
'''


@pytest.mark.parametrize(
    ("statement", "reached"),
    [
        ("from starloom.names import FAR", {"far"}),
        ("from starloom.names.near import NEAR", {"near"}),
        ("from starloom.names import NEAR, FAR", {"far", "near"}),
        ("from starloom import names", {"", "far", "near", "vae"}),
        ("import starloom.names", {"", "far", "near", "vae"}),
        ("from starloom.names import absent", {"", "far", "near", "vae"}),
    ],
)
def test_a_name_that_a_package_passes_on_leads_to_its_module_alone(project, statement, reached):
    names = project / "src/starloom/names"
    names.mkdir()
    (names / "__init__.py").write_text(PASSING_ON)
    (names / "near.py").write_text("NEAR = 1\n")
    (names / "far.py").write_text("FAR = 2\n")
    script = project / "workflow/scripts/other.py"
    script.write_text(statement + "\n")
    modules = set(module_digests(script, project / "src/starloom"))
    seen = {name.removeprefix("starloom.names").strip(".") for name in modules if "names" in name}
    assert seen | {"vae" for name in modules if name.endswith("vae")} == reached


def test_what_one_study_publishes_reruns_no_other(root):
    def reached(script):
        return module_digests(root / "workflow/scripts" / script, root / "src/starloom")

    assert "starloom.columns.ages" in reached("catalog_ages.py")
    for script in ("sky_stars.py", "sky_spectra.py", "prepare_xp.py", "train_scatter_vae.py"):
        assert "starloom.columns.ages" not in reached(script)


def test_modules_that_import_each_other_are_counted_once(project):
    (project / "src/starloom/alone.py").write_text("from starloom import alone, units\n")
    (project / "src/starloom/units.py").write_text("from . import alone\nKILO = 1\n")
    assert "starloom.alone" in module_digests(
        project / "workflow/scripts/train.py", project / "src/starloom"
    )


def test_a_helper_beside_the_script_counts(project):
    (project / "workflow/scripts/helper.py").write_text("A = 1\n")
    edit(
        project,
        "workflow/scripts/train.py",
        "from starloom.job",
        "import helper\nfrom starloom.job",
    )
    before = digest(project)
    edit(project, "workflow/scripts/helper.py", "1", "2")
    assert digest(project) != before


def test_a_missing_script_and_broken_python_are_named(project):
    with pytest.raises(FileNotFoundError, match=r"nothing\.py"):
        code_digest(project / "nothing.py", project / "src/starloom")
    (project / "src/starloom/units.py").write_text("KILO = = 1\n")
    with pytest.raises(SyntaxError) as caught:
        digest(project)
    assert caught.value.filename.endswith("units.py")


def test_the_package_imports_the_standard_library_only(root):
    code = "import starloom.provenance, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"jax", "numpy", "pyarrow", "zarr", "astropy"} & set(done.stdout.split())
