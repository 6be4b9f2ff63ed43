"""Addresses opened on a server that has drawn nothing yet, not even for itself."""

from __future__ import annotations

import pytest

from tests.browser.looking import cold_and_warm, fits
from tests.pages.test_lessons import HOSTILE
from tools.browser import ready, running, settled

pytestmark = pytest.mark.browser
CHART = "[data-testid=stVegaLiteChart]"
TEXT = "The cat sat on the mat because it was tired."


@pytest.fixture(scope="module")
def fresh_server(tmp_path_factory):
    """Each page is opened by one test, so that it is cold; a lesson of one's own is hostile."""
    folder = tmp_path_factory.mktemp("lessons")
    (folder / "mine.md").write_text(HOSTILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLEARHEAD_LESSONS", str(folder))
        patch.setenv("CLEARHEAD_WARM_START", "0")
        with running(tmp_path_factory.mktemp("fresh")) as started:
            yield started


def test_an_attention_map(fresh_server, open_page):
    asked = {"view": "Heatmap", "layer": 2, "heads": [1, 8], "words": "true"}
    link = fresh_server.link("attention_heads", model="encoder", text=TEXT, **asked)
    cold, warm = cold_and_warm(open_page, link)
    assert "mean of heads 1, 8" in cold.inner_text("[data-testid=stMain]")
    pictures = [page.locator(CHART).first.screenshot() for page in (cold, warm)]
    assert pictures[0] == pictures[1]


def test_a_point_among_the_others(fresh_server, open_page):
    asked = {"points": "Ambiguous words", "point": "3: x", "find": "bank"}
    link = fresh_server.link(
        "embedding_projector", model="encoder", text="The bank was steep.", **asked
    )
    cold, _ = cold_and_warm(open_page, link)
    said = cold.inner_text("[data-testid=stMain]")
    assert "Nearest neighbours in the original space" in said
    assert "points match" in said


def test_a_step_of_a_lesson_in_a_narrow_dark_window(fresh_server, open_page):
    link = fresh_server.link("lessons", lesson="separators-and-sinks", step=2)
    page = open_page(link, width=900, scheme="dark")
    ready(page)
    assert fits(page)
    page.goto(fresh_server.link("lessons", lessons_view="For teachers"))
    ready(page)
    assert fits(page)
    assert "Attention heads" in page.inner_text("[data-testid=stSidebar]")


def test_a_hostile_lesson_is_shown_as_text(fresh_server, open_page):
    page = open_page(fresh_server.link("lessons", lesson="mine"))
    page.get_by_text("step 1 of 1 ·").wait_for()
    settled(page)
    page.locator("[data-testid=stMain] button", has_text="<b>x</b>").click()
    page.get_by_text("Correct:").wait_for()
    settled(page)
    main = page.locator("[data-testid=stMain]")
    assert main.locator("img, iframe, script, a[href*=evil]").count() == 0
    assert "<script>alert(1)</script>" in main.inner_text()
