"""Learning rates by epoch, computed once in double precision before training starts."""

import numpy as np


def cosine_restarts(
    epochs: int, *, learning_rate: float, final_learning_rate: float, restart_epochs: int
) -> np.ndarray:
    """
    Cosine annealing with warm restarts, one step an epoch.

    Args:
        epochs: how many epochs.
        learning_rate: at the start of each cycle.
        final_learning_rate: what each cycle falls towards.
        restart_epochs: length of a cycle [epochs].

    Returns:
        The rate of each epoch (epochs,), float64.

    References:
        Loshchilov & Hutter (2016), Eq. 5; the cycles do not lengthen.
    """
    phase = np.arange(epochs) % restart_epochs / restart_epochs
    fall = 0.5 * (1 + np.cos(np.pi * phase))
    return final_learning_rate + (learning_rate - final_learning_rate) * fall
