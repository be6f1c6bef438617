"""
Training: data on the device once, an epoch as one scan, several epochs in one compiled call.

A training is a pure function of its data, settings and key. Each epoch draws its randomness from
the key and its own number, so that a run that was killed and resumed from a checkpoint gives the
same bytes as one that never stopped.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray, PyTree
from threadpoolctl import threadpool_limits

from starloom.job import progress
from starloom.training import checkpoint as checkpoints
from starloom.training.epochs import Rival, compiled
from starloom.training.schedules import cosine_restarts

STARS_PER_CALL = 200_000
"""Stars that one compiled call trains on, whole epochs: what lies between two looks at the run."""


@dataclass(frozen=True)
class Settings:
    """
    How long and how fast to train.

    Args:
        batch: stars in a step; the rest of an epoch that fills no batch is dropped.
        epochs: passes over the training stars.
        learning_rate: of AdamW at the start of each cosine cycle.
        final_learning_rate: at its end.
        restart_epochs: length of a cycle [epochs].
        weight_decay: of AdamW, on all parameters.
        patience: epochs without a better validation loss before stopping; 0 never stops.
        checkpoint_epochs: epochs between two checkpoints, rounded up to whole compiled calls;
            a call is never longer.
        validate_epochs: epochs between two validations.
        keep: the `best` epoch by validation loss, or the `last` one, where the loss of one player
            of two says nothing about which epoch is best.
    """

    batch: int = 1024
    epochs: int = 5000
    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-10
    restart_epochs: int = 500
    weight_decay: float = 0.01
    patience: int = 0
    checkpoint_epochs: int = 100
    validate_epochs: int = 1
    keep: str = "best"


@dataclass(frozen=True)
class Fit:
    """
    A trained network; of an ensemble every array has a leading axis of members.

    Args:
        params: parameters of the best epoch.
        state: other state of the best epoch (running statistics).
        best_epoch: counted from 1.
        best_loss: validation loss there.
        history: `train_loss`, `validation_loss` and the parts of the loss, one entry an epoch
            (an ensemble's axis of members comes second); NaN where an epoch was not validated.
    """

    params: PyTree
    state: PyTree
    best_epoch: np.ndarray
    best_loss: np.ndarray
    history: dict[str, np.ndarray]


def fit(
    loss: Callable,
    init: Callable,
    train: Mapping[str, np.ndarray],
    valid: Mapping[str, np.ndarray],
    *,
    key: PRNGKeyArray,
    settings: Settings,
    rival: Rival | None = None,
    members: int | None = None,
    start: PyTree | None = None,
    block: int = 0,
    folder: str | Path | None = None,
    identity: Mapping = (),
    what: str = "training",
) -> Fit:
    """
    Train with AdamW and keep the epoch with the best validation loss.

    Args:
        loss: of `(params, state, batch, key, training)`; gives the mean loss of the batch and
            `(state, parts)`, parts being scalars by name that the history keeps.
        init: of a key; gives parameters (float32 throughout) and other state.
        train: arrays by name, first axis the star.
        valid: the same for the stars that choose the epoch.
        key: for everything random.
        settings: length, batch and rates.
        rival: a second player; `init` gives its parameters as `state["rival"]`.
        members: train an ensemble of so many at once, each from its own key; None trains one.
        start: parameters to start from in place of those of `init`, of a training before this
            one; of an ensemble with the axis of members.
        block: stars whose gradient is taken at a time, see `epochs.compiled`.
        folder: where checkpoints go and are resumed from; None keeps none.
        identity: plain values that tell this training from others (its code, its model), beside
            the settings, the key and the data.
        what: name on the progress bar.

    Returns:
        The fit.

    Raises:
        ValueError: if a set is empty, arrays differ in length, or a value is not finite.
        FloatingPointError: if the loss stops being finite, or the rival diverges; names the epoch
            and the checkpoint. From that one the training may go on at other learning rates.
    """
    train, valid = _checked(train, "training"), _checked(valid, "validation")
    n_star = _length(train)
    settings = _with_batch(settings, n_star)
    if rival and n_star // settings.batch < rival.steps:
        raise ValueError(
            f"{n_star} training stars make {n_star // settings.batch} batches of {settings.batch}: "
            f"fewer than the {rival.steps} steps of one turn; make batches smaller"
        )
    card = _card(settings, key, members, train, valid, start, identity)
    names = ("epochs", "validate_epochs", "patience", "weight_decay")
    choices = {name: getattr(settings, name) for name in names}
    choices |= {"keep_last": settings.keep == "last", "rival": rival, "block": block}
    run = compiled(loss, init, **choices, ensemble=members is not None)
    keys = key if members is None else jax.random.split(key, members)
    fresh = _started(run, keys, start, members)
    carry, history, done = _resume(folder, card, fresh, settings.epochs, what)
    rates = jnp.asarray(_rates(settings), jnp.float32)
    train, valid = jax.device_put((train, valid))

    longest = min(settings.epochs, settings.checkpoint_epochs)
    per_call = int(np.clip(STARS_PER_CALL // n_star, 1, longest))
    order = _order(key, members, done, per_call, n_star, settings.batch)
    saved = done
    # JAX brings its own threads; those of BLAS under its linear algebra would only fight them.
    with threadpool_limits(1, "blas"), progress((), what, total=settings.epochs) as bar:
        bar.initial = bar.n = done
        while done < settings.epochs and not np.all(carry.stopped):
            carry, (news, active) = run.advance(carry, keys, done, order, rates, train, valid)
            # Drawn while the device works.
            order = _order(key, members, done + per_call, per_call, n_star, settings.batch)
            active = np.asarray(active).reshape(per_call, -1)
            ran = int(active.any(axis=1).sum())
            news = {name: np.asarray(values)[:ran] for name, values in news.items()}
            _check_finite(news["train_loss"], active[:ran], done, what, folder)
            if rival:
                _check_rival(news["train_rival"], rival.limit, done, what, folder)
            history = {n: np.concatenate([history.get(n, v[:0]), v]) for n, v in news.items()}
            done += ran
            bar.set_postfix_str(_postfix(news, n_star, bar), refresh=False)
            bar.update(ran)
            ended = done == settings.epochs or np.all(carry.stopped)
            if folder and (ended or done - saved >= settings.checkpoint_epochs):
                checkpoints.save(folder, done, {"carry": carry, "history": history}, card)
                saved = done
    return _result(carry, history, run.unpack, members, what)


def _started(run, keys, start, members):
    """The first carry, with other parameters where some are given."""
    carry = run.start(keys)
    if start is None:
        return carry
    params = (run.pack if members is None else jax.vmap(run.pack))(start)
    # Buffers are donated: they must not appear twice, nor be the caller's.
    params, best = (jax.tree.map(jnp.array, params) for _ in range(2))
    return carry._replace(params=params, best_params=best)


def _resume(folder, card, carry, epochs, what):
    """Carry, history and epochs done: those of the newest checkpoint, or of a fresh start."""
    found = checkpoints.load(folder, card, epochs) if folder else None
    if not found:
        return carry, {}, 0
    arrays, done = found
    carry = checkpoints.unflatten({"carry": carry}, arrays)["carry"]
    history = {k.partition("/")[2]: v for k, v in arrays.items() if k.startswith("history/")}
    print(f"{what}: resumed after epoch {done}")
    return carry, history, done


def _result(carry, history, unpack, members, what):
    best_epoch = np.asarray(carry.best_epoch)
    if (best_epoch == 0).any():
        raise FloatingPointError(
            f"{what}: no epoch had a finite validation loss; look for validation stars with "
            "extreme values or tiny errors"
        )
    params = (unpack if members is None else jax.vmap(unpack))(carry.best_params)
    return Fit(params, carry.best_state, best_epoch, np.asarray(carry.best_loss), history)


def _rates(settings):
    names = ("learning_rate", "final_learning_rate", "restart_epochs")
    return cosine_restarts(settings.epochs, **{name: getattr(settings, name) for name in names})


def _order(key, members, done, n_epoch, n_star, batch):
    """Training rows of the next epochs, (members,) n_epoch, n_step, batch; a shuffle for each."""
    words = np.asarray(jax.random.key_data(key)).ravel().tolist()
    used = n_star // batch * batch

    def shuffled(member, epoch):
        return np.random.default_rng([*words, member, epoch]).permutation(n_star)[:used]

    rows = [
        [shuffled(member, epoch) for epoch in range(done, done + n_epoch)]
        for member in range(members or 1)
    ]
    rows = np.asarray(rows, np.int32).reshape(len(rows), n_epoch, -1, batch)
    return rows[0] if members is None else rows


def _length(stars):
    return len(next(iter(stars.values())))


def _checked(stars, what):
    stars = {name: np.asarray(values) for name, values in stars.items()}
    lengths = {name: len(values) for name, values in stars.items()}
    if len(set(lengths.values())) != 1 or not min(lengths.values()):
        raise ValueError(f"the {what} set needs equally many stars in each array: {lengths}")
    for name, values in stars.items():
        bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
        if bad.any():
            raise ValueError(
                f"{what} array {name}: {bad.sum()} stars have values that are not finite, the "
                f"first is row {bad.argmax()}; drop and count them before training"
            )
    return stars


def _with_batch(settings, n_star):
    if settings.batch <= n_star:
        return settings
    print(f"batch of {settings.batch} reduced to the {n_star} training stars")
    return replace(settings, batch=n_star)


def _card(settings, key, members, train, valid, start, identity):
    """What tells a training from others; one may be prolonged, so its length is not part of it."""
    digest = hashlib.blake2b(digest_size=16)
    for arrays in (train, valid, checkpoints.flatten(start)):
        for name in sorted(arrays):
            digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
            digest.update(np.ascontiguousarray(arrays[name]))
    names = {"epochs", "checkpoint_epochs"}
    card = {
        "settings": {k: v for k, v in asdict(settings).items() if k not in names},
        "key": np.asarray(jax.random.key_data(key)).tolist(),
        "members": members,
        "data": digest.hexdigest(),
        **dict(identity),
    }
    return json.loads(json.dumps(card))


def _check_finite(train_loss, active, done, what, folder):
    bad = (~np.isfinite(train_loss.reshape(active.shape)) & active).any(axis=1)
    if bad.any():
        last = checkpoints.newest(folder)
        raise FloatingPointError(
            f"{what}: the loss is not finite at epoch {done + bad.argmax() + 1}; the last good "
            f"checkpoint is {last or 'none'}. Lower the learning rate, or look for stars with "
            "extreme values or tiny errors"
        )


def _check_rival(values, limit, done, what, folder):
    size = np.abs(values.reshape(len(values), -1)).max(axis=1)
    bad = ~(size <= limit)
    if bad.any():
        last = checkpoints.newest(folder)
        if last:
            checkpoints.mark_diverged(folder)
        raise FloatingPointError(
            f"{what}: the critic diverged at epoch {done + bad.argmax() + 1}: its loss is "
            f"{size[bad.argmax()]:.3g}, more than {limit:g}. The last good checkpoint is "
            f"{last or 'none'}: lower the learning rate and run again, it goes on from there"
        )


def _postfix(news, n_star, bar):
    rate = n_star * (bar.format_dict["rate"] or 0)
    train, valid = (np.ravel(news[f"{s}_loss"][-1]).mean() for s in ("train", "validation"))
    return f"loss {train:.3f}, validation {valid:.3f}, {rate:.3g} stars/s"
