"""From a picture to a report that somebody else can open, check and go on from."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

import interp_core as ic
from tests.browser.axe import findings
from tests.browser.looking import fits, main_of
from tests.notebooks import run_here
from tools.browser import PATIENCE, ready, settled

TEXT = "The film is not bad at all."


@pytest.fixture(scope="module")
def exported(server, windows, tmp_path_factory) -> dict[str, Path]:
    """The three files of a report of two pictures, put together by hand in the browser."""
    page = windows(1440, "light").new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.link(view="Heatmap", text=TEXT, layer=1, heads=4))
    add(page, 1)
    menu = page.get_by_test_id("stSidebarNav")
    menu.get_by_role("link", name="Word attributions").click()
    page.get_by_role("heading", name="Word attributions").wait_for()
    add(page, 2)
    menu.get_by_role("link", name="Report").click()
    page.get_by_label("Chart 2: notes").fill("“not” turns it round.")
    page.get_by_label("Chart 2: notes").press("Control+Enter")
    page.get_by_role("button", name="Up").nth(1).click()
    settled(page)
    files = {}
    for label in ("Report (HTML)", "Notebook", "Session"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).click()
        files[label] = tmp_path_factory.mktemp("report") / waiting.value.suggested_filename
        waiting.value.save_as(files[label])
    page.evaluate("localStorage.clear()")
    page.close()
    return files


def add(page, number: int) -> None:
    ready(page)
    page.get_by_role("button", name="Add to report").first.click()
    page.get_by_text(f"Added to the report ({number} chart").first.wait_for()


def test_the_page_opens_without_a_network_and_shows_the_same_numbers(exported, chromium):
    context = chromium.new_context(offline=True)
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(exported["Report (HTML)"].as_uri())
    shown = page.inner_text("main")
    assert "“not” turns it round." in shown
    assert TEXT in shown
    assert shown.index("Word attributions") < shown.index("Attention heads")
    loaded = page.evaluate("[...document.images].map(each => each.naturalWidth)")
    assert len(loaded) == 2
    assert min(loaded) > 100
    page.locator("summary", has_text=re.compile("^Data table")).nth(1).click()
    first = page.locator("section").nth(1).locator("table").first.locator("tbody tr").first
    strongest = ic.attention_maps(ic.load_model("sentiment"), TEXT).head(1, 4).max()
    assert float(first.locator("td").last.inner_text()) == pytest.approx(strongest, abs=1e-5)
    assert findings(page, "html") == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_the_notebook_runs_top_to_bottom(exported):
    book = nbformat.read(exported["Notebook"], as_version=4)
    nbformat.validate(book)
    told, shown = run_here(book)
    assert sum("vegaEmbed" in each.get("text/html", "") for each in shown) == 2
    assert told.count("rows are as recorded") == 2
    assert told.count("The weights are as recorded") == 2


def test_a_saved_session_goes_on_in_another_tab(exported, server, open_page):
    page = open_page(server.link("report"), width=900, scheme="dark")
    settled(page)
    assert "The report is empty" in main_of(page)
    page.locator("input[type=file]").set_input_files(Path(exported["Session"]))
    settled(page)
    page.get_by_role("button", name="Open it").click()
    page.get_by_label("Chart 1: notes").wait_for()
    settled(page)
    assert page.get_by_label("Chart 1: notes").input_value() == "“not” turns it round."
    assert page.get_by_label("Chart 2: title").input_value() == "Attention of layer 1, head 4"
    assert "I have reviewed the code" in main_of(page)
    assert fits(page)
    page.get_by_role("link", name="Open in app").nth(1).click()
    page.get_by_role("heading", name="Attention heads").wait_for()
    ready(page)
    assert re.search(r"text=The[+%20]+film", page.url)
    assert "heads=4" in page.url
    assert "Layer 1, head 4" in main_of(page)
