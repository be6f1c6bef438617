"""
The command line: `starloom numbers`, `starloom audit`, `starloom columns`.

A command is a function that adds its parser and says, with `set_defaults(run=...)`, what to call
with the parsed arguments; `run` gives the exit status. Heavy imports belong inside `run`. A module
brings a new command by a line in `COMMANDS`.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from starloom.archives.command import add_fetch
from starloom.predict import add_import_weights, add_predict, add_psd_check

OK, FAILED, MISUSED = 0, 1, 2
"""Exit status: done; the audit found something wrong; the command cannot be done as asked."""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command.

    Args:
        arguments: the words after `starloom`; the process's own by default.

    Returns:
        The exit status: 0 done, 1 an audit failed, 2 the command cannot be done.
    """
    parser = argparse.ArgumentParser(prog="starloom", description="From raw surveys to numbers.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain again when it closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except ValueError as error:
        print(f"starloom: {error}", file=sys.stderr)
        return MISUSED
    except (OSError, RuntimeError) as error:
        print(f"starloom: {_in_one_line(error)}", file=sys.stderr)
        return MISUSED


def _in_one_line(error: OSError | RuntimeError) -> str:
    """What the disk, the network or an archive refused; any other error goes on its way."""
    if isinstance(error, OSError):
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    else:
        from starloom.archives.fetch import FetchError

        if not isinstance(error, FetchError):
            raise error
        text = str(error)
    return "; ".join(text.splitlines())


def add_numbers(commands: argparse._SubParsersAction) -> None:
    """Add `starloom numbers`."""
    parser = commands.add_parser("numbers", help="list the published numbers")
    _results_option(parser)
    parser.add_argument("--study", help="only this study's numbers")
    parser.add_argument("--json", action="store_true", help="as a JSON list of objects")
    parser.set_defaults(run=_numbers)


def add_audit(commands: argparse._SubParsersAction) -> None:
    """Add `starloom audit`."""
    parser = commands.add_parser(
        "audit",
        help="verify where a number comes from",
        description="Print a number's chain down to raw files and verify every file on it.",
    )
    _results_option(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("target", nargs="?", help="a number's id, or a file of the results")
    what.add_argument("--all", action="store_true", help="all numbers, figures and catalogues")
    parser.add_argument("--json", action="store_true", help="as a JSON object")
    parser.add_argument(
        "--graph",
        nargs="?",
        type=Path,
        const=Path("chain.svg"),
        metavar="FILE",
        help="draw the chain too, as SVG (chain.svg)",
    )
    parser.set_defaults(run=_audit)


def add_reproduce(commands: argparse._SubParsersAction) -> None:
    """Add `starloom reproduce`."""
    parser = commands.add_parser(
        "reproduce",
        help="make a number again from its commit and compare",
        description="Run a number's chain again in a fresh work tree at the recorded commit and "
        "configuration, and compare the number and every file of the chain.",
    )
    _results_option(parser)
    parser.add_argument("number", help="a number's id")
    parser.add_argument("--folder", type=Path, help="the fresh work tree (reproduced-NUMBER)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="for Snakemake (all)")
    parser.set_defaults(run=_reproduce)


def add_columns(commands: argparse._SubParsersAction) -> None:
    """Add `starloom columns`."""
    parser = commands.add_parser("columns", help="the glossary of columns and flags")
    parser.add_argument("search", nargs="?", default="", help="only entries with this text")
    parser.set_defaults(run=_columns)


COMMANDS: tuple[Callable[[argparse._SubParsersAction], None], ...] = (
    add_numbers,
    add_audit,
    add_reproduce,
    add_columns,
    add_fetch,
    add_predict,
    add_psd_check,
    add_import_weights,
)
"""What `starloom` can do, in the order of its help."""


def _results_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="the results folder (results)"
    )


def _numbers(given: argparse.Namespace) -> int:
    from starloom.numbers import STUDIES, read_numbers
    from starloom.publish.words import say_number

    if given.study and given.study not in STUDIES:
        raise ValueError(f"no study {given.study!r}; there are {', '.join(STUDIES)}")
    numbers = read_numbers(given.results / "numbers")
    numbers = [number for number in numbers if given.study in (None, number["study"])]
    if given.json:
        print(json.dumps(numbers, indent=1, sort_keys=True))
    else:
        for number in numbers:
            print("\n".join(say_number(number)))
    return OK


def _audit(given: argparse.Namespace) -> int:
    from starloom.publish.audit import UnknownNumber, audit_all, audit_file, audit_number
    from starloom.publish.tree import tree, verdict

    if not given.results.is_dir():
        raise FileNotFoundError(
            f"{given.results} is not there: run the workflow first (make demo), or say --results"
        )
    try:
        if given.all:
            report = audit_all(given.results)
        elif Path(given.target).exists():
            report = audit_file(given.results, given.target)
        else:
            report = audit_number(given.results, given.target)
    except UnknownNumber as error:
        print(f"starloom: {error}", file=sys.stderr)
        for failure in error.failures:
            print(f"AUDIT FAILED: {failure}", file=sys.stderr)
        return FAILED if error.failures else MISUSED
    except ValueError as error:
        # A record, manifest or list of numbers that cannot be read is what an audit is to find.
        print(f"AUDIT FAILED: {error}", file=sys.stderr)
        return FAILED
    if given.graph:
        from starloom.publish.graph import chain_graph

        numbers = [number["id"] for number in report.numbers]
        given.graph.write_text(chain_graph(report.chain, numbers))
    if given.json:
        print(json.dumps(report.as_json(), indent=1, sort_keys=True))
    else:
        if not given.all:
            print(tree(report))
        print(verdict(report))
    return OK if report.ok else FAILED


def _reproduce(given: argparse.Namespace) -> int:
    from starloom.publish.reproduce import reproduce, say

    folder = given.folder or Path(f"reproduced-{given.number}")
    found = reproduce(given.results, given.number, folder, given.cores)
    print(say(found))
    return OK if found.ok else FAILED


def _columns(given: argparse.Namespace) -> int:
    from starloom.publish.glossary import glossary, say

    word = given.search.lower()
    found = {
        group: [
            say(entry)
            for entry in entries
            # In starloom.parquet the catalogue's name stands before the column's.
            if word in say(entry).lower() or word.endswith(f"_{entry.name.lower()}")
        ]
        for group, entries in glossary().items()
    }
    if not any(found.values()):
        raise ValueError(f"no column or flag has {given.search!r} in its name or meaning")
    for group, lines in found.items():
        if lines:
            print(group, *lines, sep="\n  ")
    return OK


if __name__ == "__main__":
    sys.exit(main())
