"""
Into which chunks the stars of the real archives are divided, known before any job runs.

The workflow asks while it is parsed, so this module imports the standard library only.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from starloom.archives.names import bulk_chunks

BULK_LISTS = {
    "gaia_xp_bulk": Path("results/raw/gaia/xp_continuous/_MD5SUM.txt"),
    "gaia_source_bulk": Path("results/raw/gaia/gaia_source/_MD5SUM.txt"),
}
"""The Gaia archive's own lists of its bulk files, as `starloom fetch --list` brings them."""


def archive_chunks(archives: Mapping) -> list[str]:
    """
    Chunks of survey dr17.

    Args:
        archives: section `archives` of the configuration. With `gaia: query` the sky is cut into
            `xp_files` equal parts; with `gaia: bulk` the chunks are the archive's own files.

    Returns:
        First and last level-8 pixel of each, for example `000000-003111`.

    Raises:
        ValueError: if the bulk files are wanted but their list is not there.
    """
    if archives["gaia"] == "query":
        return bulk_chunks(archives["xp_files"])
    for path in BULK_LISTS.values():
        if not path.exists():
            raise ValueError(
                f"archives/gaia is bulk, but the list of the bulk files, {path}, is not there: run "
                "`starloom fetch --list` once"
            )
    return read_bulk_chunks(BULK_LISTS["gaia_xp_bulk"])


def read_bulk_chunks(path: str | Path) -> list[str]:
    """Chunks that a list of checksums names, in the order of the sky."""
    return sorted(re.findall(r"_(\d{6}-\d{6})\.csv\.gz", Path(path).read_text()))
