"""What a column and a flag of a product are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its name, NumPy type, unit (astropy notation, '' for none) and meaning."""

    name: str
    dtype: str
    unit: str
    description: str
    ucd: str = ""


@dataclass(frozen=True)
class Flag:
    """One bit of a flag column, with the criterion that sets it."""

    bit: int
    name: str
    criterion: str

    @property
    def mask(self) -> int:
        """The bit as an integer to test with `&`."""
        return 1 << self.bit
