"""
The compiled half of a training: several epochs in one call, each epoch one scan over its batches.

Parameters of small networks travel as one flat vector, so that the optimiser is a handful of
operations whatever the number of layers.
"""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

LARGE = 1_000_000
"""Parameters from which on layers travel by themselves: copying them costs more than it saves."""


class Carry(NamedTuple):
    """Everything that a training carries from epoch to epoch; an ensemble adds a leading axis."""

    params: PyTree
    state: PyTree
    moments: PyTree
    best_params: PyTree
    best_state: PyTree
    best_loss: Float[Array, ""]
    best_epoch: Int[Array, ""]
    stopped: Bool[Array, ""]


class Rival(NamedTuple):
    """
    The second player of a training: a network that works against the first one.

    Its parameters are `state["rival"]`, where the first player's loss finds them and changes
    nothing. In each turn it takes `steps` steps, each on a batch of its own; then the first player
    takes one on the last of these batches. Both use Adam; the rival's weights never decay.

    Args:
        loss: of `(rival, params, state, batch, key)`; gives its mean loss.
        steps: its steps in a turn.
        rate: its learning rate over the first player's.
        limit: size of its loss, averaged over an epoch, beyond which it counts as diverged.
    """

    loss: Callable
    steps: int = 1
    rate: float = 1.0
    limit: float = 1e3


class Compiled(NamedTuple):
    """
    What `compiled` gives.

    Args:
        start: of a key; gives the first `Carry`.
        advance: of `(carry, key, done, order, rates, train, valid)`, where `order` holds the
            training rows as (n_epoch, n_step, batch); gives the carry, and for each epoch the
            loss and its parts by name and whether the epoch ran.
        pack: of the tree of parameters; gives them as a `Carry` holds them.
        unpack: the other way.
    """

    start: Callable
    advance: Callable
    pack: Callable
    unpack: Callable


@functools.lru_cache(maxsize=8)
def compiled(
    loss: Callable,
    init: Callable,
    *,
    epochs: int,
    validate_epochs: int = 1,
    patience: int = 0,
    weight_decay: float = 0.01,
    keep_last: bool = False,
    rival: Rival | None = None,
    ensemble: bool = False,
    block: int = 0,
) -> Compiled:
    """
    Compile a training with AdamW; the same arguments give the same compiled functions again.

    Args:
        loss: of `(params, state, batch, key, training)`; gives the mean loss of the batch and
            `(state, parts)`, parts being scalars by name.
        init: of a key; gives parameters (float32 throughout) and other state.
        epochs: epochs of the whole training; later ones do nothing.
        validate_epochs: epochs between two validations.
        patience: epochs without a better validation loss before stopping; 0 never stops.
        weight_decay: of AdamW, on all parameters.
        keep_last: keep the newest validated epoch instead of the best.
        rival: a second player; the history gets its loss as `train_rival`.
        ensemble: work on a leading axis of members: their carries, keys and orders.
        block: stars whose gradient is taken at a time, the mean of a step's blocks being that of
            its batch: what they need stays in the caches of a CPU. 0, or a block that does not
            divide the batch, takes the batch at once. Not with a rival, nor for a loss whose
            state depends on the stars.

    Returns:
        The compiled functions.
    """
    optimiser = optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(weight_decay))
    rival_optimiser = optax.scale_by_adam()
    shapes = jax.eval_shape(init, jax.random.key(0))[0]
    pack, unpack = _packing(shapes)

    def packed_loss(params, *rest):
        return loss(unpack(params), *rest)

    if rival:

        def rival_loss(own, params, *rest):
            return rival.loss(own, unpack(params), *rest)

        second = functools.partial(_rival_steps, rival_loss, rival_optimiser, rival.rate)
        one_pass = functools.partial(_pass_of_two, packed_loss, optimiser, second, rival.steps)
    else:
        one_pass = functools.partial(_pass, packed_loss, optimiser, block)

    def start(key):
        params, state = init(_keys(key)[0])
        params = pack(params)
        # Donated buffers must not appear twice, so the best network starts as a copy.
        best = jax.tree.map(jnp.copy, (params, state))
        moments = optimiser.init(params)
        if rival:
            moments = (moments, rival_optimiser.init(state["rival"]))
        never = jnp.asarray(jnp.inf), jnp.asarray(0, jnp.int32), jnp.asarray(False)
        return Carry(params, state, moments, *best, *never)

    def advance(carry, key, done, order, rates, train, valid):
        _, epochs_key, valid_key = _keys(key)
        batch = order.shape[-1]
        nothing = _nothing(packed_loss, carry, key, train, batch)
        blank = {f"{which}_{n}": v for which in ("train", "validation") for n, v in nothing.items()}
        blank |= {"train_rival": jnp.asarray(jnp.nan)} if rival else {}

        def validate(carry):
            given = carry.params, carry.state, valid, valid_key
            return mean_loss(packed_loss, *given, _chunk(block, batch))

        def run(carry, number, rows):
            epoch_key = jax.random.fold_in(epochs_key, number)
            carry, news = one_pass(carry, epoch_key, rows, rates[number], train)
            due = ((number + 1) % validate_epochs == 0) | (number + 1 == epochs)
            scores = jax.lax.cond(due, validate, lambda _: nothing, carry)
            carry = _keep_best(carry, scores["loss"], number, patience, keep_last)
            return carry, news | {f"validation_{name}": value for name, value in scores.items()}

        def guarded(carry, at):
            number, rows = at
            active = (number < epochs) & ~carry.stopped
            carry, news = jax.lax.cond(active, run, lambda c, *_: (c, blank), carry, number, rows)
            return carry, (news, active)

        return jax.lax.scan(guarded, carry, (done + jnp.arange(len(order)), order))

    if ensemble:
        start = jax.vmap(start)
        advance = jax.vmap(advance, (0, 0, None, 0, None, None, None), (0, 1))
    return Compiled(jax.jit(start), jax.jit(advance, donate_argnums=0), pack, unpack)


