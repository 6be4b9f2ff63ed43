"""The attribution page in a real browser."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.browser.looking import query
from tools.browser import ready, settled

pytestmark = pytest.mark.browser
PAGE = "word_attributions"
TEXT = "The acting is wonderful; the script is not."


def test_dropping_a_word_moves_the_prediction_and_numbers_can_be_downloaded(server, open_page):
    page = open_page(server.link(PAGE, text=TEXT, show="Counterfactuals", changed="9: not"))
    ready(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("Change in the").wait_for()
    settled(page)
    assert page.get_by_label("Edited text").input_value() == TEXT.replace(" not", "")
    page.get_by_role("radio", name="Explanation", exact=True).click()
    ready(page)
    page.get_by_role("button", name="Download and code").click()
    page.get_by_role("button", name="CSV").wait_for()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    table = pd.read_csv(Path(download.value.path()))
    assert "wonderful" in set(table["token"])


def test_hostile_texts_tokens_and_labels_are_shown_as_text(server, open_page, hostile_model):
    text = "<img src=x onerror=\"document.title='x'\"> is </script><script>alert(1)</script> bad"
    page = open_page(server.link(PAGE, text=text, model=str(hostile_model)))
    ready(page)
    for view in ("Explanation", "Compare methods", "Counterfactuals", "Multiple texts"):
        if view != "Explanation":
            page.get_by_role("radio", name=view, exact=True).click()
            ready(page)
        assert page.title() == "Clearhead"
        assert page.locator("[data-testid=stMain] img").count() == 0
        assert page.get_by_test_id("stAlertContentError").count() == 0


def test_the_menu_leads_from_page_to_page_with_model_and_text(server, open_page):
    page = open_page(server.link(model="encoder", text=TEXT))
    ready(page)
    page.get_by_role("link", name="Word attributions").click()
    page.get_by_role("heading", name="Word attributions").wait_for()
    ready(page)
    assert page.get_by_label("Text", exact=True).input_value() == TEXT
    assert query(page)["model"] == ["encoder"]


def test_a_text_from_right_to_left_is_shaded_in_its_order_with_signs_before_numbers(
    server, open_page
):
    page = open_page(server.link(text="הסרט לא היה טוב", start=1))
    ready(page)
    tokens = page.locator(".strip button")
    places = [tokens.nth(place).bounding_box()["x"] for place in range(tokens.count())]
    assert len(places) == 4
    assert places == sorted(places, reverse=True)
    assert (
        tokens.first.locator("small").evaluate("each => getComputedStyle(each).direction") == "ltr"
    )
    other = open_page(server.link(text="The plot is not טוב", start=1))
    ready(other)
    assert other.locator(".strip").evaluate("each => each.dir") == "ltr"
