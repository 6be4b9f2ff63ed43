"""Induction: heads that find what followed the last time, on a random sequence written twice."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from interp_core.drawing.language import by_unit
from interp_core.errors import BadInput
from interp_core.ui.language import head_map
from interp_core.ui.language.question import Asked
from interp_core.ui.widgets import layout, recipe
from interp_core.ui.widgets.choices import BOUND, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, number
from interp_core.ui.widgets.recipe import Recipe, named, value
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
STATE = "lm_inductor"
DRAWN = "lm_draw"
WORDS = "Another number draws other random words. The scores below are of words of their own."


def draw(asked: Asked) -> ViewResult | None:
    """What repetition does to the surprisal, and the scores of all heads."""
    _surprise(asked)
    table = recipe.calls.induction_scores(asked.recipes[0], seed=SEED)
    table = asked.run("Induction scores", table, unit="passes", counts=False)
    if table is None:
        return None
    found = value(table)
    score = one_of(
        "Score", SCORES, key="lm_score", default="induction_score", label_visibility="collapsed"
    )
    return _heads(asked, table, by_unit(found, score), score)


def _heads(asked: Asked, table: Recipe, frame: pd.DataFrame, score: str) -> ViewResult:
    found = value(table)
    names = [head_map.unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    left, right = st.columns(2, gap="large")
    with right:
        chosen = head_map.chooser(STATE, names, names[int(frame["value"].argmax())])
        line = found.iloc[names.index(chosen)]
        with st.container(horizontal=True):
            for name, title in SCORES.items():
                st.metric(title, number(line[name], ".2f"))
        head_map.link(asked, chosen)
        top = found.nlargest(8, score)[["layer", "head", *SCORES]]
        three = st.column_config.NumberColumn(format="%.3f")
        formats = dict.fromkeys(SHORT.values(), three)
        st.dataframe(top.rename(columns=SHORT), hide_index=True, column_config=formats)
    with left:
        chart = recipe.calls.chart(table, "induction_scores", score, chosen=chosen)
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


def _surprise(asked: Asked) -> None:
    """What the second copy of a random sequence costs the model."""
    with layout.controls():
        seed = st.number_input(
            "Seed of the words", 0, 2**31, 0, key=DRAWN, width=170, help=WORDS, **BOUND
        )
    sequence = recipe.calls.repeated_sequence(asked.recipes[0], LENGTH, seed=int(seed))
    try:
        text = value(sequence)
    except BadInput as error:  # the tokenizer has too few words for it
        st.info(message(str(error)), icon=":material/info:")
        return
    question = replace(asked, text=text)
    step = recipe.calls.copy_surprisal(asked.recipes[0], named("text", sequence))
    table = question.run("Running both copies", step)
    if table is None:
        return
    lines = value(table)
    means = lines.groupby("copy")["surprisal"].mean()
    first, second = (number(means.get(f"{name} copy"), ".1f") for name in ("first", "second"))
    st.markdown(
        f"{LENGTH} random words, repeated once. Mean surprisal: **{first} bits** in the first "
        f"copy, **{second} bits** in the second. Random words can only be predicted by copying."
    )
    figure(
        recipe.calls.chart(table, "copy_surprisal"),
        title="Surprisal in both copies",
        key="lm_copies_chart",
        alt=f"Lines of the surprisal by position: mean {first} bits in the first copy, "
        f"{second} in the second.",
        table=table,
    )
