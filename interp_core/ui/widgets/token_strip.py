"""The sentence itself, each token shaded by a score; a click picks a token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from interp_core.charts.points import MARKED, NEGATIVE, POSITIVE

_CSS = """
.strip { display: flex; flex-wrap: wrap; gap: 4px; line-height: 1.3; padding: 2px; }
.strip button {
  font: inherit; font-family: var(--st-font); color: var(--st-text-color);
  border: 1px solid var(--st-border-color); border-radius: 6px; padding: 4px 7px;
  background: transparent; cursor: pointer; white-space: pre; unicode-bidi: isolate;
  max-width: 100%; overflow: hidden; text-overflow: ellipsis;
}
.strip button small { font-size: .75em; margin-inline-start: 5px; }
.strip button:hover, .strip button:focus-visible {
  outline: 2px solid var(--st-primary-color); outline-offset: 1px;
}
.strip button[aria-pressed="true"] { border: 2px solid MARKED; font-weight: 700; }
.strip button.negative { border-style: dashed; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".strip");
  strip.setAttribute("aria-label", data.label);
  const said = data.tokens.map(token => token.text).join(" ");
  const letters = kind => (said.match(kind) || []).length;
  const leftwards = letters(/[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc]/g);
  strip.dir = leftwards > letters(/\\p{Script=Latin}/gu) ? "rtl" : "ltr";
  const buttons = data.tokens.map((token, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = token.text;
    const strength = Math.min(1, Math.abs(token.strength));
    const ink = token.strength < 0 ? data.negative : data.positive;
    const share = Math.round(strength * 55);
    button.style.background = `color-mix(in srgb, ${ink} ${share}%, transparent)`;
    if (token.strength < 0) button.classList.add("negative");
    if (token.note) {
      const note = document.createElement("small");
      note.textContent = token.note;
      note.dir = "ltr";  // or the sign would stand behind the number
      button.append(note);
    }
    button.title = token.title;
    button.setAttribute("aria-label", token.title);
    button.setAttribute("aria-pressed", String(place === data.picked));
    button.onclick = () => setTriggerValue("picked", place);
    return button;
  });
  strip.replaceChildren(...buttons);
}
"""

_HTML = """<div class="strip" role="group">
</div>"""

_mount = st.components.v2.component(
    "token_strip", html=_HTML, css=_CSS.replace("MARKED", MARKED), js=_JS
)


def token_strip(
    tokens: Sequence[str],
    strengths: Sequence[float],
    titles: Sequence[str],
    *,
    label: str,
    key: str,
    on_pick: Callable[[int], None],
    picked: int | None = None,
    notes: Sequence[str] | None = None,
) -> None:
    """Draw the tokens shaded by `strengths` (−1 to 1); a click calls `on_pick` with the place.

    `titles` appear on hover and are what a screen reader says; `notes` are small figures beside
    the token. Negative strengths have a dashed border as well as another colour.
    """
    data = [
        {"text": token, "strength": float(strength), "title": title, "note": note}
        for token, strength, title, note in zip(
            tokens, strengths, titles, notes or [""] * len(tokens), strict=True
        )
    ]

    def clicked() -> None:
        place = st.session_state[key].picked
        if isinstance(place, int) and 0 <= place < len(tokens):
            on_pick(place)

    _mount(
        key=key,
        data={
            "tokens": data,
            "picked": picked,
            "label": label,
            "positive": POSITIVE,
            "negative": NEGATIVE,
        },
        on_picked_change=clicked,
    )
