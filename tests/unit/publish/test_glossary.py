"""The glossary of columns and flags."""

from starloom.columns import XP_FLAGS, Column
from starloom.publish.glossary import glossary, say


def test_the_glossary_has_every_public_group_in_its_order():
    groups = glossary()
    assert groups["XP_FLAGS"] == list(XP_FLAGS.values())
    assert not [name for name in groups if name.startswith("_")]


def test_an_entry_is_said_with_its_unit_or_its_bit():
    assert say(Column("teff", "f4", "K", "effective temperature")) == (
        "teff [K] (f4): effective temperature"
    )
    assert say(Column("z0", "f4", "", "latent mean")) == "z0 (f4): latent mean"
    assert say(XP_FLAGS["no_rp"]).startswith("bit  1  no_rp: the source has no RP")
