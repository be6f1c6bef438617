import numpy as np
import pytest

from starloom.prepare.split import FRACTIONS, SETS, TEST, TRAINING, assign, learning

IDS = np.arange(5853498713190525696, 5853498713190525696 + 20000, dtype=np.int64)


def test_shares_are_kept_within_counting_noise():
    codes = assign(IDS)
    share = np.bincount(codes, minlength=3) / len(IDS)
    assert codes.dtype == np.int8
    np.testing.assert_allclose(share, [0.8, 0.1, 0.1], atol=4 * np.sqrt(0.16 / len(IDS)))


def test_sets_have_their_codes_and_training_and_validation_stars_are_taken_apart():
    assert [list(FRACTIONS)[code] for code in SETS] == ["train", "validation", "test"]
    codes = assign(IDS)
    seen, held = learning({"id": IDS}, codes)
    np.testing.assert_array_equal(seen["id"], IDS[codes == TRAINING])
    np.testing.assert_array_equal(
        np.sort(np.concatenate([seen["id"], held["id"]])), IDS[codes < TEST]
    )


def test_a_star_keeps_its_set_whatever_the_order_and_the_other_stars():
    order = np.random.default_rng(1).permutation(len(IDS))[:777]
    np.testing.assert_array_equal(assign(IDS[order]), assign(IDS)[order])


def test_sets_never_change_between_releases_and_platforms():
    ids = np.array([1, 2, 3, 4, 5, 9145861, 5853498713190525696, 2**63 - 1], dtype=np.int64)
    fractions = dict.fromkeys("abcdefgh", 0.125)
    np.testing.assert_array_equal(assign(ids, fractions), [_by_hand(int(i)) for i in ids])


def test_the_salt_changes_the_sets_and_neighbouring_ids_are_independent():
    first, second = assign(IDS, salt="a"), assign(IDS, salt="b")
    both = np.mean((first == 2) & (second == 2))
    assert abs(both - 0.01) < 4 * np.sqrt(0.01 / len(IDS))
    following = np.mean((first[1:] == 2) & (first[:-1] == 2))
    assert abs(following - 0.01) < 4 * np.sqrt(0.01 / len(IDS))


def test_strings_bytes_and_padded_names_of_one_star_agree():
    names = np.array(["2M00000002+7417074", "VESTA"])
    padded = np.array([b"2M00000002+7417074  ", b"VESTA"])
    np.testing.assert_array_equal(assign(names), assign(padded))
    np.testing.assert_array_equal(assign(names), assign(names.astype(object)))


def test_no_stars_give_no_codes():
    assert assign(np.zeros(0, np.int64)).shape == (0,)


def test_shares_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="add up to 1"):
        assign(IDS, {"train": 0.8, "validation": 0.1})


def test_float_ids_are_refused_because_they_have_lost_digits():
    with pytest.raises(TypeError, match="integers or strings"):
        assign(IDS.astype(float))


def _by_hand(value):
    """The eighth of the hash range, in Python integers."""
    import hashlib

    def mix(x):
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return x ^ x >> 31

    start = int.from_bytes(hashlib.sha256(b"starloom").digest()[:8], "little")
    return mix(mix(value) ^ start) >> 61
