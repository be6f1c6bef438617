"""The token transformer against a loop over tokens and heads, and against its own promises."""

import functools

import jax
import numpy as np
import pytest
from scipy.special import erf, softmax

from starloom.models import transformer

HEADS = 2

apply = jax.jit(functools.partial(transformer.apply, heads=HEADS))


@pytest.fixture(scope="module")
def params():
    return transformer.init(jax.random.key(3), 7, width=8, heads=HEADS, encoder=2, decoder=2)


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(1)
    known = rng.random((5, 4)) < 0.6
    known[:, 1] = True
    value = rng.normal(size=(5, 4)).astype(np.float32)
    return value, np.array([5, 0, 2, 6]), known, np.array([0, 3, 6])


def _norm(x):
    return (x - x.mean()) / np.sqrt(x.var() + transformer.EPSILON)


def _block(block, x, asking, seen):
    """One block for one star: lists of vectors, one head after the other, in double precision."""
    block = {name: np.float64(array) for name, array in block.items()}
    width = len(block["query"]) // HEADS
    answers = []
    for own, ask in zip(x, asking, strict=True):
        gathered = []
        for head in range(HEADS):
            part = slice(head * width, (head + 1) * width)
            query = ask @ block["query"][:, part]
            keys = [token @ block["key"][:, part] for token in seen]
            weights = softmax([query @ key / np.sqrt(width) for key in keys])
            values = [token @ block["value"][:, part] for token in seen]
            gathered.append(sum(w * v for w, v in zip(weights, values, strict=True)))
        own = own + np.concatenate(gathered) @ block["out"]
        inner = _norm(own) @ block["up"] + block["up_bias"]
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        answers.append(own + inner @ block["down"] + block["down_bias"])
    return answers


def _by_hand(params, value, kind, known, request):
    """Only the tokens that the star has ever enter."""
    names = ("slope", "name", "request", "read", "offset")
    slope, name, ask, read, offset = (np.float64(params[n]) for n in names)
    tokens = [v * slope[k] + name[k] for v, k, has in zip(value, kind, known, strict=True) if has]
    for block in params["encoder"]:
        seen = [_norm(token) for token in tokens]
        tokens = _block(block, tokens, seen, seen)
    answers, seen = [ask[k] for k in request], [_norm(token) for token in tokens]
    for block in params["decoder"]:
        answers = _block(block, answers, [_norm(a) for a in answers], seen)
    return np.array([a @ read[k] + offset[k] for a, k in zip(answers, request, strict=True)])


def test_the_forward_pass_is_that_of_loops_over_tokens_and_heads(params, given):
    value, kind, known, request = given
    mean, variance = apply(params, *given)
    expected = np.array(
        [_by_hand(params, v, kind, has, request) for v, has in zip(value, known, strict=True)]
    )
    np.testing.assert_allclose(mean, expected[..., 0], atol=2e-5)
    np.testing.assert_allclose(np.log(variance), expected[..., 1], atol=2e-5)


def test_what_stands_at_a_masked_token_changes_nothing(params, given):
    value, kind, known, request = given
    other = np.where(known, value, np.nan)
    for a, b in zip(
        apply(params, value, kind, known, request),
        apply(params, other, kind, known, request),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_the_order_of_tokens_means_nothing(params, given):
    value, kind, known, request = given
    turn = np.array([2, 0, 3, 1])
    straight = apply(params, *given)[0]
    turned = apply(params, value[:, turn], kind[turn], known[:, turn], request)[0]
    np.testing.assert_allclose(turned, straight, atol=1e-5)


def test_a_request_is_answered_alike_whatever_else_is_asked(params, given):
    value, kind, known, request = given
    whole = apply(params, *given)[0]
    one = apply(params, value, kind, known, request[1:2])[0]
    np.testing.assert_allclose(one, whole[:, 1:2], atol=1e-5)


def test_bad_sizes_are_refused_with_what_is_wrong(params):
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        transformer.init(jax.random.key(0), 4, width=8, heads=3)
    many = np.zeros((2, 65), np.float32)
    with pytest.raises(ValueError, match="65 tokens; the network reads 64 at most"):
        transformer.encode(params, many, np.zeros(65, int), many == 0, heads=HEADS)
