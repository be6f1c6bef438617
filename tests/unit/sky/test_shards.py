"""Raw files written part by part are those written at once."""

import numpy as np
import pytest

from starloom.sky import labels, population, shards
from starloom.sky.files import write_allstar, write_twomass, write_unwise
from starloom.tables import read_table, stream_table, write_table

N_STAR = 900
EDGES = (0, 250, 251, 900)


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Paths of the stars and of three parts' magnitudes; all stars and magnitudes."""
    folder = tmp_path_factory.mktemp("sky")
    stars = next(population.in_order(3, N_STAR, {"kepler_fraction": 0.5}))
    rng = np.random.default_rng(0)
    light = {band: rng.uniform(9, 13, N_STAR) for band in ("j", "h", "ks", "w1", "w2")}
    light |= {band: light["j"] + 1.0 for band in ("g", "bp", "rp")}
    light |= {"source_id": stars["source_id"]}
    write_table(folder / "stars.parquet", stars)
    paths = [folder / f"{part}.parquet" for part in range(3)]
    for path, first, last in zip(paths, EDGES[:-1], EDGES[1:], strict=True):
        write_table(path, {name: values[first:last] for name, values in light.items()})
    return folder / "stars.parquet", paths, stars, light


def test_stars_are_in_the_order_of_their_source_id_whatever_the_block(monkeypatch):
    whole = population.draw(5, np.arange(300))
    order = np.argsort(whole["source_id"])
    monkeypatch.setattr(population, "BLOCK", 64)
    blocks = list(population.in_order(5, 300))
    assert [len(block["star"]) for block in blocks] == [64, 64, 64, 64, 44]
    for name, values in whole.items():
        found = np.concatenate([block[name] for block in blocks])
        np.testing.assert_array_equal(found, values[order], err_msg=name)


def test_a_table_in_parts_reads_back_whole_and_one_part_has_the_same_bytes(sky, tmp_path):
    _, _, stars, _ = sky
    stream_table(tmp_path / "one.parquet", [stars])
    write_table(tmp_path / "whole.parquet", stars)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    parts = ({name: values[k : k + 400] for name, values in stars.items()} for k in (0, 400, 800))
    stream_table(tmp_path / "parts.parquet", parts)
    for name, values in read_table(tmp_path / "parts.parquet").items():
        np.testing.assert_array_equal(values, stars[name])
    with pytest.raises(ValueError, match="schema"):
        stream_table(tmp_path / "odd.parquet", [{"a": np.ones(2)}, {"b": np.ones(2)}])
    assert not (tmp_path / "odd.parquet").exists()


@pytest.mark.parametrize(
    ("make", "write", "name"),
    [
        (labels.apogee, write_allstar, "allStar.fits"),
        (labels.unwise, write_unwise, "unwise.cat.fits"),
        (labels.twomass, write_twomass, "twomass.csv.gz"),
        (labels.twomass, write_twomass, "twomass.csv"),
    ],
)
def test_a_file_in_parts_has_the_bytes_of_the_whole(sky, tmp_path, make, write, name):
    stars_path, paths, stars, light = sky
    columns, star = make(stars, light, 3, 1.0)
    write(tmp_path / name, columns)
    ids = []
    parts = shards.survey_tables(make, shards.shards(stars_path, paths), 3, 1.0, ids)
    shards.write_in_parts(tmp_path / "parts" / name, parts, write)
    assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / name).read_bytes()
    assert [path.name for path in (tmp_path / "parts").iterdir()] == [name]
    np.testing.assert_array_equal(ids, np.where(star >= 0, stars["source_id"][star], -1))


def test_parts_of_another_form_are_refused(tmp_path):
    def write(path, table):
        write_unwise(path, table)

    one = {name: np.ones(3) for name in ("ra", "dec", "flux_w1", "flux_w2")}
    more = one | {"dflux_w1": np.ones(3), "dflux_w2": np.ones(3)}
    with pytest.raises(ValueError, match="another form"):
        shards.write_in_parts(tmp_path / "x.fits", [one, more], write)
    assert list(tmp_path.iterdir()) == []


def test_kepler_stars_and_single_rows_are_read_without_the_others(sky):
    stars_path, paths, stars, light = sky
    kepler, magnitudes = shards.kepler_stars(stars_path, paths)
    here = stars["kic"] > 0
    assert 10 < here.sum() < N_STAR
    np.testing.assert_array_equal(kepler["teff"], stars["teff"][here])
    np.testing.assert_array_equal(magnitudes["h"], light["h"][here])
    rows = np.array([700, 3, 3, 250])
    found = shards.read_rows(stars_path, stars["source_id"][rows])
    np.testing.assert_array_equal(found["mass_msun"], stars["mass_msun"][rows])
