"""The page of results: one file that says what the data are and where each number comes from."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from starloom.publish.page import typeset, write_page

PAGE = Path("results/index.html")


class Reader(HTMLParser):
    """Text, targets and sources of a page; complains about tags that do not close."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.sources, self.text = [], set(), [], [], []
        self.images, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)
        if "id" in given:
            assert given["id"] not in self.ids, f"id {given['id']} is there twice"
            self.ids.add(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def read() -> tuple[Reader, str]:
    write_page("results", PAGE)
    reader = Reader()
    reader.feed(PAGE.read_text())
    assert reader.open == []
    return reader, " ".join(" ".join(reader.text).split())


def test_the_page_says_loudly_that_the_data_are_simulated(tree):
    _, text = read()
    assert "Simulated data Every star on this page is simulated." in text


def test_the_page_needs_nothing_else(tree):
    reader, _ = read()
    assert all(image["src"].startswith("data:") for image in reader.images)
    assert not [link for link in reader.links if re.match(r"\w+://", link)]
    assert not [tag for tag, _ in reader.tags if tag in ("script", "iframe")]
    assert "url(" not in PAGE.read_text()
    assert "@import" not in PAGE.read_text()


def test_every_link_leads_somewhere(tree):
    reader, _ = read()
    for link in reader.links:
        if link.startswith("#"):
            assert link[1:] in reader.ids, link
        elif not link.startswith("data:"):
            assert (PAGE.parent / link).exists(), link


def test_numbers_stand_beside_the_published_ones(tree):
    _, text = read()
    assert "xpvae.val_loss ELBO of validation stars" in text
    assert "\N{MINUS SIGN}93.50 ± 0.25 nat" in text
    assert "\N{MINUS SIGN}94.2671 nat their train.log epoch 5000: sum over 110" in text
    assert "width of residuals <of test stars>" in text


def test_a_chain_reaches_the_raw_files(tree):
    _, text = read()
    assert "Where xpvae.val_loss comes from: 9 files, 8 jobs" in text
    assert "results/raw/gaia/XpContinuousMeanSpectrum_0.csv.gz sha256 " in text
    assert "simulated from seed 7, sky {cemp yes, stars 4}" in text
    assert text.count("results/temp/history.csv sha256") == 1
    assert "temporary, not kept" in text


def test_each_number_unfolds_to_the_one_chain_of_its_file(tree):
    reader, text = read()
    for name in ("xpvae.val_loss", "xpvae.residual_width"):
        assert f"Where {name} comes from: 9 files, 8 jobs It stands in" in text
        assert f"starloom audit {name}" in text
    chain = "chain-results_numbers_scatter_vae.json"
    assert reader.links.count(f"#{chain}") == 2
    assert [given.get("id") for _, given in reader.tags].count(chain) == 1
    assert text.count("Chain of results/numbers/scatter_vae.json: 9 files, 8 jobs") == 1


@pytest.mark.parametrize(("width", "classes"), [(139, [None]), (141, ["broad"])])
def test_a_figure_wider_than_1_4_heights_takes_the_full_width(tree, width, classes):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 100"></svg>'
    Path("results/figures/scatter_vae/losses.svg").write_text(svg)
    reader, _ = read()
    assert [given.get("class") for tag, given in reader.tags if tag == "figure"] == classes


def test_an_image_opens_large_and_its_words_have_signs_as_in_print(tree):
    sidecar = Path("results/figures/scatter_vae/losses.json")
    sidecar.write_text(json.dumps({"title": "Losses", "caption": "Mean +- 1 sigma, -3 to 3."}))
    reader, text = read()
    image = next(at for at, (tag, _) in enumerate(reader.tags) if tag == "img")
    assert reader.tags[image - 1][1]["href"] == "figures/scatter_vae/losses.png"
    assert reader.images[0]["alt"] == "Losses. Mean ± 1 sigma, -3 to 3."
    assert "Mean ± 1 sigma, \N{MINUS SIGN}3 to 3." in text


def test_figures_are_in_the_page_with_words_for_those_who_cannot_see_them(tree):
    reader, text = read()
    (image,) = reader.images
    content = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    assert content == Path("results/figures/scatter_vae/losses.png").read_bytes()
    assert image["alt"] == "Losses. Loss by epoch."
    assert "Losses. Loss by epoch. data: simulated" in text


def test_figures_stand_in_the_order_of_their_captions_and_prefer_vectors(tree):
    folder = Path("results/figures/scatter_vae")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 100"></svg>'
    (folder / "losses.svg").write_text(svg)
    (folder / "losses.pdf").write_bytes(b"%PDF")
    (folder / "a_first.png").write_bytes((folder / "losses.png").read_bytes())
    (folder / "losses.json").write_text(json.dumps({"title": "Losses", "order": -1, "alt": "A"}))
    reader, text = read()
    assert [image["alt"] for image in reader.images] == ["A", "A first."]
    assert reader.images[0]["src"].startswith("data:image/svg+xml")
    assert "figures/scatter_vae/losses.pdf" in reader.links
    assert text.index("Losses.") < text.index("A first.")


def test_a_broken_caption_is_named(tree):
    Path("results/figures/scatter_vae/losses.json").write_text("[1")
    with pytest.raises(ValueError, match=r"losses\.json is not a figure's title"):
        write_page("results", PAGE)


def test_catalogues_have_rows_columns_and_links(tree):
    reader, text = read()
    assert "2 rows, 2 columns: parquet" in text
    assert "latent float32[6] 1 mean ± 1 of the file's own words" in text
    assert "source_id int64 Gaia source identifier" in text
    assert "catalogs/scatter_vae.parquet" in reader.links


def test_tables_have_headers_and_the_page_a_language_and_a_title(tree):
    reader, text = read()
    scopes = [given.get("scope") for tag, given in reader.tags if tag == "th"]
    assert scopes
    assert set(scopes) == {"col", "row"}
    assert ("html", {"lang": "en"}) in reader.tags
    assert "starloom results · Simulated data" in text


def test_the_same_results_give_the_same_bytes(tree):
    read()
    before = PAGE.read_bytes()
    read()
    assert PAGE.read_bytes() == before


def test_a_run_without_numbers_has_a_page(tree):
    for path in Path("results/numbers").iterdir():
        path.unlink()
    _, text = read()
    assert "Losses." in text
    assert "Numbers" not in text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("-94.3 ± 0.2 nat", "&minus;94.3 ± 0.2 nat"),
        ("1.26e-05 flux^2", "1.26 &times; 10<sup>&minus;5</sup> flux<sup>2</sup>"),
        ("2 +- 1, 2 +/- 1", "2 ± 1, 2 ± 1"),
        ("550-900 nm <b>", "550-900 nm &lt;b&gt;"),
    ],
)
def test_signs_and_powers_are_set_as_in_print(text, html):
    assert typeset(text) == html
