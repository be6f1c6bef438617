"""The pages of results: each says what the data are and where each number comes from."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from starloom.figures.drawn import COLUMNS
from starloom.publish import page, shown
from starloom.publish.chain import load
from starloom.publish.page import typeset, write_pages
from starloom.publish.verdict import read_reasons, verdict

INDEX, FOLDER = Path("results/index.html"), Path("results/pages")
STUDY = FOLDER / "scatter_vae.html"
CHAIN = "chain-results_numbers_scatter_vae.json"


class Reader(HTMLParser):
    """Text, targets and sources of a page; complains about tags that do not close."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], set(), [], []
        self.images, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)
        if "id" in given:
            assert given["id"] not in self.ids, f"id {given['id']} is there twice"
            self.ids.add(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        if tag == "img" and "src" in given:
            self.images.append(given)

    def handle_endtag(self, tag):
        if tag in ("rect", "path") and self.open[-1] != tag:
            return  # SVG closes them in themselves
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def write(reasons=()) -> None:
    write_pages("results", INDEX, FOLDER, dict(reasons))


def read(page: Path) -> tuple[Reader, str]:
    reader = Reader()
    reader.feed(page.read_text())
    assert reader.open == []
    return reader, " ".join(" ".join(reader.text).split())


@pytest.fixture
def pages(tree) -> dict[str, tuple[Reader, str]]:
    """All pages of a small run, read."""
    write()
    return {page.name: read(page) for page in [INDEX, *FOLDER.glob("*.html")]}


def test_there_is_a_page_for_each_study_and_catalogue(pages):
    assert set(pages) == {
        "index.html", "scatter_vae.html", "catalog-scatter_vae.html", "columns.html", "jobs.html"
    }  # fmt: skip


def test_every_page_says_loudly_that_the_data_are_simulated(pages):
    for _, text in pages.values():
        assert "Simulated data Every star on these pages is simulated." in text


def test_the_pages_need_no_network(pages):
    for name, (reader, _) in pages.items():
        content = (INDEX if name == "index.html" else FOLDER / name).read_text()
        assert all(image["src"].startswith("data:") for image in reader.images)
        assert not [link for link in reader.links if re.match(r"\w+://", link)]
        assert not [tag for tag, given in reader.tags if tag == "iframe" or ("src" in given
                    and tag == "script")]  # fmt: skip
        assert "@import" not in content
        assert not re.search(r"url\((?!#)", content)


def test_every_link_leads_somewhere(pages):
    for name, (reader, _) in pages.items():
        page = INDEX if name == "index.html" else FOLDER / name
        for link in reader.links:
            if link.startswith("data:"):
                continue
            file, _, place = link.partition("#")
            target = (page.parent / file).resolve() if file else page.resolve()
            assert target.exists(), f"{name}: {link}"
            if place:
                assert place in read(target)[0].ids, f"{name}: {link}"


def test_numbers_stand_beside_the_published_ones_with_a_verdict(pages):
    _, text = pages["scatter_vae.html"]
    assert "xpvae.val_loss ELBO of validation stars" in text
    assert "\N{MINUS SIGN}93.50 ± 0.25 nat" in text
    assert "\N{MINUS SIGN}94.2671 nat their train.log epoch 5000: sum over 110" in text
    assert "not comparable: simulated" in text
    assert "width of residuals <of test stars>" in text
    reader, text = pages["index.html"]
    assert "pages/scatter_vae.html#xpvae.val_loss" in reader.links
    assert "nothing published" in text


def test_many_numbers_are_folded_by_group_behind_those_that_a_paper_has(tree, monkeypatch):
    monkeypatch.setattr(page, "MANY", 1)
    write()
    reader, text = read(STUDY)
    assert "begin with: xpvae : 1 number Number This run" in text
    assert ("details", {"class": "group"}) in reader.tags
    assert text.index("xpvae.val_loss ELBO") < text.index("xpvae : 1 number")
    assert text.index("xpvae : 1 number") < text.index("xpvae.residual_width width")


def test_why_a_number_differs_stands_under_its_definition(tree):
    write({"xpvae.val_loss": "Fewer stars."})
    _, text = read(STUDY)
    assert "ELBO of validation stars Beside the paper: Fewer stars." in text


def test_jobs_stand_in_the_order_that_they_ended(pages):
    _, text = pages["jobs.html"]
    records = load("results").records
    ended = sorted(records, key=lambda key: (records[key]["ended"], key))
    places = [text.index(f" {key} Script") for key in ended]
    assert places == sorted(places)


def test_a_chain_reaches_the_raw_files(pages):
    _, text = pages["scatter_vae.html"]
    assert "Where xpvae.val_loss comes from: 9 files, 8 jobs" in text
    assert text.count("results/raw/gaia/XpContinuousMeanSpectrum_0.csv.gz sha256 ") == 3
    assert "written by rule sky_spectra, data: simulated" in text
    assert "simulated from seed 7, sky {cemp yes, stars 4}" in text
    assert text.count("results/temp/history.csv sha256") == 1
    assert "temporary, not kept" in text


def test_each_number_unfolds_to_the_one_chain_of_its_file(pages):
    reader, text = pages["scatter_vae.html"]
    for name in ("xpvae.val_loss", "xpvae.residual_width"):
        assert f"Where {name} comes from: 9 files, 8 jobs simulated It stands in" in text
        assert f"starloom audit {name}" in text
    assert reader.links.count(f"#{CHAIN}") == 2
    assert text.count("Chain of results/numbers/scatter_vae.json: 9 files, 8 jobs") == 1


@pytest.mark.parametrize(("width", "classes"), [(359, [None]), (361, ["broad"])])
def test_a_figure_printed_wider_than_5_inches_takes_the_full_width(tree, width, classes):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 100"></svg>'
    Path("results/figures/scatter_vae/losses.svg").write_text(svg)
    write()
    reader, _ = read(STUDY)
    assert [given.get("class") for tag, given in reader.tags if tag == "figure"] == classes


def test_the_width_of_an_image_of_pixels_is_its_printed_one():
    content = io.BytesIO()
    Image.new("RGB", (880, 300)).save(content, "PNG", dpi=(220, 220))
    assert shown._width_inch(content.getvalue()) == pytest.approx(4.0, rel=1e-3)


def test_an_image_opens_large_and_its_words_have_signs_as_in_print(tree):
    sidecar = Path("results/figures/scatter_vae/losses.json")
    sidecar.write_text(json.dumps({"title": "Losses", "caption": "Mean +- 1 sigma, -3 to 3."}))
    write()
    reader, text = read(STUDY)
    image = next(at for at, (tag, _) in enumerate(reader.tags) if tag == "img")
    assert reader.tags[image - 1][1]["href"] == "../figures/scatter_vae/losses.png"
    assert reader.images[0]["alt"] == "Losses. Mean ± 1 sigma, -3 to 3."
    assert "Mean ± 1 sigma, \N{MINUS SIGN}3 to 3." in text


def test_figures_are_in_the_page_with_words_for_those_who_cannot_see_them(pages):
    reader, text = pages["scatter_vae.html"]
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
    write()
    reader, text = read(STUDY)
    assert [image["alt"] for image in reader.images] == ["A", "A first."]
    assert reader.images[0]["src"].startswith("data:image/svg+xml")
    assert "../figures/scatter_vae/losses.pdf" in reader.links
    assert text.index("Losses.") < text.index("A first.")


def test_what_a_figure_shows_can_be_downloaded(tree):
    series = {"kind": "line", "label": 'loss, "mean"', "columns": ["x", "y"], "drawn": 2,
              "rows": "1,0.5\n2,"}  # fmt: skip
    panel = {"title": "", "x": "epoch", "y": "loss", "series": [series]}
    Path("results/figures/scatter_vae/losses.json").write_text(json.dumps({"panels": [panel]}))
    write()
    reader, _ = read(STUDY)
    assert "../pages/data/scatter_vae/losses.csv" in reader.links
    assert (FOLDER / "data/scatter_vae/losses.csv").read_text().splitlines() == [
        "panel,title,x_axis,y_axis,series,kind,x,y,value,x_low,x_high,y_low,y_high",
        '1,,epoch,loss,"loss, ""mean""",line,1,0.5,,,,,',
        '1,,epoch,loss,"loss, ""mean""",line,2,,,,,,',
    ]


def test_the_pages_know_all_columns_that_figures_keep():
    assert shown.DRAWN == COLUMNS


def test_a_broken_caption_is_named(tree):
    Path("results/figures/scatter_vae/losses.json").write_text("[1")
    with pytest.raises(ValueError, match=r"losses\.json is not a figure's title"):
        write()


def test_catalogues_have_rows_columns_links_and_a_data_model(pages):
    reader, text = pages["index.html"]
    assert "2 rows, 2 columns: parquet" in text
    assert "catalogs/scatter_vae.parquet" in reader.links
    _, text = pages["catalog-scatter_vae.html"]
    assert "latent float32[6] 1 mean ± 1 of the file's own words" in text
    assert "source_id int64 Gaia source identifier meta.id;meta.main" in text
    _, text = pages["columns.html"]
    assert "2 columns" in text


def test_what_a_narrow_screen_stacks_says_what_each_cell_is(pages):
    for name in ("catalog-scatter_vae.html", "columns.html"):
        cells = [given for tag, given in pages[name][0].tags if tag == "td"]
        assert cells and all(given.get("data-label") for given in cells), name
        assert any("stacked" in given.get("class", "") for _, given in pages[name][0].tags)


def test_one_figure_is_said_in_the_singular(pages):
    assert "1 figure · 2 numbers" in pages["index.html"][1]


def test_flags_of_a_catalogue_have_their_criteria():
    flags = shown.flags_of(["age", "ages_match_flag"])
    assert list(flags) == ["ages_match_flag"]
    assert flags["ages_match_flag"][0].name == "no_apogee"


def test_tables_have_headers_and_pages_a_language_and_a_title(pages):
    for reader, text in pages.values():
        scopes = {given.get("scope") for tag, given in reader.tags if tag == "th"}
        assert scopes <= {"col", "row"}
        assert ("html", {"lang": "en"}) in reader.tags
        assert "starloom · Simulated data" in text


def test_the_same_results_give_the_same_bytes(tree):
    files = lambda: {path: path.read_bytes() for path in [INDEX, *FOLDER.rglob("*.*")]}  # noqa: E731
    write()
    before = files()
    write()
    assert files() == before


def test_a_run_without_numbers_has_pages(tree):
    for path in Path("results/numbers").iterdir():
        path.unlink()
    write()
    _, text = read(STUDY)
    assert "Losses." in text
    assert "Numbers" not in text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("-94.3 ± 0.2 nat", "&minus;94.3 ± 0.2 nat"),
        ("1.26e-05 flux^2", "1.26 &times; 10<sup>&minus;5</sup> flux<sup>2</sup>"),
        ("2 +- 1, 2 +/- 1", "2 ± 1, 2 ± 1"),
        ("0.263 numax^0.772", "0.263 numax<sup>0.772</sup>"),
        ("numax^-0.5", "numax<sup>&minus;0.5</sup>"),
        ("550-900 nm <b>", "550-900 nm &lt;b&gt;"),
    ],
)
def test_signs_and_powers_are_set_as_in_print(text, html):
    assert typeset(text) == html


