"""
Training: data on the device once, an epoch as one scan, several epochs in one compiled call.

A training is a pure function of its data, settings and key. Each epoch draws its randomness from
the key and its own number, so that a run that was killed and resumed from a checkpoint gives the
same bytes as one that never stopped.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from starloom.job import progress
from starloom.training import checkpoint as checkpoints
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
        checkpoint_epochs: epochs between two checkpoints.
        validate_epochs: epochs between two validations.
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


class Carry(NamedTuple):
    """Everything that a training carries from epoch to epoch."""

    params: PyTree
    state: PyTree
    moments: PyTree
    best_params: PyTree
    best_state: PyTree
    best_loss: Float[Array, ""]
    best_epoch: Int[Array, ""]
    stopped: Array


@dataclass(frozen=True)
class Fit:
    """
    A trained network.

    Args:
        params: parameters of the best epoch.
        state: other state of the best epoch (running statistics).
        best_epoch: counted from 1.
        best_loss: validation loss there.
        history: arrays by name, one entry an epoch (and member): `epoch` (from 1), `train_loss`,
            `validation_loss` and the parts of the loss; NaN where an epoch was not validated.
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
    members: int | None = None,
    folder: str | Path | None = None,
    identity: Mapping = (),
    what: str = "training",
) -> Fit:
    """
    Train with AdamW and keep the epoch with the best validation loss.

    Args:
        loss: of `(params, state, batch, key, training)`; gives the mean loss of the batch and
            `(state, parts)`, parts being scalars by name that the history keeps.
        init: of a key; gives parameters and other state.
        train: arrays by name, first axis the star.
        valid: the same for the stars that choose the epoch.
        key: for everything random.
        settings: length, batch and rates.
        members: train an ensemble of so many at once, each from its own key; results get a
            leading axis. None trains one network without that axis.
        folder: where checkpoints go and are resumed from; None keeps none.
        identity: plain values that tell this training from others (its code, its model), beside
            the settings, the key and the data.
        what: name on the progress bar.

    Returns:
        The fit.

    Raises:
        ValueError: if a set is empty, arrays differ in length, or a value is not finite.
        FloatingPointError: if the loss stops being finite; names the epoch and the checkpoint.
    """
    train, valid = _checked(train, "training"), _checked(valid, "validation")
    settings = _with_batch(settings, _length(train))
    rates = jnp.asarray(
        cosine_restarts(
            settings.epochs,
            learning_rate=settings.learning_rate,
            final_learning_rate=settings.final_learning_rate,
            restart_epochs=settings.restart_epochs,
        ),
        jnp.float32,
    )
    per_call = int(np.clip(STARS_PER_CALL // _length(train), 1, settings.epochs))
    start, advance = compiled(loss, init, settings, per_call, members)
    keys = key if members is None else jax.random.split(key, members)
    carry = start(keys)
    card = _card(settings, key, members, train, valid, identity)
    done, history = 0, {}
    if folder and (found := checkpoints.load(folder, card)):
        arrays, done = found
        carry = checkpoints.unflatten({"carry": carry}, arrays)["carry"]
        history = {k.partition("/")[2]: v for k, v in arrays.items() if k.startswith("history/")}
        print(f"{what}: resumed after epoch {done}")

    train, valid = jax.device_put((train, valid))
    saved = done
    with progress(range(done, settings.epochs), what, total=settings.epochs) as bar:
        bar.update(done)
        while done < settings.epochs and not np.all(carry.stopped):
            carry, (news, active) = advance(carry, keys, done, rates, train, valid)
            active = np.asarray(active).reshape(per_call, -1)
            ran = int(active.any(axis=1).sum())
            news = {name: np.asarray(values)[:ran] for name, values in news.items()}
            _check_finite(news["train_loss"], active[:ran], done, what, folder)
            history = {n: np.concatenate([history.get(n, v[:0]), v]) for n, v in news.items()}
            done += ran
            bar.update(ran)
            bar.set_postfix_str(_postfix(news, _length(train), ran, bar))
            if folder and (done - saved >= settings.checkpoint_epochs or done == settings.epochs):
                checkpoints.save(folder, done, {"carry": carry, "history": history}, card)
                saved = done
    if int(np.max(carry.best_epoch)) == 0:
        raise FloatingPointError(f"{what}: no epoch had a finite validation loss")
    return Fit(
        carry.best_params,
        carry.best_state,
        np.asarray(carry.best_epoch),
        np.asarray(carry.best_loss),
        history,
    )


def compiled(loss, init, settings, per_call, members):
    """Compiled `start(key)` and `advance(carry, key, done, rates, train, valid)`."""
    optimiser = optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(settings.weight_decay))

    def start(key):
        params, state = init(_keys(key)[0])
        best = jnp.asarray(jnp.inf), jnp.asarray(0, jnp.int32)
        # Donated buffers must not appear twice, so the best network starts as a copy.
        copy = jax.tree.map(jnp.copy, (params, state))
        moments = optimiser.init(params)
        return Carry(params, state, moments, *copy, *best, jnp.asarray(False))

    def advance(carry, key, done, rates, train, valid):
        run = functools.partial(_epoch, loss, optimiser, settings, key, rates, train, valid)

        def guarded(carry, number):
            shapes = jax.eval_shape(run, carry, number)[1]
            blank = {name: jnp.full(s.shape, jnp.nan) for name, s in shapes.items()}
            active = (number < settings.epochs) & ~carry.stopped
            skip = lambda carry, _: (carry, blank)  # noqa: E731
            carry, news = jax.lax.cond(active, run, skip, carry, number)
            return carry, (news, active)

        return jax.lax.scan(guarded, carry, done + jnp.arange(per_call))

    if members is not None:
        start = jax.vmap(start)
        advance = jax.vmap(advance, (0, 0, None, None, None, None), (0, 1))
    return jax.jit(start), jax.jit(advance, donate_argnums=0)


def _epoch(loss, optimiser, settings, key, rates, train, valid, carry, number):
    """One pass over the training stars and, every few epochs, a look at the validation stars."""
    _, epochs_key, valid_key = _keys(key)
    order_key, step_key = jax.random.split(jax.random.fold_in(epochs_key, number))
    n_star, batch = _length(train), settings.batch
    steps = n_star // batch
    order = jax.random.permutation(order_key, n_star)[: steps * batch].reshape(steps, batch)
    gradient = jax.value_and_grad(loss, has_aux=True)

    def step(carry, at):
        params, state, moments = carry
        rows, key = at
        stars = jax.tree.map(lambda a: a[rows], train)
        (value, (state, parts)), slope = gradient(params, state, stars, key, True)
        direction, moments = optimiser.update(slope, moments, params)
        params = jax.tree.map(lambda p, d: p - rates[number] * d, params, direction)
        return (params, state, moments), {"loss": value, **parts}

    keys = jax.random.split(step_key, steps)
    network, news = jax.lax.scan(step, carry[:3], (order, keys))
    carry = Carry(*network, *carry[3:])
    news = {f"train_{name}": values.mean() for name, values in news.items()}

    def validate(params, state):
        scored = mean_loss(loss, params, state, valid, valid_key, batch)
        return {f"validation_{name}": value for name, value in scored.items()}

    scored = jax.eval_shape(validate, *carry[:2])
    due = (number + 1) % settings.validate_epochs == 0
    due |= number + 1 == settings.epochs
    scored = jax.lax.cond(
        due, validate, lambda *_: {name: jnp.full((), jnp.nan) for name in scored}, *carry[:2]
    )
    return _keep_best(carry, scored["validation_loss"], number, settings.patience), news | scored


def mean_loss(loss, params, state, stars, key, batch):
    """Loss and its parts averaged over stars, in chunks of the batch and a smaller last one."""
    n_star = _length(stars)
    steps, rest = divmod(n_star, batch)
    keys = jax.random.split(key, steps + 1)

    def score(chunk, key):
        value, (_, parts) = loss(params, state, chunk, key, False)
        return {"loss": value, **parts}

    total = jax.eval_shape(score, jax.tree.map(lambda a: a[:batch], stars), key)
    total = {name: jnp.zeros(value.shape) for name, value in total.items()}
    if steps:
        full = jax.tree.map(lambda a: a[: steps * batch].reshape(steps, batch, *a.shape[1:]), stars)
        news = jax.lax.map(lambda at: score(*at), (full, keys[:-1]))
        total = {name: news[name].sum(axis=0) * batch for name in total}
    if rest:
        news = score(jax.tree.map(lambda a: a[steps * batch :], stars), keys[-1])
        total = {name: total[name] + news[name] * rest for name in total}
    return {name: value / n_star for name, value in total.items()}


def _keep_best(carry, valid_loss, number, patience):
    better = valid_loss < carry.best_loss
    best = jax.lax.cond(
        better,
        lambda: (carry.params, carry.state, valid_loss, number + 1),
        lambda: carry[3:7],
    )
    since = number + 1 - best[3]
    stopped = since >= patience if patience else carry.stopped
    return carry._replace(
        best_params=best[0],
        best_state=best[1],
        best_loss=best[2],
        best_epoch=best[3],
        stopped=stopped,
    )


def _keys(key):
    """Keys of the initial parameters, of the epochs and of the validation."""
    return jax.random.split(key, 3)


def _length(stars):
    return len(jax.tree.leaves(stars)[0])


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
    return Settings(**{**asdict(settings), "batch": n_star})


def _card(settings, key, members, train, valid, identity):
    digest = hashlib.blake2b(digest_size=16)
    for stars in (train, valid):
        for name in sorted(stars):
            digest.update(f"{name} {stars[name].dtype} {stars[name].shape}".encode())
            digest.update(np.ascontiguousarray(stars[name]))
    card = {
        "settings": asdict(settings),
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


def _postfix(news, n_star, ran, bar):
    rate = n_star * bar.format_dict["rate"] if bar.format_dict["rate"] else 0
    train, valid = (np.ravel(news[f"{s}_loss"][-1]).mean() for s in ("train", "validation"))
    return f"loss {train:.3f}, validation {valid:.3f}, {rate:.3g} stars/s"
