"""FITS files opened with a check that they are whole, which astropy only warns of."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from starloom.archives.raw_text import Member, Source, file_kind, raw_bytes

_RECORD = 2880


@contextlib.contextmanager
def open_fits(source: Source) -> Iterator[fits.HDUList]:
    """
    Open a FITS file, mapped unless it is gzipped or in a zip.

    Args:
        source: the file.

    Yields:
        Its extensions, all of whose bytes are there.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no FITS file, cut or damaged.
    """
    outer, inner = file_kind(source)
    if inner != "fits":
        raise ValueError(f"{source} is not a FITS file but {inner}; get it again")
    mapped = outer == "fits" and not isinstance(source, Member)
    content = source if mapped else io.BytesIO(raw_bytes(source))
    size = Path(source).stat().st_size if mapped else content.getbuffer().nbytes
    with contextlib.ExitStack() as stack:
        try:
            hdus = stack.enter_context(_quietly(content, mapped))
            places = [hdu.fileinfo() for hdu in hdus]
            end = max(place["datLoc"] + place["datSpan"] for place in places)
        except (OSError, TypeError, KeyError) as error:
            raise ValueError(f"{source} is a cut or damaged FITS file ({error})") from error
        if end > size or size - end >= _RECORD:
            raise ValueError(
                f"{source} is a cut or damaged FITS file: it has {size} bytes, its headers say "
                f"{end}; get it again"
            )
        yield hdus


def _quietly(content: Path | io.BytesIO, mapped: bool) -> fits.HDUList:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        hdus = fits.open(content, memmap=mapped)
        len(hdus)
    return hdus
