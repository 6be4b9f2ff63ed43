"""The audit page in a real browser: from an uploaded file to the report."""

from __future__ import annotations

import json

import pytest

from tests.browser.looking import fits, main_of, query
from tools.browser import ready, settled

pytestmark = pytest.mark.browser
CSV = "review,mood,source\n" + "".join(
    f"{text},{mood},{source}\n"
    for source in "abc"
    for text, mood in [
        ("A wonderful film.", "positive"),
        ("A dull story.", "negative"),
        ("<img src=x onerror=alert(1)> I loved it.", "negative"),
        ("Nothing works here.", "negative"),
        ("Lovely music.", "positive"),
    ]
)


def test_a_file_is_audited_from_upload_to_report(server, open_page, tmp_path):
    path = tmp_path / "films.csv"
    path.write_text(CSV)
    page = open_page(server.link("audit", audit_data="My file"), width=900, scheme="dark")
    ready(page)
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name="File").click()
    page.locator("input[type=file]").set_input_files(path)
    main.get_by_text("15 labelled texts of films").wait_for()
    settled(page)
    assert "n = 15" in main_of(page)
    assert fits(page)
    main.get_by_role("radio", name="Errors", exact=True).click()
    main.get_by_text("errors in 15 texts").wait_for()
    settled(page)
    assert query(page)["audit_view"] == ["Errors"]
    main.get_by_role("radio", name="Verdict", exact=True).click()
    main.get_by_text("thresholds").first.wait_for()
    settled(page)
    with page.expect_download() as given:
        main.get_by_role("button", name="Report (HTML)").click()
    written = given.value.path().read_text(encoding="utf-8")
    assert "Audit of sentiment on films.csv" in written
    assert "<img src=x" not in written
    with page.expect_download() as given:
        main.get_by_role("button", name="Values (JSON)").click()
    told = json.loads(given.value.path().read_text(encoding="utf-8"))
    assert told["data"]["texts"] == 15
    assert fits(page)


def test_a_click_on_a_cell_lists_its_texts_and_one_is_explained(server, open_page):
    page = open_page(server.link("audit"))
    ready(page)
    main = page.get_by_test_id("stMain")
    page.locator(".mark-rect.role-mark path").nth(2).click()
    main.get_by_text("Row of the text").wait_for()
    settled(page)
    assert query(page)["audit_cell"] == ["positive → negative"]
    link = server.link("audit", audit_cell="positive → negative", audit_row="134")
    page.goto(link)
    main.get_by_text("Explain this prediction").click()
    page.get_by_role("heading", name="Word attributions").wait_for()
    ready(page)
    assert query(page)["text"] == ["Nobody could say the story wasn't great."]
