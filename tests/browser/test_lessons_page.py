"""A learner's way through a lesson in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.looking import fits
from tools.browser import settled

pytestmark = pytest.mark.browser
PAGE = "lessons"


def at_step(page, number: int, steps: int = 6) -> None:
    page.get_by_role("heading", name="Lessons").wait_for()
    page.get_by_text(f"step {number} of {steps} ·").wait_for()
    settled(page)


def test_a_term_is_explained_on_hover_and_by_the_keyboard(server, open_page):
    page = open_page(server.link(PAGE, lesson="what-attention-is", step=1), width=900)
    at_step(page, 1)
    term = page.locator("abbr", has_text="transformer")
    assert "layers of attention" in term.get_attribute("title")
    page.locator("[data-testid=stMain] button", has_text="All lessons").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "ABBR"
    drawn = page.evaluate("getComputedStyle(document.activeElement, '::after').content")
    assert "layers of attention" in drawn
    assert fits(page)
