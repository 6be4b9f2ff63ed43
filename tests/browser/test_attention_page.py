"""The attention page in a real browser: clicks, deep links, hostile text, sizes and themes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from interp_core.charts.photographs import LEGEND
from interp_core.charts.points import MARKED
from tests.browser.conftest import HOSTILE_TOKEN
from tests.browser.layout import one_row_of_controls, signs_beside_the_picture
from tests.browser.looking import query
from tests.browser.places import switched
from tools.browser import ready, settled

pytestmark = pytest.mark.browser
TEXT = "The cat sat on the mat because it was tired."
VIEWS = ("Overview", "Head view", "Heatmap", "Token overlay", "Across layers", "Compare")


def typed(page, text: str) -> None:
    """Another text in the sidebar."""
    field = page.get_by_label("Text", exact=True)
    field.fill(text)
    field.press("Control+Enter")
    settled(page)


def chart_box(page, place: int = 0) -> dict:
    return page.locator("[data-testid=stVegaLiteChart]").nth(place).bounding_box()


def test_from_the_worked_example_by_a_click_to_a_head_and_its_files(server, open_page):
    """The example is there without typing; nobody else is asked for it."""
    page = open_page(server.link("attention_heads"))
    ready(page)
    assert page.title() == "Clearhead"
    assert page.get_by_label("Text", exact=True).input_value().strip()
    assert page.locator("[data-testid=stVegaLiteChart]").count() == 1
    assert page.get_by_role("button", name="How to read this").count() == 1
    one_row_of_controls(page)
    box = chart_box(page)
    cells = box["width"] - 70  # the layer labels and title stand left of the pictures
    page.mouse.click(
        box["x"] + 70 + cells * 5.5 / 12, box["y"] + 45 + (box["height"] - 50) * 2.5 / 6
    )
    page.wait_for_url("**view=Heatmap**")
    settled(page)
    assert query(page)["layer"] == ["2"]
    assert query(page)["heads"] == ["5"]
    assert page.get_by_text("Layer 2, head 5. Rows: query").count() == 1
    signs_beside_the_picture(page)
    typed(page, TEXT)
    page.get_by_role("button", name="Download and code").click()
    page.get_by_text("ic.attention_maps").first.wait_for()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    svg = Path(download.value.path()).read_text()
    assert svg.startswith("<svg")
    assert "[CLS]" in svg
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    table = pd.read_csv(download.value.path())
    assert len(table) == 13 * 13
    page.keyboard.press("Escape")
    switched(page, "Attention to a token")
    one_row_of_controls(page)
    asked = [line for line in server.forbidden.read_text().split() if line != "huggingface.co"]
    assert not asked


def test_a_click_on_a_token_shades_by_what_it_reads_and_a_second_click_lets_go(server, open_page):
    """In the head view, a click on a query keeps its lines."""
    page = open_page(
        server.link(model="encoder", text=TEXT, view="Token overlay", layer=2, heads=8)
    )
    ready(page)
    page.get_by_role("button", name="mat:").click()
    page.get_by_text("from the selected token").wait_for()
    assert query(page)["token"] == ["6: mat"]
    settled(page)
    page.get_by_role("button", name="mat:").click()
    page.get_by_text("from all queries on average").wait_for()
    assert "token" not in query(page)
    switched(page, "Head view")
    box = chart_box(page)
    page.mouse.click(box["x"] + 100, box["y"] + box["height"] * 0.55)
    page.wait_for_url("**token=**")
    settled(page)
    assert query(page)["token"][0].split(":")[0].isdigit()


HOSTILE = (
    "</script><script>document.title='x'</script>",
    "<img src=x onerror=\"document.title='x'\">",
    "![pic](http://192.0.2.1/a.png) $\\frac{1}{2}$ :material/home: **bold**",
)


def test_hostile_text_is_shown_as_text(server, open_page):
    text = " ".join(HOSTILE)
    page = open_page(server.link(model="encoder", text=text, view="Head view", words="true"))
    ready(page)
    for view, sign in (("Head view", "Data table"), ("Token overlay", "Download and code")):
        if view != "Head view":
            switched(page, view)
        assert page.title() == "Clearhead"
        assert page.locator("[data-testid=stMain] img").count() == 0
        assert page.get_by_label("Text", exact=True).input_value() == text
        page.get_by_role("button", name=sign).last.click()
        settled(page)
        assert page.title() == "Clearhead"
        page.keyboard.press("Escape")


def test_a_hostile_vocabulary_entry_and_label_are_shown_as_text(server, open_page, hostile_model):
    link = server.link(model=str(hostile_model), text="bad cat", view="Token overlay")
    page = open_page(link)
    ready(page)
    entry = page.get_by_role("button", name=HOSTILE_TOKEN)
    assert entry.count() == 1
    switched(page, "Heatmap")
    page.mouse.move(chart_box(page)["x"] + 200, chart_box(page)["y"] + 150)
    settled(page)
    assert page.title() == "Clearhead"
    assert page.locator("[data-testid=stMain] img").count() == 0


UNUSUAL = ("I ❤️ 👩‍🚀 café", "שלום עולם, hello", "one\u0301 two", "。你好 世界")


def test_unusual_text_gets_a_correct_picture_or_a_sentence(server, open_page):
    """First from the address, then typed; words of the chart's language are drawn as well."""
    link = server.link(model="encoder", text="a\x00b c", view="Token overlay", words="true")
    page = open_page(link)
    ready(page)
    for text in UNUSUAL:
        unexpected = page.get_by_test_id("stAlert").filter(has_text="Unexpected")
        assert unexpected.count() == 0
        typed(page, text)
        assert page.locator(".strip button").count() > 2
    for text, said in (("   \n ", "is empty"), ("word " * 3500, "reads at most 512")):
        typed(page, text)
        page.get_by_text(said).first.wait_for()
        assert "Traceback" not in page.inner_text("body")
    typed(page, "if else null true datum width it said")
    switched(page, "Head view")
    assert chart_box(page)["height"] > 200
    assert page.locator("[data-testid=stVegaLiteChart]").locator("canvas, svg").count()
    assert page.get_by_text("of the attention").count() >= 1


