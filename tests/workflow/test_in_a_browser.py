"""The pages of the tiny sky as a reader sees them: in a browser, on a screen and on a phone."""

from itertools import pairwise

import pytest

from tests.workflow.browser import Browser, find

pytestmark = pytest.mark.workflow

STUDY = "pages/scatter_vae.html"
NUMBER = "xpvae.val_loss"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = find()
    if program is None:
        pytest.skip("no browser: install chromium to see the pages as a reader does")
    browser = Browser(program, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def results(tiny):
    return tiny / ".test" / "results"


@pytest.fixture
def pages(results):
    return [results / "index.html", *sorted((results / "pages").glob("*.html"))]


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844), (320, 600)])
def test_no_page_complains_or_scrolls_sideways(browser, pages, width, height):
    browser.size(width, height)
    for page in pages:
        browser.open(page)
        assert browser.complaints() == [], page
        assert browser.run("document.documentElement.scrollWidth") <= width, page
        asked = [one for one in browser.addresses() if not one.startswith(("file:", "data:"))]
        assert asked == [], page


def test_a_click_on_a_number_leads_down_to_a_raw_file(browser, results):
    browser.size(1280, 900)
    browser.open(results / "index.html")
    browser.click("#numbers-scatter_vae summary")
    browser.click(f'a[href="{STUDY}#{NUMBER}"]')
    browser.until("location.pathname.endsWith('scatter_vae.html')")
    browser.until("document.readyState == 'complete'")
    row = f"document.getElementById('{NUMBER}').nextElementSibling"
    assert browser.run(f"{row}.querySelector('details').open")
    assert "results/raw/gaia/xp_continuous/" in browser.run(f"{row}.innerText")
    browser.click(f"tr[id='{NUMBER}'] + tr a[href^='#chain-']")
    browser.until("document.querySelector('ul.tree[id]').checkVisibility()")
    assert "simulated from" in browser.run("document.querySelector('ul.tree[id]').innerText")
    browser.click("ul.tree[id] a")
    browser.until("location.pathname.endsWith('jobs.html')")
    browser.until("document.querySelector('details[open] dl') !== null")
    assert browser.complaints() == []


def test_a_figure_enlarges_and_closes_and_its_data_are_there(browser, results):
    browser.size(1280, 900)
    browser.open(results / STUDY)
    small = browser.run("document.querySelector('figure img').getBoundingClientRect().width")
    browser.click("a.enlarge img")
    browser.until("document.getElementById('large').open")
    large = browser.run("document.querySelector('#large img').getBoundingClientRect().width")
    assert large > small
    assert browser.run("document.querySelector('#large img').alt") != ""
    browser.click("#large button")
    browser.until("!document.getElementById('large').open")
    links = browser.run(
        "[...document.querySelectorAll('a[download]')]"
        ".map(a => decodeURI(new URL(a.href).pathname))"
    )
    assert links
    with open(links[0]) as table:
        assert next(table).startswith("panel,title,x_axis,y_axis,series,kind,x,y")
        assert len(next(table).split(",")) >= 13


def test_columns_can_be_searched(browser, results):
    browser.open(results / "pages" / "columns.html")
    shown = "[...document.querySelectorAll('#found tbody tr')].filter(r => !r.hidden).length"
    every = browser.run(shown)
    browser.run("document.getElementById('search').focus()")
    browser.send("Input.insertText", text="gaia source")
    assert 0 < browser.run(shown) < every
    assert browser.run("document.getElementById('count').textContent") == (
        f"{browser.run(shown)} columns"
    )


def test_pages_can_be_used_without_sight_or_mouse(browser, pages):
    for page in pages:
        browser.open(page)
        assert browser.run("document.documentElement.lang") == "en"
        assert browser.run("document.querySelectorAll('h1').length") == 1
        assert browser.run(
            "[...document.querySelectorAll('main img')]"
            ".every(i => i.alt || i.closest('[aria-hidden]'))"
        ), page
        assert browser.run(
            "[...document.querySelectorAll('input')].every(i => i.labels.length == 1)"
        ), page
        levels = browser.run("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
        assert all(b - a <= 1 for a, b in pairwise(levels)), page
