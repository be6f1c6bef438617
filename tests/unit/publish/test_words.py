"""Numbers in words."""

import pytest

from starloom.publish.words import say_published, say_value


@pytest.mark.parametrize(
    ("value", "error", "unit", "words"),
    [
        (-93.51234, 0.2468, "nat", "-93.51 ± 0.25 nat"),
        (22.1, 1.234, "percent", "22.1 ± 1.2 %"),
        (1234.5, 123.0, "K", "1,230 ± 120 K"),
        (0.95123, 0.00456, "1", "0.9512 ± 0.0046"),
        (1.26e-5, 2e-9, "flux^2", "1.26e-05 ± 2e-09 flux^2"),
        (0.123456, None, "dex", "0.1235 dex"),
        (502311.0, None, "stars", "502,311 stars"),
        (9.5, 0.0, "uHz", "9.5 µHz"),
    ],
)
def test_a_value_has_the_digits_that_its_error_leaves(value, error, unit, words):
    assert say_value({"value": value, "error": error, "unit": unit}) == words


def test_a_published_value_keeps_all_digits_of_the_paper():
    assert say_published({"value": -94.2671, "unit": "nat"}) == "-94.2671 nat"
    assert say_published({"value": 733901.0, "unit": "stars"}) == "733,901 stars"