def test_a_model_that_cannot_be_had_gets_a_sentence_with_the_cure(server, open_page):
    page = open_page(server.link(model="someone/some-model", text=TEXT))
    page.get_by_text("could not be reached").wait_for(timeout=20_000)
    assert "sentiment" in page.get_by_text("could not be reached").inner_text()


def test_512_tokens_are_shown_in_every_view(server, open_page):
    text = "the old man and the sea " * 85
    page = open_page(server.link(model="encoder", text=text, view=VIEWS[0]))
    ready(page)
    for view in VIEWS:
        if view != VIEWS[0]:
            switched(page, view)
        assert page.get_by_text("512 of 512 tokens").count() == 1, view


def test_the_queried_patch_is_framed_where_it_lies_on_a_narrow_dark_page(server, open_page):
    link = server.link(
        "attention_heads",
        model="digits",
        picture_view="One head",
        picture_display="Map only",
        query_patch="patch 2,5",
    )
    page = open_page(link, width=900, scheme="dark")
    ready(page)
    drawn = page.locator("[data-testid=stVegaLiteChart]").first.screenshot()
    pixels = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB")).astype(int)[:-LEGEND]
    left, top, right, bottom = _bounds(np.abs(pixels - pixels[-1, -1]).max(-1) > 25)
    assert (right - left) / (bottom - top) == pytest.approx(1, abs=0.02)  # 8 × 8 square patches
    marked = [int(MARKED[n : n + 2], 16) for n in (1, 3, 5)]
    framed = _bounds(np.abs(pixels - marked).max(-1) < 40)
    patch = (right - left) / 8
    where = (left + 5 * patch, top + 2 * patch, left + 6 * patch, top + 3 * patch)
    assert framed == pytest.approx(where, abs=4)  # the line of the frame is 3 px wide


def _bounds(mask: np.ndarray) -> tuple[int, ...]:
    """Left, top, right and bottom of what is marked."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