def number(value, error=None, data="dr17", published=10.0):
    paper = published and {"value": published}
    return {"id": "a.b", "value": value, "error": error, "data": data, "published": paper}


@pytest.mark.parametrize(
    ("given", "judged"),
    [
        (number(10.4), ("agrees", "within 5 %")),
        (number(10.6), ("differs", "because")),
        (number(12.0, 1.1), ("agrees", "within 2 errors")),
        (number(12.5, 1.1), ("differs", "because")),
        (number(10.0, data="simulated"), ("not comparable: simulated", "because")),
        (number(10.0, data="files"), ("not comparable: other stars", "because")),
        (number(10.0, published=None), ("nothing published", "")),
    ],
)  # fmt: skip
def test_a_verdict_is_plain(given, judged):
    assert verdict(given, {"c.*": "no", "a.*": "because"}) == judged


def test_a_difference_without_a_reason_says_so():
    assert verdict(number(20.0), {}) == ("differs", "no reason is known yet")


def test_every_reason_belongs_to_a_published_number(root):
    from fnmatch import filter as matching

    from starloom.numbers import published

    ids = published(root / "config" / "published_numbers.csv")
    for name in read_reasons(root / "config" / "differences.csv"):
        assert matching(ids, name), name


def test_a_reason_given_twice_is_named(tmp_path):
    (tmp_path / "d.csv").write_text("id,why\na,b\na,c\n")
    with pytest.raises(ValueError, match="line 3: a is there twice"):
        read_reasons(tmp_path / "d.csv")
