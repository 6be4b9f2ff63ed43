"""Steering: add the difference of two prompts' states, and compare the continuations."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.language import STEERED
from interp_core.interventions.steering import STRONGEST, WARNING
from interp_core.ui.language.question import Asked
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

TOWARDS, AWAY = "I love this. It is wonderful.", "I hate this. It is terrible."
TOKENS = 15
COLUMNS = {
    "token_before": "before",
    "probability_before": st.column_config.NumberColumn("probability", format="percent"),
    "token_after": "after",
    "probability_after": st.column_config.NumberColumn("probability", format="percent"),
}


def draw(asked: Asked) -> ViewResult | None:
    """Two prompts, a layer and a strength; the continuation before and after."""
    layers = asked.loaded.n_layers
    with layout.controls():
        towards = _prompt("Steer towards", "lm_towards", TOWARDS)
        away = _prompt("Steer away from", "lm_away", AWAY)
        follow("lm_layer", layers // 3)
        keep_valid("lm_layer", list(range(layers)))
        layer = st.selectbox(
            "After layer",
            range(layers),
            index=layers // 3,
            key="lm_layer",
            width=130,
            help="Layers are numbered from 0, as on the page “Attention heads”.",
            **BOUND,
        )
        strength = st.slider(
            "Strength", -STRONGEST, STRONGEST, 3.0, 0.5, key="lm_strength", width=190, **BOUND
        )
    options = {"layer": layer, "strength": strength, "tokens": TOKENS}
    step = named("found", calls.steer(*asked.recipes, towards, away, **options))
    about = (towards, away, layer, strength)
    step = asked.run("Steering", step, *about, tokens=2 * TOKENS**2)
    if step is None:
        return None
    found = value(step)
    for side, name, each in zip(
        st.columns(2, gap="large"), ("Before", "After"), (found.before, found.after)
    ):
        with side:
            st.markdown(f"**{name} steering**")
            st.markdown(f":gray[{plain(asked.text)}]{plain(each.text)}")
    st.caption(
        f"The state of “{plain(towards)}” minus that of “{plain(away)}” (last token of each), "
        f"times {number(strength, '+.1f')}, is added after layer {layer} at every token: "
        f"{number(found.share, '.2f')} times the mean norm of the states there (Turner et al. "
        f"2023). The {TOKENS} most likely tokens in turn."
    )
    st.warning(WARNING, icon=":material/warning:")
    left, right = st.columns(2, gap="large")
    with left:
        chart = _next(step)
    table = step.to_frame()
    with right:
        st.markdown("**All tokens**")
        st.dataframe(value(table), hide_index=True, column_config=COLUMNS)
    return ViewResult(chart, table)


def _next(step: Recipe) -> Recipe:
    """The probabilities of the next token before and after steering."""
    table, chart = named("best", step.next_token()), step.chart()
    frame = value(table).head(STEERED)
    before, after = (
        frame.loc[frame[f"probability_{side}"].idxmax(), "label"] for side in ("before", "after")
    )
    st.markdown("**Next token**")
    figure(
        chart,
        title="Next token before and after steering",
        key="steering_next",
        alt=f"Bars of the probability of {len(frame)} next tokens before and after steering; most "
        f"likely: {before} before, {after} after.",
        table=table,
    )
    st.caption("A bar is missing where the token is not among the ten most likely of that side.")
    return chart


def _prompt(label: str, key: str, default: str) -> str:
    typed = st.text_input(
        label, key=key, placeholder=default, max_chars=MAX_CHARACTERS, width=235, **BOUND
    )
    return typed if typed.strip() else default
