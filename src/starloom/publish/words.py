"""Numbers in words: with the digits that they have, and units as people write them."""

import math

UNITS = {"percent": "%", "uHz": "µHz", "1": ""}


def say_value(number: dict) -> str:
    """
    Value, error and unit.

    Args:
        number: value, error (None for none) and unit, as the registry has them.

    Returns:
        The value to the second digit of its error, or to four digits where there is none.
    """
    value, error = number["value"], number.get("error")
    if error:
        decimals = 1 - math.floor(math.log10(abs(error)))
        if decimals > 6:
            text = f"{value:.4g} ± {error:.2g}"
        else:
            text = f"{_fixed(value, decimals)} ± {_fixed(error, decimals)}"
    elif float(value).is_integer() and abs(value) < 1e15:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return _with_unit(text, number["unit"])


def say_published(paper: dict) -> str:
    """A published value with its unit, with all digits of the paper."""
    value = paper["value"]
    text = f"{value:,.0f}" if float(value).is_integer() else repr(value)
    return _with_unit(text, paper["unit"])


def say_number(number: dict) -> list[str]:
    """A number and what it stands beside, in two or three lines."""
    stars = "" if number["n"] is None else f", {number['n']:,} stars"
    lines = [
        f"{number['id']} = {say_value(number)}  ({number['study']}, data: {number['data']}{stars})",
        f"  {number['definition']}",
    ]
    paper = number["published"]
    if paper:
        note = f"; {paper['note']}" if paper["note"] else ""
        lines.append(f"  published: {say_published(paper)} ({paper['where']}{note})")
    return lines


def plus_minus(text: str) -> str:
    """The text with the sign ± where it was typed as +- or +/-."""
    return text.replace("+/-", "±").replace("+-", "±")


def _fixed(value: float, decimals: int) -> str:
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def _with_unit(text: str, unit: str) -> str:
    unit = UNITS.get(unit, unit)
    return f"{text} {unit}" if unit else text
