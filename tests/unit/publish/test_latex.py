"""Numbers for articles: macros that LaTeX takes, and tables that read them."""

import re
import shutil
import subprocess

import pytest

from starloom.numbers import published
from starloom.publish.latex import escape, macro_name, macros, tables


def number(name, value, error=None, n=None, unit="percent", study="tagging"):
    return {
        "id": name, "study": study, "value": value, "error": error, "unit": unit, "n": n,
        "definition": "a definition\nof 2 lines", "data": "simulated",
    }  # fmt: skip


def read(text: str) -> dict[str, str]:
    return dict(re.findall(r"\\newcommand\{\\(\w+)\}\{\\ensuremath\{(.*)\}\}", text))


@pytest.mark.parametrize(
    ("name", "macro"),
    [
        ("xpvae.val_loss", "xpvaeValLoss"),
        ("tagging.fader_feh_snr100", "taggingFaderFehSnrOneZeroZero"),
        ("ages.scatter_rgb_z-only", "agesScatterRgbZOnly"),
    ],
)
def test_a_macro_has_letters_only(name, macro):
    assert macro_name(name) == macro


def test_a_macro_holds_value_and_error():
    numbers = [number("a.b", -93.5, 0.25), number("a.count", 12345.0), number("a.mse", 1.26e-5)]
    assert read(macros(numbers)) == {
        "aB": r"-93.50 \pm 0.25", "aCount": "12{,}345", "aMse": r"1.26\times10^{-5}"
    }  # fmt: skip
    comments = [line for line in macros(numbers).splitlines() if line.startswith("% a.b")]
    assert comments == ["% a.b [percent], data: simulated. a definition of 2 lines"]


def test_two_numbers_with_one_macro_are_named():
    with pytest.raises(ValueError, match=r"a\.b_c and a\.b\.c have the same macro"):
        macros([number("a.b_c", 1.0), number("a.b.c", 1.0)])


def test_there_is_a_table_for_each_of_the_papers_tables_with_numbers(root):
    papers = published(root / "config" / "published_numbers.csv")
    numbers = [
        number("tagging.factor_mse", 1.5e-5, 1e-6, 1200, "flux^2"),
        number("labels.rmse_feh", 0.1, study="labels"),
    ]
    found = tables(numbers, papers)
    assert set(found) == {
        *("tagging_table3", "tagging_table4"),
        *("labels_table1", "labels_table2", "labels_table3"),
    }
    table = found["tagging_table3"]
    assert r"factor mse & flux$^2$ & \taggingFactorMse & 1,200 & 1.26e-05" in table
    assert r"fader mse & flux$^2$ & \ldots &  & 1.68e-05" in table
    assert "(data: simulated)" in table
    used = {name for text in found.values() for name in re.findall(r"& \\(\w+) &", text)}
    assert used - {"ldots"} == set(read(macros(numbers)))


def test_signs_of_latex_are_escaped():
    assert escape("50 % of a_b & #1 {x} < y") == r"50 \% of a\_b \& \#1 \{x\} $<$ y"


def test_latex_takes_it(root, tmp_path):
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("no pdflatex")
    papers = published(root / "config" / "published_numbers.csv")
    numbers = [
        number(name, 1.5e-5, 1e-6, 3, study=paper["study"]) for name, paper in papers.items()
    ]
    (tmp_path / "numbers.tex").write_text(macros(numbers))
    body = "\n".join(tables(numbers, papers).values())
    (tmp_path / "a.tex").write_text(
        "\\documentclass{article}\\input{numbers}\\begin{document}\n\\agesBias, $\\agesBias$\n"
        f"{body}\n\\end{{document}}\n"
    )
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", "a.tex"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
