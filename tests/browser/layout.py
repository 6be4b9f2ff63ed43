"""A calm page: the first picture near the top, controls of one height on one line, quiet signs."""

from __future__ import annotations

from tools.browser import settled

FIRST = 200  # px from the top of the window to the first chart, at 1440 × 900
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


def one_row_of_controls(page) -> None:
    """The first chart stands near the top, at 1440 px, under one row of controls."""
    found = page.evaluate(BOXES)
    assert found["chart"] <= FIRST
    assert 2 <= len(found["labels"]) <= MOST
    assert max(found["labels"]) - min(found["labels"]) <= 1
    assert {round(height) for _, height in found["fields"]} == {40}
    tops = [top for top, _ in found["fields"]]
    assert max(tops) - min(tops) <= 1


def signs_beside_the_picture(page) -> None:
    """What belongs to a picture opens beside it."""
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
    page.keyboard.press("Escape")
