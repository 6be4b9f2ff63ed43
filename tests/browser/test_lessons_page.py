"""A learner's way through a lesson in a real browser."""

from __future__ import annotations

import os

import pytest

from tests.browser.looking import fits, query
from tools.browser import ready, running, settled

pytestmark = pytest.mark.browser
PAGE = "lessons"


def main_text(page) -> str:
    return page.inner_text("[data-testid=stMain]")


def at_step(page, number: int, steps: int = 6) -> None:
    page.get_by_role("heading", name="Lessons").wait_for()
    page.get_by_text(f"step {number} of {steps} ·").wait_for()
    settled(page)


def test_a_learner_predicts_looks_comes_back_and_goes_on(server, open_page):
    page = open_page(server.link(PAGE))
    page.get_by_role("button", name="Start").first.click()
    at_step(page, 1)
    assert page.get_by_role("button", name="Reveal").is_disabled()

    page.get_by_role("link", name="Open in the app").click()
    page.get_by_role("heading", name="Attention heads").wait_for()
    ready(page)
    assert query(page)["model"] == ["encoder"]
    assert page.get_by_label("Text", exact=True).input_value().startswith("The cat sat")
    assert "Layer 5, head 11" in main_text(page)

    # What the learner changes there does not stay for the next time the lesson opens it.
    page.get_by_text("Compare", exact=True).click()
    page.get_by_text("Difference (second − first)").wait_for()
    page.get_by_role("link", name="Back to the lesson").click()
    at_step(page, 1)
    page.get_by_role("radio", name="13").check(force=True)
    settled(page)
    page.get_by_role("button", name="Reveal").click()
    page.get_by_text("Correct.", exact=True).wait_for()
    page.get_by_role("button", name="Next").click()
    at_step(page, 2)
    assert query(page)["step"] == ["2"]

    page.get_by_role("link", name="Open in the app").click()
    page.get_by_role("heading", name="Attention heads").wait_for()
    ready(page)
    assert query(page)["view"] == ["Heatmap"]
    assert "Layer 5, head 11" in main_text(page)
    page.go_back()
    at_step(page, 2)
    assert "A row is a budget" in main_text(page)
    assert query(page)["lesson"] == ["what-attention-is"]


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
        page.get_by_role("radio").nth(1).check(force=True)
        settled(page)
        page.get_by_role("button", name="Reveal").click()
        page.get_by_text("Correct.", exact=True).wait_for()
        settled(page)
        main = page.locator("[data-testid=stMain]")
        assert main.locator("img, iframe, script, a[href*=evil]").count() == 0
        assert "<script>alert(1)</script>" in main_text(page)
