"""A learner's way through a lesson in a real browser."""

from __future__ import annotations

import os

import pytest

from tests.browser.looking import fits
from tools.browser import running, settled

pytestmark = pytest.mark.browser
PAGE = "lessons"


def main_text(page) -> str:
    return page.inner_text("[data-testid=stMain]")


def at_step(page, number: int, steps: int = 6) -> None:
    page.get_by_role("heading", name="Lessons").wait_for()
    page.get_by_text(f"step {number} of {steps} ·").wait_for()
    settled(page)


def test_a_link_to_a_step_opens_cold_and_fits_a_narrow_dark_window(fresh_server, open_page):
    link = fresh_server.link(PAGE, lesson="separators-and-sinks", step=2)
    for view in (link, fresh_server.link(PAGE, lessons_view="For teachers")):
        page = open_page(view, width=900, scheme="dark")
        page.get_by_role("heading", name="Lessons").wait_for()
        settled(page)
        assert fits(page)
        assert "Attention heads" in page.inner_text("[data-testid=stSidebar]")


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


def test_a_hostile_file_is_shown_as_text(tmp_path, open_page, monkeypatch):
    from tests.pages.test_lessons import HOSTILE

    (tmp_path / "mine.md").write_text(HOSTILE)
    monkeypatch.setitem(os.environ, "CLEARHEAD_LESSONS", str(tmp_path))
    monkeypatch.setitem(os.environ, "CLEARHEAD_WARM_START", "0")
    with running(tmp_path / "server") as server:
        page = open_page(server.link(PAGE, lesson="mine"))
        at_step(page, 1, 1)
        page.locator("[data-testid=stMain] button", has_text="<b>x</b>").click()
        page.get_by_text("Correct:").wait_for()
        settled(page)
        main = page.locator("[data-testid=stMain]")
        assert main.locator("img, iframe, script, a[href*=evil]").count() == 0
        assert "<script>alert(1)</script>" in main_text(page)
