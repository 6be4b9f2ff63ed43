"""Windows of 900 px, and of 1440 px at 200 % zoom: nothing is cut off, covered or out of reach."""

from __future__ import annotations

import pytest

from tests.browser.conftest import window
from tests.browser.looking import fits
from tests.browser.places import PLACES, opened, switched

pytestmark = pytest.mark.browser
# Controls that stand out of the page or on each other; charts whose picture is wider than they.
_WRONG = """() => {
  const main = document.querySelector("[data-testid=stMain]");
  const name = each => (each.ariaLabel || each.innerText || each.tagName).trim().slice(0, 40);
  const controls = "button, a, input:not([type=range]), textarea, summary";
  const seen = [...main.querySelectorAll(controls)].filter(each =>
    each.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && !each.closest("[data-testid=stElementToolbar]") && each.offsetWidth > 4);
  const boxes = seen.map(each => [each, each.getBoundingClientRect()]);
  const right = main.getBoundingClientRect().left + main.clientWidth + 1;
  const wrong = boxes.filter(([, box]) => box.left < 0 || box.right > right)
    .map(([each]) => `${name(each)} is cut off`);
  boxes.forEach(([one, a], place) => boxes.slice(place + 1).forEach(([other, b]) => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 3 && down > 3 && !one.contains(other) && !other.contains(one))
      wrong.push(`${name(one)} and ${name(other)} overlap`);
  }));
  main.querySelectorAll("[data-testid=stVegaLiteChart]").forEach(chart => {
    const drawn = chart.querySelector("canvas, svg");
    if (drawn && drawn.getBoundingClientRect().right > right)
      wrong.push(`${chart.ariaLabel} is cut off`);
  });
  return wrong;
}"""
WINDOWS = {"900 px": (900, 1100, 1), "200 %": (720, 550, 2)}


@pytest.fixture(scope="module", params=WINDOWS)
def page(request, chromium):
    width, height, scale = WINDOWS[request.param]
    yield from window(chromium, width=width, height=height, device_scale_factor=scale)


def wrong(page) -> list[str]:
    found = page.evaluate(_WRONG)
    return found if fits(page) else [*found, "the page scrolls sideways"]


def in_the_window(control) -> bool:
    box = control.bounding_box()
    return box is not None and box["x"] >= 0


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nothing_is_cut_off_or_covered(server, page, model, place):
    opened(page, server, place, model)
    found = {"opened": wrong(page)}
    for view in place.views if page.viewport_size["width"] > 768 else ():
        switched(page, view)
        found[view] = wrong(page)
    assert not any(found.values()), found


def test_at_200_percent_the_sidebar_is_closed_and_opens(server, page, model):
    if page.viewport_size["width"] > 768:
        pytest.skip("wide enough for both")
    (place,) = (each for each in PLACES if each.name == "attention_heads")
    opened(page, server, place, model)
    text = page.get_by_label("Text", exact=True)
    assert not in_the_window(text)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_timeout(400)
    assert in_the_window(text)
    text.fill("Short.")
    text.press("Control+Enter")
    page.wait_for_url("**text=Short.**")
