"""Induction: heads that find what followed the last time, on a random sequence written twice."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.language import copies, unit_map
from interp_core.ui.language import head_map
from interp_core.ui.language.question import Asked, side_by_side
from interp_core.ui.server import cache
from interp_core.ui.widgets import recipe
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, value
from interp_core.ui.widgets.result import ViewResult

SCORES = {
    "induction_score": "Induction",
    "previous_token_score": "Previous token",
    "duplicate_token_score": "Duplicate token",
}
SHORT = {name: title.split()[0].lower() for name, title in SCORES.items()}
ABOUT = {
    "induction_score": "attention to the token that followed the earlier occurrence",
    "previous_token_score": "attention to the previous token, which induction heads rely on",
    "duplicate_token_score": "attention to the earlier occurrence of the same token",
}
LENGTH = 25
SEED = 0  # of the sequences on which the heads are scored
STATE, DRAWN = "lm_inductor", "lm_draw"
DRAWN_TEXT, OWN = "lm_drawn_text", "lm_own_text"  # the last sequence, and what stood there


def draw(asked: Asked) -> ViewResult | None:
    """The button, the scores of all heads, and what repetition does to the surprisal."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Insert a repeated random sequence",
            icon=":material/casino:",
            on_click=_write,
            args=(asked.model,),
            key="lm_write",
            type="primary",
        )
        if st.session_state.get(OWN) is not None and st.session_state.get(DRAWN_TEXT) == _text():
            st.button("Restore my text", on_click=_restore, key="lm_restore")
        st.caption(
            f"{LENGTH} random words, repeated once; each click draws others. They replace the text "
            "in the sidebar until you restore yours."
        )
    _surprise(asked)
    table = recipe.calls.induction_scores(asked.recipes[0], seed=SEED)
    table = asked.run("Induction scores", table, unit="passes", counts=False)
    if table is None:
        return None
    found = value(table)
    score = one_of(
        "Score", SCORES, key="lm_score", default="induction_score", label_visibility="collapsed"
    )
    frame = pd.DataFrame(
        {"layer": found["layer"], "unit": found["head"].astype(str), "value": found[score]}
    )
    return _heads(asked, table, frame, score)


def _heads(asked: Asked, table: Recipe, frame: pd.DataFrame, score: str) -> ViewResult:
    found = value(table)
    names = [head_map.unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    left, right = side_by_side(450, 450)
    with right:
        chosen = head_map.chooser(STATE, names, names[int(frame["value"].argmax())])
        line = found.iloc[names.index(chosen)]
        with st.container(horizontal=True):
            for name, title in SCORES.items():
                st.metric(title, number(line[name], ".2f"))
        head_map.link(asked, chosen)
        top = found.nlargest(8, score)[["layer", "head", *SCORES]]
        st.dataframe(top.rename(columns=SHORT).round(3), hide_index=True)
    with left:
        chart = unit_map(head_map.marked(frame, chosen), title=f"{SCORES[score].lower()} score")
        head_map.show(
            chart,
            frame,
            key="lm_induction_chart",
            state=STATE,
            title=f"{SCORES[score]} score of every head",
            alt=f"Map of the {SCORES[score].lower()} score of {len(frame)} heads; "
            f"{head_map.strongest(frame)}.",
        )
    st.caption(
        f"{SCORES[score]} score: {ABOUT[score]}. Mean over 8 repeated random sequences of "
        f"{LENGTH} tokens (Olsson et al. 2022); independent of the sidebar text. Range 0 to 1."
    )
    return ViewResult(chart, table)


def _write(name: str) -> None:
    """Put a fresh sequence into the sidebar's text."""
    seed = st.session_state.get(DRAWN, 0)
    try:
        text = ic.repeated_sequence(cache.model(name), LENGTH, seed=seed)
    except ic.ClearheadError as error:
        st.session_state["lm_refused"] = str(error)
        return
    if st.session_state.get(DRAWN_TEXT) != _text():  # the reader's own, not one drawn before
        st.session_state[OWN] = _text()
    st.session_state[DRAWN], st.session_state[DRAWN_TEXT] = seed + 1, text
    st.session_state["text"] = text


def _text() -> str:
    return st.session_state.get("text") or ""


def _restore() -> None:
    """Give the reader's own text back."""
    st.session_state["text"] = st.session_state.pop(OWN)


def _surprise(asked: Asked) -> None:
    """What the second copy costs the model, where the text is a sequence written twice."""
    from interp_core.ui.widgets.markdown import message

    if refused := st.session_state.pop("lm_refused", None):
        st.warning(message(refused))
    if not asked.text.strip():
        return
    if ic.written_twice(asked.loaded, asked.text) is None:
        st.info(
            "The current text is not a repeated sequence. Insert one to see surprisal in both "
            "copies; the scores below do not depend on the text.",
            icon=":material/info:",
        )
        return
    table = asked.run("Running both copies", recipe.calls.copy_surprisal(*asked.recipes))
    if table is None:
        return
    lines = value(table)
    means = lines.groupby("copy")["surprisal"].mean()
    first, second = (number(means.get(f"{name} copy"), ".1f") for name in ("first", "second"))
    st.markdown(
        f"Mean surprisal: **{first} bits** in the first copy, **{second} bits** in the "
        "second. Random words can only be predicted by copying."
    )
    figure(
        copies(lines),
        title="Surprisal in both copies",
        key="lm_copies_chart",
        alt=f"Lines of the surprisal by position: mean {first} bits in the first copy, "
        f"{second} in the second.",
        table=table,
    )
