"""Three ways through the app, click by click: from a question to its answer and its link."""

from __future__ import annotations

import re

import pytest

from tests.browser.looking import main_of, query
from tools.browser import ready, settled

pytestmark = pytest.mark.browser
MINE = "It is not what I hoped for."


class Clicks:
    """Counts the clicks in one tab."""

    def __init__(self, page) -> None:
        self.page, self.count = page, 0

    def __call__(self, control) -> None:
        control.first.click()
        self.count += 1
        settled(self.page)


def heading(page, name: str) -> None:
    """Wait for a page by its title."""
    page.get_by_role("heading", level=1, name=name, exact=True).wait_for()
    settled(page)


def test_from_the_front_page_to_the_heads_that_ignore_a_word(server, open_page):
    page = open_page(server.url)
    heading(page, "Clearhead")
    assert "negative 83.8%" in main_of(page)
    click = Clicks(page)
    click(page.get_by_role("button", name=re.compile(r"^not: ")))
    click(page.get_by_role("link", name="Attention to “not”"))
    heading(page, "Attention heads")
    ready(page)
    assert click.count <= 4
    assert query(page)["view"] == ["Attention to a token"]
    seen = main_of(page)
    assert "not" in seen
    other = open_page(page.url)
    heading(other, "Attention heads")
    ready(other)
    assert main_of(other) == seen


def test_a_lesson_asks_first_stays_beside_the_view_and_gives_the_text_back(server, open_page):
    page = open_page(server.link("word_attributions", text=MINE, model="sentiment"))
    heading(page, "Word attributions")
    click = Clicks(page)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Lessons").click()
    heading(page, "Lessons")
    click(page.get_by_role("button", name="Start"))
    main = page.get_by_test_id("stMain")
    for step in range(1, 7):
        main.get_by_text(f"step {step} of 6 ·").wait_for()
        settled(page)
        asked = page.get_by_text("Predict: ")
        if asked.count():
            assert not main.get_by_test_id("stPageLink").count()  # no view before the prediction
            click(main.locator("[class*=st-key-predict_] button"))
            page.get_by_role("heading", level=1, name="Lessons").wait_for(state="detached")
            ready(page)
            assert main.get_by_text(re.compile("Correct(:| answer)")).count()
            click(main.get_by_role("button", name=re.compile("Next step|Finish the lesson")))
        elif step < 6:
            click(main.get_by_role("button", name="Next"))
    if main.get_by_role("button", name="Finish").count():
        click(main.get_by_role("button", name="Finish"))
    assert click.count <= 16
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Word attributions").click()
    heading(page, "Word attributions")
    assert page.get_by_label("Text", exact=True).input_value() == MINE
    assert page.get_by_test_id("stSidebar").locator("input").first.input_value() == "sentiment"


def test_from_ones_own_folder_and_a_labelled_file_to_the_errors(server, open_page, tiny, tmp_path):
    file = tmp_path / "reviews.csv"
    file.write_text("text,label\nthe film is good,class 0\nthe plot is weak,class 1\n")
    page = open_page(server.url)
    heading(page, "Clearhead")
    click = Clicks(page)
    model = page.get_by_test_id("stSidebar").locator("input").first
    click(model)
    model.fill(str(tiny("bert-2-labels")))
    model.press("Enter")
    page.locator("dd", has_text="class 0, class 1").wait_for()
    settled(page)
    click(page.get_by_role("link", name="Audit").nth(-1))
    heading(page, "Audit")
    click(page.get_by_test_id("stMain").get_by_role("button", name=re.compile("File$")))
    click.count += 1  # which opens the dialogue for the file
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_text("reviews.csv").first.wait_for()
    settled(page)
    assert not page.get_by_test_id("stAlertContentError").count()
    assert click.count <= 4
    # The same file is there on the other pages.
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Word attributions").click()
    heading(page, "Word attributions")
    page.get_by_role("radio", name="Multiple texts").click()
    page.get_by_text("of 2 predictions are correct").wait_for()