def _packing(shapes):
    """How parameters of these shapes are packed and unpacked."""
    if sum(leaf.size for leaf in jax.tree.leaves(shapes)) > LARGE:
        return (lambda params: params), (lambda params: params)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    return (lambda params: ravel_pytree(params)[0]), ravel_pytree(zeros)[1]


def mean_loss(
    loss: Callable,
    params: PyTree,
    state: PyTree,
    stars: Mapping[str, Array],
    key: PRNGKeyArray,
    batch: int,
) -> dict[str, Float[Array, ""]]:
    """
    Loss and its parts averaged over stars, without training.

    Args:
        loss: as in `compiled`.
        params: parameters.
        state: other state.
        stars: arrays by name, first axis the star.
        key: for the loss.
        batch: stars in a chunk; the last chunk is smaller.

    Returns:
        `loss` and the parts.
    """
    n_star = len(jax.tree.leaves(stars)[0])
    steps, rest = divmod(n_star, batch)
    keys = jax.random.split(key, steps + 1)

    def score(chunk, key):
        value, (_, parts) = loss(params, state, chunk, key, False)
        return {"loss": value, **parts}

    total = {}
    if steps:
        full = jax.tree.map(lambda a: a[: steps * batch].reshape(steps, batch, *a.shape[1:]), stars)
        news = jax.lax.map(lambda at: score(*at), (full, keys[:-1]))
        total = {name: values.sum(axis=0) * batch for name, values in news.items()}
    if rest:
        news = score(jax.tree.map(lambda a: a[steps * batch :], stars), keys[-1])
        total = {name: total.get(name, 0.0) + value * rest for name, value in news.items()}
    return {name: value / n_star for name, value in total.items()}


def _pass(loss, optimiser, block, carry, key, order, rate, train):
    """One pass over the training stars in the given order."""
    batch = order.shape[-1]
    gradient = _at_once(loss) if _chunk(block, batch) == batch else _in_blocks(loss, block)

    def step(carry, at):
        rows, key = at
        return _step(gradient, optimiser, carry, train, rows, key, rate)

    keys = jax.random.split(key, len(order))
    network, news = jax.lax.scan(step, carry[:3], (order, keys))
    return Carry(*network, *carry[3:]), {f"train_{n}": v.mean() for n, v in news.items()}


