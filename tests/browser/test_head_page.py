"""The head page in a real browser."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.browser.layout import one_row_of_controls
from tests.browser.looking import query
from tools.browser import ready, settled

pytestmark = pytest.mark.browser
PAGE = "head_entropy"
SIZE = "100 texts"


def test_a_click_opens_the_card_and_its_link_leads_to_the_same_head(server, open_page):
    page = open_page(server.link(PAGE, corpus_size=SIZE))
    ready(page)
    one_row_of_controls(page)
    page.locator(".mark-rect.role-mark path").nth(30).click()
    page.get_by_text("Layer 2, head 6").wait_for()
    settled(page)
    assert query(page)["unit"] == ["2.6"]
    page.get_by_text("Show this head's attention").click()
    page.get_by_role("heading", name="Attention heads").wait_for()
    ready(page)
    assert query(page)["layer"] == ["2"]
    assert query(page)["heads"] == ["6"]


def test_a_pass_can_be_stopped_and_keeps_what_it_has(server, open_page):
    page = open_page(server.link(PAGE, corpus_size="1,000 texts"))
    main = page.locator("[data-testid=stMain]")
    begun, offer = main.get_by_text("texts/s"), main.get_by_role("button", name="Compute")
    begun.or_(offer).first.wait_for()
    if offer.count():  # on a slow machine
        offer.click()
        begun.wait_for()
    main.get_by_role("button", name="Stop").click()
    main.get_by_text("Stopped after").wait_for()
    ready(page)
    assert main.get_by_role("button", name="Continue with all texts").count() == 1
    assert page.locator(".vega-embed").count() >= 1


def test_a_file_is_uploaded_read_and_downloaded(server, open_page, tmp_path):
    path = tmp_path / "films <b>.csv"
    frame = pd.DataFrame({"review": ["A good film.", "", "<img src=x onerror=alert(1)> bad."]})
    frame.to_csv(path, index=False)
    page = open_page(server.link(PAGE, corpus="My file"))
    ready(page)
    page.get_by_role("button", name="File").click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_text("1 row skipped").wait_for()
    settled(page)
    assert "films <b>.csv" in page.inner_text("[data-testid=stMain]")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Download and code").click()
    page.get_by_role("button", name="All statistics (CSV)").wait_for()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="All statistics (CSV)").click()
    table = pd.read_csv(Path(download.value.path()))
    assert len(table) == 72
    assert (table["texts"] == 2).all()
