"""Names in the order that a reader expects."""

from starloom.publish.order import GROUP, SMALLEST, grouped, natural


def test_numbers_in_names_count_by_their_size():
    names = ["distance_10", "Distance_9", "distance", "e_z0", "2mass"]
    assert sorted(names, key=natural) == ["2mass", "distance", "Distance_9", "distance_10", "e_z0"]


def test_few_names_are_one_group():
    assert grouped(["a.y", "a.x_2", "a.x_10"]) == {"a": ["a.x_2", "a.x_10", "a.y"]}
    assert grouped([]) == {}


def test_many_names_are_parted_by_their_words_and_none_is_lost():
    large = [f"a.one_two_{k}" for k in range(GROUP)] + [f"a.one_{k}" for k in range(SMALLEST)]
    few = ["a.one", "a.three_1", "a.three_2"]
    assert grouped([*few, *large]) == {
        "a": few[1:],
        "a.one": ["a.one", *large[GROUP:]],
        "a.one_two": large[:GROUP],
    }
