"""`starloom fetch`: say what survey dr17 would download, or fetch the list of Gaia's bulk files."""

import argparse
from pathlib import Path

OK = 0


def add_fetch(commands: argparse._SubParsersAction) -> None:
    """Add `starloom fetch`."""
    parser = commands.add_parser(
        "fetch",
        help="plan the downloads of survey dr17",
        description="Say what `snakemake download --config survey=dr17` would fetch: files, bytes, "
        "time, disk; fail if the disk is too small.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="the plan (what is done anyway)")
    what.add_argument("--list", action="store_true", help="fetch the lists of Gaia's bulk files")
    parser.add_argument("--configfile", type=Path, nargs="*", default=[], help="as Snakemake's")
    parser.add_argument("--rate", type=float, default=10.0, help="of the network [MB/s] (10)")
    parser.add_argument("--results", type=Path, default=Path("results"), help="(results)")
    parser.set_defaults(run=_fetch)


def _fetch(given: argparse.Namespace) -> int:
    import yaml

    from starloom.archives.access import access
    from starloom.archives.chunks import BULK_LISTS
    from starloom.archives.datasets import Datasets
    from starloom.archives.plan import free_bytes, plan, require_room, say

    root = Path(__file__).resolve().parents[3]
    archives: dict = {}
    for path in (root / "config" / "config.yaml", *given.configfile):
        archives |= (yaml.safe_load(path.read_text()) or {}).get("archives", {})
    table = archives["datasets"] or root / "config" / "datasets.csv"
    if given.list:
        opened = access(table, "list")
        wanted = [
            opened.datasets[name].wanted(path, file=path.name) for name, path in BULK_LISTS.items()
        ]
        opened.fetcher.fetch(wanted, "lists")
        print(*(f"{path} is there" for path in BULK_LISTS.values()), sep="\n")
        return OK
    if not given.rate > 0:
        raise ValueError(f"--rate must be above 0, not {given.rate}")
    items = plan(archives, Datasets(table), given.results)
    print(say(items, given.rate, free_bytes(given.results)))
    require_room(items, given.results)
    return OK
