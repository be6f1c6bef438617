"""What every job of the workflow does around its work: a log, a progress bar, a record."""

import contextlib
import sys
import traceback
from collections.abc import Iterable, Iterator

from tqdm import tqdm


@contextlib.contextmanager
def logged(job: object) -> Iterator[None]:
    """
    Send what the block prints to the job's log, and leave a provenance record when it succeeds.

    Args:
        job: the `snakemake` object of a script.

    Raises:
        Exception: whatever the block raised, after its traceback is in the log.
    """
    from starloom.provenance import Recorder

    recorder = Recorder(job)
    with open(job.log[0], "w", buffering=1) as log:
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(_Tee(log)):
                yield
        except BaseException:
            traceback.print_exc(file=log)
            raise
    recorder.write()


def progress(items: Iterable, what: str, total: int | None = None) -> Iterable:
    """Yield `items` behind a progress bar on the terminal: how far, how fast, how long yet."""
    return tqdm(items, desc=what, total=total, dynamic_ncols=True, mininterval=1.0)


class _Tee:
    """Standard error goes to the log and to the terminal, where the progress bar lives."""

    def __init__(self, log):
        self._log = log
        self._terminal = sys.stderr

    def write(self, text):
        self._log.write(text)
        return self._terminal.write(text)

    def flush(self):
        self._log.flush()
        self._terminal.flush()

    def isatty(self):
        return self._terminal.isatty()
