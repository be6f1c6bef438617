"""Small XP spectra and the text in which archives give them."""

import numpy as np
import pytest

SIZES = {"bp": 5, "rp": 4}


@pytest.fixture
def spectra():
    """Seven stars with 5 BP and 4 RP coefficients; the third lacks BP, the fifth RP."""
    rng = np.random.default_rng(7)
    count = 7
    columns = {"source_id": 5853498713190525696 + 1000 * np.arange(count)}
    for band, size in SIZES.items():
        pairs = size * (size - 1) // 2
        columns[f"{band}_coefficients"] = rng.normal(size=(count, size)) * 10.0 ** rng.uniform(
            -3, 4, (count, size)
        )
        errors = rng.uniform(0.1, 3, (count, size)).astype(np.float32)
        columns[f"{band}_coefficient_errors"] = _as_written(errors)
        correlations = rng.uniform(-1, 1, (count, pairs)).astype(np.float32)
        columns[f"{band}_coefficient_correlations"] = _as_written(correlations)
        columns[f"{band}_n_relevant_bases"] = rng.integers(1, size, count).astype(np.int32)
        columns[f"{band}_standard_deviation"] = np.round(rng.uniform(1, 2, count), 4)
    for row, band in ((2, "bp"), (4, "rp")):
        for name, values in columns.items():
            if name.startswith(band):
                values[row] = -1 if values.dtype.kind == "i" else np.nan
    columns["xp_flag"] = np.array([0, 0, 1, 0, 2, 0, 0], np.int32)
    return columns


def _as_written(values):
    """Single-precision numbers as the double that their shortest decimal text means."""
    return np.array([float(str(x)) for x in values.ravel()]).reshape(values.shape)


def csv_text(spectra, style="({})", joint=", ", null="", extra=""):
    """Spectra as csv: arrays in brackets of a style, missing cells as a null word."""
    names = [name for name in spectra if name != "xp_flag"]
    lines = [",".join(names)]
    for row in range(len(spectra["source_id"])):
        cells = []
        for name in names:
            value = spectra[name][row]
            if np.ndim(value):
                gone = np.isnan(value).all()
                text = null if gone else style.format(joint.join(repr(float(x)) for x in value))
                cells.append(text if gone else f'"{text}"')
            else:
                gone = value == -1 if isinstance(value, np.integer) else np.isnan(value)
                cells.append(null if gone else str(value))
        lines.append(",".join(cells))
    return extra + "\n".join(lines) + "\n"


@pytest.fixture
def as_csv():
    """The function that writes spectra as text."""
    return csv_text


def same(read, expected):
    """Whether two sets of columns are equal, NaN included."""
    assert list(read) == list(read) and set(read) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(read[name], values, err_msg=name)


@pytest.fixture
def assert_same():
    """The function that compares columns."""
    return same
