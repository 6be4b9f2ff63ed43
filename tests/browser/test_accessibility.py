"""Each page in a narrow window and at 200 % zoom, and to axe-core, in light and dark.

Nothing is cut off, covered or out of reach, and nothing would keep somebody out. One visit to each
page serves all of it.
"""

from __future__ import annotations

import pytest

from tests.browser.axe import CONTRAST, findings
from tests.browser.conftest import window
from tests.browser.looking import fits
from tests.browser.places import PLACES, opened, switched
from tools.browser import settled

pytestmark = pytest.mark.browser
MAIN, BODY = "[data-testid=stMain]", "[data-testid=stPopoverBody]"
SECTIONS = "[data-testid=stMain] [data-testid=stExpander] details:not([open]) > summary"
WIDE, NARROW, ZOOMED = (1440, 1100), (900, 1100), (720, 550)  # the last: 1440 px at 200 %
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


def sized(page, size: tuple[int, int]) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), size)))


def resized(page, size: tuple[int, int]) -> None:
    sized(page, size)
    settled(page)


def wrong(page) -> list[str]:
    found = page.evaluate(_WRONG)
    return found if fits(page) else [*found, "the page scrolls sideways"]


def in_both_themes(page, part: str) -> list[str]:
    """All findings in light; in dark, those of contrast, since nothing else differs."""
    found = [f"light: {line}" for line in findings(page, part)]
    page.emulate_media(color_scheme="dark")
    settled(page)
    found += [f"dark: {line}" for line in findings(page, part, CONTRAST)]
    page.emulate_media(color_scheme="light")
    return found


def with_sections_open(page) -> None:
    sidebar = page.get_by_test_id("stExpandSidebarButton")
    if sidebar.is_visible():
        sidebar.click()
    page.evaluate(f"document.querySelectorAll('{SECTIONS}').forEach(each => each.click())")
    settled(page)


def in_popovers(page, part: str) -> list[str]:
    found = []
    buttons = page.locator(part).get_by_test_id("stPopoverButton").filter(visible=True)
    for button in buttons.all():
        button.click()
        page.locator(BODY).wait_for()
        settled(page)
        found += findings(page, BODY)
        page.keyboard.press("Escape")
        page.locator(BODY).wait_for(state="detached")
    return found


def in_the_window(control) -> bool:
    box = control.bounding_box()
    return box is not None and box["x"] >= 0


@pytest.fixture(scope="module")
def page(chromium):
    yield from window(chromium, width=NARROW[0], height=NARROW[1], color_scheme="light")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nothing_is_cut_off_or_covered_and_axe_finds_nothing(server, page, model, place):
    sized(page, NARROW)
    opened(page, server, place, model)
    found = {"900 px": wrong(page)}
    resized(page, ZOOMED)
    found["200 %"] = wrong(page)
    resized(page, WIDE)
    with_sections_open(page)
    found["opened"] = in_both_themes(page, "html")
    found["popovers"] = in_popovers(page, "body" if place is PLACES[0] else MAIN)  # one sidebar
    resized(page, NARROW)
    for view in place.views:
        switched(page, view)
        found[view] = [*wrong(page), *in_both_themes(page, MAIN)]
    assert not any(found.values()), {where: what for where, what in found.items() if what}


def test_at_200_percent_the_sidebar_is_closed_and_opens(server, page, model):
    sized(page, ZOOMED)
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


def test_a_primary_button_is_legible(server, page, model):
    place = next(each for each in PLACES if each.name == "step of a lesson")
    sized(page, WIDE)
    opened(page, server, place, model)
    page.locator("[class*=st-key-predict_] button").first.click()  # which opens the view
    page.get_by_role("heading", level=1, name="Lessons").wait_for(state="detached")
    settled(page)
    assert page.get_by_test_id("stBaseButton-primary").first.is_enabled()
    found = in_both_themes(page, MAIN)
    assert not found, "\n".join(found)