def _pass_of_two(loss, optimiser, second, steps, carry, key, order, rate, train):
    """One pass in turns: some steps of the rival, one of the first player."""
    turns = len(order) // steps
    order = order[: turns * steps].reshape(turns, steps, -1)

    def turn(carry, at):
        params, state, (moments, rival_moments) = carry
        rows, key = at
        keys = jax.random.split(key, steps + 1)
        state, rival_moments, value = second(
            params, state, rival_moments, rows, keys[1:], rate, train
        )
        given = (params, state, moments), train, rows[-1], keys[0], rate
        carry, news = _step(_at_once(loss), optimiser, *given)
        return (*carry[:2], (carry[2], rival_moments)), news | {"rival": value}

    keys = jax.random.split(key, turns)
    network, news = jax.lax.scan(turn, carry[:3], (order, keys))
    return Carry(*network, *carry[3:]), {f"train_{n}": v.mean() for n, v in news.items()}


def _chunk(block, batch):
    """Stars to work on at a time."""
    return block if block and batch % block == 0 else batch


def _at_once(loss):
    """Value, state, parts and gradient of the loss of some stars."""

    def gradient(params, state, train, rows, key):
        stars = _taken(train, rows)
        return jax.value_and_grad(loss, has_aux=True)(params, state, stars, key, True)

    return gradient


def _in_blocks(loss, block):
    """The same as the mean over blocks of so many stars, one after the other."""
    one = _at_once(loss)

    def gradient(params, state, train, rows, key):
        blocks = rows.reshape(-1, block)
        share = 1 / len(blocks)

        def add(total, at):
            (value, (new, parts)), slope = one(params, state, train, *at)
            return jax.tree.map(lambda a, b: a + share * b, total, (value, parts, slope)), new

        shapes = jax.eval_shape(one, params, state, train, blocks[0], key)
        (value, (_, parts)), slope = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes)
        given = blocks, jax.random.split(key, len(blocks))
        (value, parts, slope), states = jax.lax.scan(add, (value, parts, slope), given)
        return (value, (jax.tree.map(lambda a: a[-1], states), parts)), slope

    return gradient


def _step(gradient, optimiser, carry, train, rows, key, rate):
    """One step of the first (or only) player."""
    params, state, moments = carry
    (value, (state, parts)), slope = gradient(params, state, train, rows, key)
    direction, moments = optimiser.update(slope, moments, params)
    params = jax.tree.map(lambda a, b: a - rate * b, params, direction)
    return (params, state, moments), {"loss": value, **parts}


def _rival_steps(loss, optimiser, faster, params, state, moments, rows, keys, rate, train):
    """The rival's steps of a turn, and its mean loss in them."""

    def step(carry, at):
        own, moments = carry
        rows, key = at
        value, slope = jax.value_and_grad(loss)(own, params, state, _taken(train, rows), key)
        direction, moments = optimiser.update(slope, moments)
        own = jax.tree.map(lambda a, b: a - faster * rate * b, own, direction)
        return (own, moments), value

    (own, moments), values = jax.lax.scan(step, (state["rival"], moments), (rows, keys))
    return state | {"rival": own}, moments, values.mean()


def _taken(stars, rows):
    return jax.tree.map(lambda a: a[rows], stars)


def _nothing(loss, carry, key, stars, batch):
    """NaN under the name of the loss and of each of its parts."""
    some = jax.tree.map(lambda a: a[:batch], stars)
    shapes = jax.eval_shape(lambda *a: loss(*a, False)[1][1], carry.params, carry.state, some, key)
    blank = {name: jnp.full(part.shape, jnp.nan) for name, part in shapes.items()}
    return {"loss": jnp.asarray(jnp.nan), **blank}


def _keep_best(carry, valid_loss, number, patience, keep_last):
    better = jnp.isfinite(valid_loss) if keep_last else valid_loss < carry.best_loss
    best = jax.lax.cond(
        better,
        lambda: (carry.params, carry.state, valid_loss, number + 1),
        lambda: carry[3:7],
    )
    stopped = number + 1 - best[3] >= patience if patience else carry.stopped
    return Carry(*carry[:3], *best, stopped)


def _keys(key):
    """Keys of the initial parameters, of the epochs and of the validation."""
    return jax.random.split(key, 3)
