"""A calm page: the first picture near the top, controls of one height on one line, quiet signs."""

from __future__ import annotations

import pytest

from tools.browser import ready, settled

FIRST = 205  # px from the top of the window to the first chart, at 1440 × 900
MOST = 5  # controls in the row, beside "Options"
BOXES = """() => {
  const box = each => { const b = each.getBoundingClientRect(); return [b.y, b.height]; };
  const row = document.querySelector('.st-key-controls');
  const labels = [...row.querySelectorAll('[data-testid=stWidgetLabel]')];
  const buttons = '[data-testid=stButtonGroup] > div button';
  const fields = row.querySelectorAll(`.react-aria-ComboBox, ${buttons}`);
  return {
    chart: box(document.querySelector('[data-testid=stVegaLiteChart]'))[0],
    labels: labels.map(each => box(each.querySelector('p'))[0]).filter(y => y),
    fields: [...fields].map(box),
  };
}"""


@pytest.mark.parametrize(
    ("page_name", "query"),
    [
        ("attention_heads", {}),
        ("attention_heads", {"view": "to_token", "token": "not"}),
        ("head_entropy", {}),
        ("embedding_projector", {}),
    ],
)
def test_the_first_chart_stands_near_the_top_under_one_row_of_controls(
    server, open_page, page_name, query
):
    page = open_page(server.link(page_name, **query), width=1440)
    ready(page)
    found = page.evaluate(BOXES)
    assert found["chart"] <= FIRST
    assert 2 <= len(found["labels"]) <= MOST
    assert max(found["labels"]) - min(found["labels"]) <= 1
    assert {round(height) for _, height in found["fields"]} == {40}
    tops = [top for top, _ in found["fields"]]
    assert max(tops) - min(tops) <= 1


def test_what_belongs_to_a_picture_opens_beside_it(server, open_page):
    page = open_page(server.link("attention_heads", view="Heatmap"), width=1440)
    ready(page)
    chart = page.locator("[data-testid=stVegaLiteChart]").bounding_box()
    caption = page.locator("[data-testid=stCaptionContainer]:visible").first.bounding_box()
    for name in ("How to read this", "Data table", "Download and code", "Add to report"):
        sign = page.get_by_role("button", name=name)
        assert sign.count() == 1
        box = sign.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert chart["y"] + chart["height"] <= box["y"] <= caption["y"] + 12
        assert box["x"] >= caption["x"] + caption["width"] - 160
    page.get_by_role("button", name="How to read this").click()
    page.get_by_text("attends to a neighbouring token").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Data table").click()
    page.get_by_test_id("stDataFrame").wait_for()
    settled(page)
