"""Each page in a narrow window and at 200 % zoom, and to axe-core, in light and dark.

Nothing is cut off, covered or out of reach, nothing would keep somebody out, and a link that names
a view shows the same when it is opened anew (of all views: `tests/pages/test_addresses.py`). One
visit to each page serves all of it.
"""

from __future__ import annotations

import pytest

from tests.browser.axe import CONTRAST, findings
from tests.browser.by_keyboard import BY_KEYBOARD
from tests.browser.conftest import window
from tests.browser.looking import becomes, difference, fits, main_of, query
from tests.browser.places import PLACES, Place, opened, switched, visited
from tools.browser import settled

pytestmark = pytest.mark.browser
MAIN, BODY = "[data-testid=stMain]", "[data-testid=stPopoverBody]"
ALIKE = ("Data table", "Download and code")  # popovers that are the same pieces on all pages
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
    if (!drawn) return;
    const box = drawn.getBoundingClientRect();
    if (box.right > right || box.width > chart.getBoundingClientRect().width + 1)
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


def theme(page) -> str:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    return "dark" if dark else "light"


def in_both_themes(page, part: str) -> list[str]:
    """All findings in the theme that is there; in the other, which stays, those of contrast.

    Nothing else differs between them.
    """
    here = theme(page)
    other = "light" if here == "dark" else "dark"
    found = [f"{here}: {line}" for line in findings(page, part)]
    page.emulate_media(color_scheme=other)
    settled(page)
    return found + [f"{other}: {line}" for line in findings(page, part, CONTRAST)]


def with_sections_open(page) -> None:
    sidebar = page.get_by_test_id("stExpandSidebarButton")
    if sidebar.is_visible():
        sidebar.click()
    page.evaluate(f"document.querySelectorAll('{SECTIONS}').forEach(each => each.click())")
    settled(page)


def in_popovers(page, part: str, known: set[str]) -> list[str]:
    """What axe finds in each; `known` are those that are the same piece on all pages."""
    found = []
    buttons = page.locator(part).get_by_test_id("stPopoverButton").filter(visible=True)
    for button in buttons.all():
        alike = {name for name in ALIKE if button.filter(has_text=name).count()}
        if alike & known:
            continue
        known |= alike
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
def known() -> set[str]:
    """Popovers that have been looked at and are alike on all pages."""
    return set()


@pytest.fixture(scope="module")
def page(chromium):
    yield from window(chromium, width=NARROW[0], height=NARROW[1], color_scheme="light")


def all_of_it(page, place: Place, known: set[str]) -> dict[str, list[str]]:
    """What is wrong at 200 %, with all sections open, in the popovers in light, by the keyboard."""
    found = {}
    resized(page, ZOOMED)
    found["200 %"] = wrong(page)
    resized(page, WIDE)
    with_sections_open(page)
    found["opened"] = in_both_themes(page, "html")
    part = "body" if place is PLACES[0] else MAIN  # one sidebar
    found["popovers"] = in_popovers(page, part, known)
    if place.name in BY_KEYBOARD:
        BY_KEYBOARD[place.name](page)
    if place.name == "step of a lesson":  # which offers the next one when it is answered
        assert page.get_by_test_id("stBaseButton-primary").first.is_enabled()
        found["answered"] = in_both_themes(page, MAIN)
    resized(page, NARROW)
    return found


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nothing_is_cut_off_or_covered_and_axe_finds_nothing(server, page, model, known, place):
    """One visit to each page; of some, the link of a view shows the same when opened anew."""
    sized(page, NARROW)
    page.emulate_media(color_scheme="dark")
    opened(page, server, place, model)
    found = {"900 px": wrong(page)}
    if not place.linked:
        found |= all_of_it(page, place, known)
    chosen = page.get_by_test_id("stMain").get_by_role("radio", checked=True)
    first = chosen.first.inner_text() if place.linked else ""
    for view in (*place.views, *place.same):
        switched(page, view)
        found[view] = wrong(page)
        if place.linked:
            assert [view] in query(page).values()  # the address names it
        if view in place.views:
            found[view] += in_both_themes(page, MAIN)
    if place.linked:
        address, words, said = page.url, main_of(page), query(page)
        visited(page, address)
        assert becomes(page, words), difference(words, main_of(page), address)
        assert query(page) == said
        assert said.get("nearness") == (["euclidean"] if "nearness" in place.query else None)
        switched(page, first)
        found |= all_of_it(page, place, known)
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
