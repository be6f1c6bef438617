"""Numbers for articles: one LaTeX macro a number, and the papers' tables filled with this run's."""

import re
from collections.abc import Iterable, Mapping

from starloom.publish.words import say_value

DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
UNITS = {"percent": r"\%", "uHz": r"$\mu$Hz", "1": "", "flux^2": "flux$^2$"}
SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"$<$", ">": r"$>$", "±": r"$\pm$", "µ": r"$\mu$", "Δ": r"$\Delta$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip


def macro_name(name: str) -> str:
    """The macro of a number: `xpvae.val_loss` is `xpvaeValLoss`; digits are words."""
    first, *others = re.split(r"[^A-Za-z0-9]+", name)
    joined = first + "".join(part[:1].upper() + part[1:] for part in others)
    return re.sub(r"\d", lambda found: DIGITS[int(found[0])], joined)


def macros(numbers: Iterable[Mapping]) -> str:
    """
    One macro a number, with its error where it has one, to be used in text and in formulae.

    Args:
        numbers: as the registry has them.

    Returns:
        LaTeX, the unit and definition of each number beside it as a comment.

    Raises:
        ValueError: if two numbers would have the same macro; the message names them.
    """
    lines, seen = ["% Written by the workflow: \\input this file, never copy a number by hand."], {}
    for number in numbers:
        name = macro_name(number["id"])
        if name in seen:
            raise ValueError(
                f"numbers {seen[name]} and {number['id']} have the same macro \\{name}"
            )
        seen[name] = number["id"]
        about = f"{number['id']} [{number['unit']}], data: {number['data']}. {number['definition']}"
        lines.append(f"% {' '.join(about.split())}")
        lines.append(f"\\newcommand{{\\{name}}}{{\\ensuremath{{{_value(number)}}}}}")
    return "\n".join(lines) + "\n"


def tables(numbers: Iterable[Mapping], papers: Mapping[str, Mapping]) -> dict[str, str]:
    """
    The tables of the papers, with this run's numbers as macros beside the published ones.

    Args:
        numbers: as the registry has them.
        papers: of `numbers.published`; the place of a value names its table.

    Returns:
        LaTeX by the table's name, `<study>_table<number>`. A number that this run lacks is dots.
    """
    known = {number["id"]: number for number in numbers}
    rows: dict[tuple[str, str, str], list[str]] = {}
    for name, paper in papers.items():
        found = re.match(r"(.*?) (?:Table|Tab\.) ?(\w+)", paper["where"])
        if not found or paper["study"] not in {number["study"] for number in known.values()}:
            continue
        here = f"\\{macro_name(name)}" if name in known else r"\ldots"
        stars = f"{known[name]['n']:,}" if known.get(name, {}).get("n") is not None else ""
        cells = (
            escape(name.partition(".")[2].replace("_", " ")),
            UNITS.get(paper["unit"], escape(paper["unit"])),
            here,
            stars,
            f"{paper['value']:g}",
            escape(paper["note"]),
        )
        rows.setdefault((paper["study"], found[1], found[2]), []).append(" & ".join(cells))
    data = ", ".join(sorted({number["data"] for number in known.values()}))
    return {
        f"{study}_table{number}": _table(study, paper, number, lines, data)
        for (study, paper, number), lines in rows.items()
    }


def escape(text: str) -> str:
    """A text with the signs that LaTeX takes for its own made harmless."""
    return "".join(SPECIAL.get(sign, sign) for sign in text)


def _value(number: Mapping) -> str:
    """Value and error as a formula, without the unit."""
    text = say_value({**number, "unit": "1"}).replace("±", r"\pm").replace(",", "{,}")
    return re.sub(r"e([+-]?)0*(\d+)", r"\\times10^{\1\2}", text).replace("^{+", "^{")


def _table(study: str, paper: str, number: str, lines: list[str], data: str) -> str:
    body = " \\\\\n".join(lines)
    return (
        "\\begin{table}\n"
        f"\\caption{{Table {number} of {escape(paper)} beside this run (data: {data}).}}\n"
        f"\\label{{tab:{study}_table{number}}}\n"
        "\\begin{tabular}{llrrrp{6cm}}\n\\hline\n"
        f"Quantity & Unit & This run & Stars & Published & Note \\\\\n\\hline\n{body} \\\\\n"
        "\\hline\n\\end{tabular}\n\\end{table}\n"
    )
