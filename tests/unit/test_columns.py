"""The glossary of columns: types, units, meanings and flag bits that programs can use."""

import astropy.units as u
import numpy as np
import pytest

from starloom.columns import Column, Flag, scatter_vae
from starloom.publish.glossary import glossary

FLAGS = {
    group: [entry for entry in entries if isinstance(entry, Flag)]
    for group, entries in glossary().items()
    if any(isinstance(entry, Flag) for entry in entries)
}


COLUMNS = [
    entry for entries in glossary().values() for entry in entries if isinstance(entry, Column)
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_column_has_a_type_a_unit_and_a_meaning(column):
    assert np.zeros(2, column.dtype).dtype == np.dtype(column.dtype)
    u.Unit(column.unit, parse_strict="raise")
    assert column.description.strip()


@pytest.mark.parametrize("latent", [1, 6, 12])
def test_names_are_unique_and_each_latent_dimension_has_its_error(latent):
    names = [column.name for column in scatter_vae(latent)]
    assert len(set(names)) == len(names)
    for index in range(latent):
        assert names[names.index(f"z{index}") + 1] == f"e_z{index}"
    assert f"z{latent}" not in names


@pytest.mark.parametrize("group", FLAGS)
def test_bits_of_a_group_are_unique_and_fit_their_column(group):
    bits = [flag.bit for flag in FLAGS[group]]
    assert len(set(bits)) == len(bits)
    assert all(0 <= bit < 31 for bit in bits)
    assert all(flag.mask == 2**flag.bit and flag.criterion for flag in FLAGS[group])


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_meaning_stands_alone_since_columns_are_sorted_by_name(column):
    assert not column.description.startswith(("its ", "of ")), column.description
    assert " to it" not in column.description and "same" not in column.description
