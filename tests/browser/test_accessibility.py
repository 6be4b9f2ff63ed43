"""axe-core finds nothing on any page that would keep somebody out, in light and dark."""

from __future__ import annotations

import pytest

from tests.browser.axe import CONTRAST, findings
from tests.browser.places import PLACES, opened, switched
from tools.browser import settled

pytestmark = pytest.mark.browser
MAIN, BODY = "[data-testid=stMain]", "[data-testid=stPopoverBody]"
SECTIONS = "[data-testid=stMain] [data-testid=stExpander] details:not([open]) > summary"


def in_both_themes(page, part: str, what: str) -> list[str]:
    """All findings in light; in dark, those of contrast, since nothing else differs."""
    found = [f"{what}, light: {line}" for line in findings(page, part)]
    page.emulate_media(color_scheme="dark")
    settled(page)
    found += [f"{what}, dark: {line}" for line in findings(page, part, CONTRAST)]
    page.emulate_media(color_scheme="light")
    return found


def with_sections_open(page) -> None:
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


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_axe_finds_nothing_wrong(server, page, model, place):
    opened(page, server, place, model)
    with_sections_open(page)
    found = in_both_themes(page, "html", "opened")
    found += in_popovers(page, "body" if place is PLACES[0] else MAIN)  # one sidebar for all
    for view in place.views:
        switched(page, view)
        found += in_both_themes(page, MAIN, view)
    assert not found, "\n".join(found)


def test_a_primary_button_is_legible(server, page, model):
    place = next(each for each in PLACES if each.name == "step of a lesson")
    opened(page, server, place, model)
    page.locator("[class*=st-key-predict_] button").first.click()  # which opens the view
    page.get_by_role("heading", level=1, name="Lessons").wait_for(state="detached")
    settled(page)
    assert page.get_by_test_id("stBaseButton-primary").first.is_enabled()
    found = in_both_themes(page, MAIN, "answered")
    assert not found, "\n".join(found)
