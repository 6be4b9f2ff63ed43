"""Counterfactuals: edit the text and see the prediction move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.result import Attribution
from interp_core.attribution.what_if import predict_target, replace_span, suggestions
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.completeness import refused
from interp_core.ui.attribution.explanation import shading, strip, strongest
from interp_core.ui.attribution.question import Asked, explained, replace
from interp_core.ui.attribution.text import largest
from interp_core.ui.server import cache
from interp_core.ui.widgets import clicks
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

MOST_EDITS = 24


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """The original and the edited text side by side, and edits worth trying."""
    step = explained(asked)
    if step is None:
        return None
    found = value(step)
    # The target of the first text stays the target, or the comparison would change its question.
    if not asked.labels and asked.target is None and found.prediction.label in model.labels:
        asked = replace(asked, target=found.prediction.label)
    with st.container(key="edit", horizontal=True, vertical_alignment="bottom"):
        first = _word_buttons(found, model)
        follow("edited", first)
        edited = st.text_area(
            "Edited text",
            first,
            key="edited",
            max_chars=MAX_CHARACTERS,
            height=68,
            placeholder="Edit the text here, or use the buttons.",
            width="stretch",
            **BOUND,
        )
    result = None
    if not edited.strip():
        st.info("Edit the text above to compare the predictions.", icon=":material/edit:")
    elif edited == asked.text:
        st.info("The edited text equals the original. Change a word.", icon=":material/edit:")
    else:
        result = _side_by_side(asked, step, edited)
    _suggested(asked, model)
    return result


def _word_buttons(found: Attribution, model: LoadedModel) -> str:
    """The word to change, at first the one with the largest score; the text without that."""
    words = found.by_word()
    places = [i for i, span in enumerate(words.offsets) if span and words.sequence.segments[i] == 0]
    names = [f"{place}: {words.tokens[place]}" for place in places]
    text = words.sequence.texts[0]
    if not names:
        return ""
    sizes = [abs(words.scores[place]) for place in places]
    strongest = int(np.argmax(sizes))
    follow("changed", names[strongest])
    keep_valid("changed", names)
    name = st.selectbox("Word", names, strongest, key="changed", width=170, **BOUND)
    new = st.text_input("Replace with", key="becomes", width=130, placeholder="new word", **BOUND)
    span = words.offsets[places[names.index(name)]]
    mask = model.tokenizer.mask_token
    _edit_button("Delete", replace_span(text, span))
    _edit_button("Mask", replace_span(text, span, mask or ""), disabled=mask is None)
    _edit_button("Replace", replace_span(text, span, new), disabled=not new)
    cleared = replace_span(text, words.offsets[places[strongest]])
    return cleared if cleared.strip() else ""


def _edit_button(label: str, text: str, *, disabled: bool = False, key: str | None = None) -> None:
    st.button(label, on_click=_use, args=(text,), disabled=disabled, key=key or f"edit_{label}")


def _use(text: str) -> None:
    st.session_state["edited"] = text


def _side_by_side(asked: Asked, step: Recipe, edited: str) -> ViewResult | None:
    second = explained(replace(asked, text=edited), text="edited")
    if second is None:
        return None
    found, other = value(step), value(second)
    pairs = (("Original", found), ("Edited", other))
    drawn = {name: each.by_word() for name, each in pairs if not each.misleads}
    shade = max(map(strongest, drawn.values()), default=1.0)
    for side, (name, each) in zip(st.columns(2, gap="large"), pairs):
        with side:
            chance = each.prediction.probability
            said = plain(each.prediction.label)
            st.markdown(f"**{name}**: {said}" + (f", {chance:.1%}" if chance is not None else ""))
            if name in drawn:
                strip(drawn[name], key=name, shade=shade)
    if drawn:
        shading(next(iter(drawn.values())), shade)
    move = other.value - found.value
    st.markdown(
        f"Change in the {found.unit} of **{plain(found.target)}**: **{number(move, '+.3f')}** "
        f"({number(found.value, '+.3f')} → {number(other.value, '+.3f')})."
    )
    if any(refused(asked, each, key=name) for name, each in pairs):
        return None
    compared = calls.edit_table(named("first", step), named("second", second))
    table = value(compared)
    chart = calls.chart(compared, "edit_table")
    figure(
        chart,
        title="Scores before and after the edit",
        alt=f"Scores of {len(table)} words before and after the edit. Largest differences: "
        f"{largest(table['word'], table['difference'])}.",
    )
    st.caption(
        "Words are aligned in order. A word that occurs in only one text scores 0 in the other."
    )
    return ViewResult(chart, compared)


@st.cache_data(max_entries=256, show_spinner="Trying the edits …")
def _outcomes(asked: Asked, texts: tuple[str, ...]) -> list:
    model = cache.model(asked.model)
    about = {"target": asked.target, "contrast": asked.contrast, "text_pair": asked.pair}
    with cache.COMPUTE:
        return [predict_target(model, text, **about) for text in texts]


def _suggested(asked: Asked, model: LoadedModel) -> None:
    """Edits of negation and degree, with what each does to the prediction."""
    edits = suggestions(asked.text)[:MOST_EDITS]
    if asked.labels or not edits:
        return
    st.markdown("**Suggested edits**")
    if asked.position is not None:
        # An edit moves the positions, so the figures would answer another question.
        st.caption(
            "Suggested edits need the automatic token position, because an edit shifts the "
            "chosen one."
        )
        return
    try:
        whole, *others = _outcomes(asked, (asked.text, *(edit.text for edit in edits)))
    except ic.ClearheadError as error:
        st.caption(f"The suggested edits cannot be compared. {message(str(error))}")
        return
    table = pd.DataFrame(
        {
            "edit": [edit.what for edit in edits],
            "prediction": [each.prediction.label for each in others],
            "target probability": [each.probability for each in others],
            "change": [each.probability - whole.probability for each in others],
            "text": [edit.text for edit in edits],
        }
    )
    table = table.sort_values("change", key=abs, ascending=False, ignore_index=True)
    clicks.table(
        table,
        key="suggested",
        on_row=lambda row: _use(table["text"][row]),
        column_config={
            "target probability": st.column_config.NumberColumn(format="%.3f"),
            "change": st.column_config.NumberColumn(format="%+.3f"),
        },
    )
    st.caption(
        "Select a row to put its text above. Each suggestion makes one change (English only) and "
        "may be ungrammatical. Use it to test whether the model handles the negation."
    )
