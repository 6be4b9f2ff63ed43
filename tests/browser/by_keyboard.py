"""Pages by the keyboard alone: what a click does can be done, and the focus can be seen.

Each function begins where its place has been opened; `test_accessibility.py` calls it there.
"""

from __future__ import annotations

import re

from tests.browser.looking import main_of, query
from tests.browser.places import switched, visited
from tools.browser import settled

MOST = 150  # stops of a page
# The name of what has the focus.
_NAME = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  window.atStop = at;
  return at === document.body ? "" :
    at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.tagName;
}"""
# The same, and whether it or what it stands in looks different without the focus.
_SEEN = f"""async () => {{
  const name = ({_NAME})(), at = window.atStop;
  if (!name) return [name, true];
  const drawn = () => new Promise(done => setTimeout(done, 40));
  const look = () => {{
    const looks = [];
    for (let each = at, up = 0; each && up < 5; each = each.parentElement, up++) {{
      const style = getComputedStyle(each);
      looks.push(style.outline, style.boxShadow, style.borderColor, style.backgroundColor);
    }}
    return looks.join();
  }};
  await drawn();
  const focused = look();
  at.blur();
  await drawn();
  const without = look();
  at.focus();
  return [name, focused !== without];
}}"""

# From where an element that has the focus is taken away, Tab goes on.
_TO_THE_BEGINNING = """() => {
  const first = document.createElement("span");
  first.tabIndex = -1;
  document.body.prepend(first);
  first.focus();
  first.remove();
}"""


def next_stop(page) -> str:
    """One Tab further; the name of where that leads, empty at the end."""
    page.keyboard.press("Tab")
    return page.evaluate(_NAME)


def next_look(page) -> tuple[str, bool]:
    """The same, and whether one sees that it has the focus."""
    page.keyboard.press("Tab")
    return tuple(page.evaluate(_SEEN))


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


def every_stop_shows_that_it_has_the_focus(page) -> None:
    page.evaluate(_TO_THE_BEGINNING)
    assert next_stop(page).startswith("Skip to main")
    unseen, stops = [], 0
    while stops < MOST:
        name, seen = next_look(page)
        if not name:
            break
        stops += 1
        if not seen:
            unseen.append(name)
    assert 10 < stops < MOST  # there is an end
    assert not unseen


def attention_heads(page) -> None:
    """A view is opened with the arrows, layer and head from lists, a token in the strip."""
    every_stop_shows_that_it_has_the_focus(page)
    reach(page, "Overview")
    press(page, "ArrowRight", "Space")
    assert query(page)["view"] == ["Attention to a token"]
    switched(page, "Heatmap")
    choose(page, "Layer", "2")
    choose(page, "Heads", "5")
    assert query(page)["layer"] == ["2"]
    assert "5" in query(page)["heads"]
    page.keyboard.press("Escape")  # the list stays open for the next head
    switched(page, "Token overlay")
    reach(page, "wonderful")
    press(page, "Enter")
    page.get_by_text("from the selected token").wait_for()
    assert query(page)["token"] == ["4: wonderful"]


def word_attributions(page) -> None:
    """A word of an explanation is read and dropped."""
    reach(page, "wonderful")
    switched(page, "Counterfactuals")
    choose(page, "Word", "wonder")
    reach(page, "Delete")
    press(page, "Enter")
    page.get_by_text("Change in the").first.wait_for()


def embedding_projector(page) -> None:
    choose(page, "Selected point", "1: ")
    page.get_by_text("Nearest neighbours in the original space").wait_for()


def head_entropy(page) -> None:
    choose(page, "Head", "2.6")
    page.get_by_text("Layer 2, head 6").wait_for()


def language_models(page) -> None:
    """A cell of the lens is opened from the list."""
    visited(page, f"{page.url}&lm_view=Logit+lens")
    choose(page, "Predict after token", "3: ")
    assert query(page)["lm_place"][0].startswith("3: ")
    assert f"At {query(page)['lm_place'][0].split(': ')[1]}, after" in main_of(page)


def step_of_a_lesson(page) -> None:
    """A prediction is made and revealed, which opens the view."""
    reach(page, page.locator("[class*=st-key-predict_] button").first.inner_text())
    press(page, "Enter")
    page.get_by_text(re.compile("Correct(:| answer)")).wait_for()
    page.get_by_role("heading", level=1, name="Lessons").wait_for(state="detached")
    settled(page)


BY_KEYBOARD = {
    "attention_heads": attention_heads,
    "word_attributions": word_attributions,
    "embedding_projector": embedding_projector,
    "head_entropy": head_entropy,
    "language_models": language_models,
    "lessons": every_stop_shows_that_it_has_the_focus,
    "report": every_stop_shows_that_it_has_the_focus,
    "step of a lesson": step_of_a_lesson,
}
