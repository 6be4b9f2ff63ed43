"""The language page in a real browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest

from tests.browser.looking import query
from tests.tiny import TEXT
from tools.browser import ready, settled

pytestmark = pytest.mark.browser
PAGE = "language_models"
# In hundredths of an em.
WIDTH_OF_A_SPACE = """async () => {
  const font = '100px "Source Sans"', page = document.createElement("canvas").getContext("2d");
  await document.fonts.load(font, "▁");
  page.font = font;
  return page.measureText("▁").width;
}"""


def switched(page, view: str) -> None:
    """Open another view of the same page."""
    page.locator("[data-testid=stMain]").get_by_text(view, exact=True).first.click()
    page.wait_for_url(lambda url: parse_qs(urlparse(url).query).get("lm_view") == [view])
    ready(page)


def test_a_click_on_a_cell_of_the_lens_opens_it(server, open_page, model):
    page = open_page(server.link(PAGE, model=model, text=TEXT, lm_view="Logit lens"))
    ready(page)
    box = page.locator("[data-testid=stVegaLiteChart]").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.62)
    page.wait_for_url("**lm_place=**")
    settled(page)
    place = query(page)["lm_place"][0].split(": ")[1]
    assert f"At {place}, after" in page.inner_text("[data-testid=stMain]")


def test_a_click_on_a_token_shows_what_follows_it(server, open_page, model):
    page = open_page(server.link(PAGE, model=model, text=TEXT))
    ready(page)
    page.locator(".strip button").nth(4).click()
    page.get_by_text("(position 4)").wait_for()
    settled(page)
    assert query(page)["lm_place"][0].startswith("4: ")
    assert page.evaluate(WIDTH_OF_A_SPACE) < 30  # a dot; elsewhere the sign is a bar of an em


def test_a_click_on_a_written_token_shows_its_alternatives(server, open_page, model):
    link = server.link(PAGE, model=model, text=TEXT[:20], lm_view="Generate", lm_tokens=4)
    page = open_page(link)
    ready(page)
    page.locator(".strip").first.locator("button").last.click()
    page.get_by_text("(generated token 3)").wait_for()
    settled(page)
    assert query(page)["lm_step"][0].startswith("3: ")


def test_hostile_text_is_shown_as_text(server, open_page, model):
    text = "<img src=x onerror=\"document.title='x'\"> is </script><script>alert(1)</script> bad"
    page = open_page(server.link(PAGE, model=model, text=text[:48], lm_tokens=4))
    ready(page)
    for view in ("Logit lens", "Logit attribution", "Generate"):
        switched(page, view)
        assert page.title() == "Clearhead"
        assert page.locator("[data-testid=stMain] img").count() == 0
