"""Generate: let the model write on, and see what each chosen token was read from."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.generation import MOST_TEMPERATURE, MOST_TOKENS
from interp_core.charts.strip import token_lines
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.figure import offer
from interp_core.ui.language import heads, reproduce, step_view
from interp_core.ui.language.asked import Asked, Shown, place_name, side_by_side
from interp_core.ui.token_strip import token_strip

STEP = "lm_step"
PROMPT_SHOWN = 40  # last tokens of the prompt in the strip


def draw(asked: Asked) -> Shown | None:
    """The continuation; of one written token the alternatives and what the heads read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        options = _options()

    def compute(progress: heads.Progress) -> ic.Generation:
        return ic.generate(asked.loaded, asked.text, **options, progress=progress)

    found = asked.run("Writing", compute, *options.values())
    if found is None:
        return None

    def script(last: str) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
        return reproduce.whole(
            asked, f"found = ic.generate(model, text, {arguments})", f"table = {last}"
        )

    step = _step(found)
    chart = _strip(found, step)
    left, right = side_by_side(450, 450)
    with left:
        step_view.alternatives(found, step, script)
    with right:
        chosen = step_view.reading(found, step, script)
    step_view.read(asked, found, step, chosen, script)
    return Shown(chart, found.to_frame(), lambda: script("found.to_frame()"))


def _options() -> dict:
    tokens = st.number_input("Tokens", 1, MOST_TOKENS, 10, key="lm_tokens", width=130, **BOUND)
    temperature = st.number_input(
        "Temperature", 0.0, MOST_TEMPERATURE, 0.0, 0.1, key="lm_temperature", width=140,
        help="0 takes the best token each time; 1 draws by the model's own probabilities; above 1 "
        "is more daring.", **BOUND,
    )  # fmt: skip
    seed = st.number_input("Seed", 0, 2**31, 0, key="lm_seed", width=120, **BOUND,
                           disabled=temperature == 0)  # fmt: skip
    return {"tokens": int(tokens), "temperature": float(temperature), "seed": int(seed)}


def _step(found: ic.Generation) -> int:
    """The chosen written token, counted from 0."""
    names = [place_name(found.tokens, step) for step in range(len(found.tokens))]
    keep_valid(STEP, names)
    chosen = st.session_state.get(STEP)
    return 0 if chosen is None else names.index(chosen)


def _strip(found: ic.Generation, step: int) -> alt.LayerChart:
    """The text and its continuation; returns the same as a chart."""
    first = max(0, found.prompt - PROMPT_SHOWN)
    before = found.maps.tokens[first : found.prompt]
    names = [place_name(found.tokens, at) for at in range(len(found.tokens))]

    def pick(at: int) -> None:
        if at >= len(before):
            st.session_state[STEP] = names[at - len(before)]

    titles = [
        f"{token}: probability {chance:.2%}, rank {rank:,}"
        for token, chance, rank in zip(found.tokens, found.probabilities, found.ranks)
    ]
    tokens = [*before, *found.tokens]
    strengths = [*np.zeros(len(before)), *found.probabilities]
    notes = [*([""] * len(before)), *(f"{chance:.0%}" for chance in found.probabilities)]
    token_strip(
        tokens,
        strengths,
        [*(f"{token}: given" for token in before), *titles],
        label="The text and its continuation, shaded by probability",
        key="lm_written",
        on_pick=pick,
        picked=len(before) + step,
        notes=notes,
    )
    chart = token_lines(
        pd.DataFrame({"token": tokens, "strength": strengths, "note": notes}), title="probability"
    )
    surest = int(np.argmax(found.probabilities))
    offer(
        chart,
        title="The continuation, shaded by probability",
        alt=f"{len(found.tokens)} tokens written after the text, with the probability of each: "
        f"from {min(found.probabilities):.0%} to {found.probabilities[surest]:.0%} "
        f"({found.tokens[surest]}).",
    )
    # Drawn after the strip: a list for those who do not click, and the address.
    st.selectbox("Written token", names, index=None, placeholder=names[0], key=STEP, width=210,
                 **BOUND)  # fmt: skip
    st.caption(_said(found))
    return chart


def _said(found: ic.Generation) -> str:
    end = "The model wrote its end mark." if found.ended else "Stopped after the asked number."
    return (
        "Tokens with a percentage were written by the model; shade and figure are its own "
        f"probability of each. {end} Click a written token to see the alternatives and what it was "
        "read from."
    )
