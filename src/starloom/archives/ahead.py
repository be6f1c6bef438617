"""Work done on another thread before it is asked for."""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Generator[Item], depth: int = 2) -> Iterator[Item]:
    """
    Produce items on another thread, at most `depth` before they are asked for.

    Args:
        items: a generator of whatever is costly to produce.
        depth: items to hold.

    Yields:
        The items in their order.

    Raises:
        Exception: whatever producing an item raised.
    """
    made: queue.Queue = queue.Queue(depth)
    stop = threading.Event()
    worker = threading.Thread(target=_produce, args=(items, made, stop), daemon=True)
    worker.start()
    try:
        while (got := made.get()) is not None:
            item, error = got
            if error is not None:
                raise error
            yield item
    finally:
        stop.set()
        worker.join()


def _produce(items: Generator, made: queue.Queue, stop: threading.Event) -> None:
    """Put (item, None) for each item, then None; (None, error) if producing fails."""

    def offer(entry: tuple | None) -> bool:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                made.put(entry, timeout=0.1)
                return True
        return False

    with contextlib.closing(items):
        try:
            for item in items:
                if not offer((item, None)):
                    return
            offer(None)
        except Exception as error:
            offer((None, error))
