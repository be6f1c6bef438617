"""A chain as a picture: every rule, raw file and number on it, joined as they were."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from starloom.cli import main
from starloom.graph import direct, layers, places
from starloom.provenance.record import seal
from starloom.publish.chain import load
from starloom.publish.graph import rules_graph
from starloom.tables import read_json, write_json

SVG = "{http://www.w3.org/2000/svg}"


def texts(root) -> list[str]:
    return [" ".join(part.text for part in text) for text in root.iter(f"{SVG}text")]


def test_an_audit_draws_the_chain(tree, capsys):
    assert main(["audit", "xpvae.val_loss", "--graph", "way.svg"]) == 0
    root = ElementTree.parse("way.svg").getroot()
    found = texts(root)
    assert "sky_spectra 2 jobs" in found
    assert "number_vae 1 job" in found
    assert "xpvae.val_loss" in found
    # sky_stars > sky_spectra > prepare_xp > train > evaluate > number_vae > the number
    assert len([one for one in root.iter(f"{SVG}path") if one.get("stroke")]) == 6


def test_files_that_no_job_made_stand_in_it(tree):
    path = Path("results/provenance/sky_stars.json")
    own = {"path": "config/published_numbers.csv", "sha256": None, "bytes": None}
    record = read_json(path) | {"inputs": [own]}
    write_json(path, record | {"seal": seal(record)})
    assert main(["audit", "results/numbers/scatter_vae.json", "--graph"]) == 0
    assert "…fig/published_numbers.csv" in texts(ElementTree.parse("chain.svg").getroot())


def test_rules_link_to_their_jobs(tree):
    root = ElementTree.fromstring(
        rules_graph(load("results").records, {"train_vae": "jobs.html#a&b"})
    )
    assert [link.get("href") for link in root.iter(f"{SVG}a")] == ["jobs.html#a&b"]


def test_a_layout_has_rows_by_the_longest_way_and_no_arrow_that_others_make():
    edges = {("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")}
    assert direct(edges) == {("a", "b"), ("b", "c"), ("d", "c")}
    rows = layers(set("abcd"), edges)
    assert rows == [["a", "d"], ["b"], ["c"]]
    assert places(rows, edges)["d"] == (0.5, 0)
