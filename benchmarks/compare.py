"""
Ours and a peer at the same work, in turn, in one run: an absolute time does not carry over from
one machine to another or from one minute to the next, a ratio does.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """One row: rates [items/s] by round, in the order they were measured."""

    task: str
    ours: np.ndarray
    peer: np.ndarray
    peer_name: str
    bar: float
    flop_per_item: float = 0.0

    @property
    def ratios(self) -> np.ndarray:
        """Ours over the peer's, round by round."""
        return self.ours / self.peer


def alternate(
    task: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    items: float,
    bar: float,
    peer_name: str,
    peer_items: float | None = None,
    rounds: int = 9,
    flop_per_item: float = 0.0,
) -> Comparison:
    """
    Run ours and the peer in turn and compare their rates.

    Args:
        task: name of the row.
        ours: does the work once and waits until it is done; called once unmeasured to warm up.
        peer: the same for the peer.
        items: what one call of ours handles.
        bar: the ratio that is asked for.
        peer_name: who the peer is and how it was set up.
        peer_items: what one call of the peer handles, where it is not the same.
        rounds: how often each is measured.
        flop_per_item: floating-point operations of the matrix products in one item.

    Returns:
        The row.
    """
    ours(), peer()
    seconds = np.array([(_seconds(ours), _seconds(peer)) for _ in range(rounds)])
    return Comparison(
        task,
        items / seconds[:, 0],
        (peer_items or items) / seconds[:, 1],
        peer_name,
        bar,
        flop_per_item,
    )


def matmul_limit(n: int = 1500, rounds: int = 5) -> float:
    """Largest rate of a float32 matrix product through NumPy, on all cores it takes [FLOP/s]."""
    a = np.random.default_rng(0).random((n, n), dtype=np.float32)
    a @ a
    return 2 * n**3 / min(_seconds(lambda: a @ a) for _ in range(rounds))


def table(rows: Sequence[Comparison], limit: float | None = None) -> str:
    """
    The rows as a Markdown table.

    Args:
        rows: what `alternate` gave.
        limit: rate of matrix products on the same processor [FLOP/s], to give ours as its share.

    Returns:
        Medians, and the central 68 % of the ratios in brackets.
    """
    lines = [
        "| task | peer | peer [1/s] | ours [1/s] | ratio | bar | of the limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, middle, high = np.percentile(row.ratios, [15.865, 50, 84.135])
        share = row.flop_per_item * np.median(row.ours) / limit if limit else 0
        lines.append(
            f"| {row.task} | {row.peer_name} | {np.median(row.peer):.3g} "
            f"| {np.median(row.ours):.3g} | {middle:.2f} ({low:.2f}-{high:.2f}) "
            f"| {'met' if middle >= row.bar else 'MISSED'} {row.bar:g} "
            f"| {f'{share:.2f}' if share else ''} |"
        )
    return "\n".join(lines)


def _seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
