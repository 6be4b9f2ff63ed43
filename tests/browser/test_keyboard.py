"""Each page by the keyboard alone: what a click does can be done, and the focus can be seen."""

from __future__ import annotations

import re

import pytest

from tests.browser.looking import main_of, query
from tests.browser.places import PLACES, SHORT, WRITES, Place, opened
from tools.browser import settled

pytestmark = pytest.mark.browser
MOST = 90  # stops of a page
FOCUSED = ("attention_heads", "lessons", "report")  # all kinds of controls
_AT = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}"""
_NAME = """at => at === document.body ? "" :
  at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.tagName"""
# Whether the element or what it stands in looks different without the focus.
_SEEN = """async at => {
  const drawn = () => new Promise(done => setTimeout(done, 40));
  const look = () => {
    const looks = [];
    for (let each = at, up = 0; each && up < 5; each = each.parentElement, up++) {
      const style = getComputedStyle(each);
      looks.push(style.outline, style.boxShadow, style.borderColor, style.backgroundColor);
    }
    return looks.join();
  };
  await drawn();
  const focused = look();
  at.blur();
  await drawn();
  const without = look();
  at.focus();
  return focused !== without;
}"""


def next_stop(page) -> str:
    """One Tab further; the name of where that leads, empty at the end."""
    page.keyboard.press("Tab")
    return page.evaluate_handle(_AT).evaluate(_NAME)


def reach(page, name: str) -> None:
    """Tab until the control of this name; what follows a colon is its value."""
    passed = []
    for _ in range(MOST):
        passed.append(next_stop(page))
        if passed[-1] == name or passed[-1].startswith(f"{name}: "):
            return
    raise AssertionError(f"no “{name}” among {passed}")


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settled(page)


def choose(page, name: str, option: str) -> None:
    """Type the beginning of an option into a list, and take it."""
    reach(page, name)
    page.keyboard.type(option)
    page.get_by_role("option").first.wait_for()
    press(page, "Enter")


@pytest.mark.parametrize(
    "place", [each for each in PLACES if each.name in FOCUSED], ids=lambda place: place.name
)
def test_every_stop_shows_that_it_has_the_focus(server, page, model, place):
    opened(page, server, place, model)
    assert next_stop(page).startswith("Skip to main")
    unseen, stops = [], 0
    while (name := next_stop(page)) and stops < MOST:
        stops += 1
        if not page.evaluate_handle(_AT).evaluate(_SEEN):
            unseen.append(name)
    assert stops > 10
    assert not unseen


def test_a_view_is_opened_with_the_arrows(server, page, model):
    opened(page, server, Place("", "attention_heads"), model)
    reach(page, "Overview")
    press(page, "ArrowRight", "Space")
    assert query(page)["view"] == ["Attention to a token"]


def test_a_layer_and_a_head_are_chosen_from_lists(server, page, model):
    opened(page, server, Place("", "attention_heads", {"view": "Heatmap"}), model)
    choose(page, "Layer", "4")
    choose(page, "Heads", "5")
    assert query(page)["layer"] == ["4"]
    assert "5" in query(page)["heads"]


def test_a_token_is_picked_in_the_strip(server, page, model):
    place = Place("", "attention_heads", {"text": "The cat sat.", "view": "Token overlay"})
    opened(page, server, place, model)
    reach(page, "cat")
    press(page, "Enter")
    page.get_by_text("from the selected token").wait_for()
    assert query(page)["token"] == ["2: cat"]


def test_a_word_of_an_explanation_is_read_and_dropped(server, page, model):
    text = "The acting is wonderful; the script is not."
    opened(page, server, Place("", "word_attributions", {"text": text}), model)
    reach(page, "wonderful")
    opened(
        page,
        server,
        Place("", "word_attributions", {"text": text, "show": "Counterfactuals"}),
        model,
    )
    choose(page, "Word", "wonder")
    reach(page, "Delete")
    press(page, "Enter")
    page.get_by_text("Change in the").wait_for()


def test_a_point_is_picked_from_the_list(server, page, model):
    opened(page, server, Place("", "embedding_projector"), model)
    choose(page, "Selected point", "1: ")
    page.get_by_text("Nearest neighbours in the original space").wait_for()


def test_the_card_of_a_head_is_opened_from_the_list(server, page, model):
    opened(page, server, Place("", "head_entropy", SHORT), model)
    choose(page, "Head", "2.6")
    page.get_by_text("Layer 2, head 6").wait_for()


def test_a_cell_of_the_lens_is_opened_from_the_list(server, page, model):
    opened(page, server, Place("", "language_models", {**WRITES, "lm_view": "Logit lens"}), model)
    choose(page, "Predict after token", "3: ")
    assert query(page)["lm_place"][0].startswith("3: ")
    assert f"At {query(page)['lm_place'][0].split(': ')[1]}, after" in main_of(page)


def test_a_prediction_of_a_lesson_is_made_and_revealed(server, page, model):
    opened(page, server, Place("", "lessons", {"lesson": "what-attention-is", "step": 1}), model)
    reach(page, page.locator("[class*=st-key-predict_] button").first.inner_text())
    press(page, "Enter")
    page.get_by_text(re.compile("Correct(:| answer)")).wait_for()
