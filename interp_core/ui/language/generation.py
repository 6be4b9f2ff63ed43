"""Generate: let the model write on, and see what each chosen token was read from."""

from __future__ import annotations

import numpy as np
import streamlit as st

from interp_core.drawing.language import CONTEXT_SHOWN, PROMPT_SHOWN, by_unit
from interp_core.language.generation import MOST_TEMPERATURE, MOST_TOKENS, Generation
from interp_core.ui.language import head_map
from interp_core.ui.language.next_token import best_named
from interp_core.ui.language.question import Asked, place_name
from interp_core.ui.server import costs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.token_strip import token_strip

STEP = "lm_step"


def draw(asked: Asked) -> ViewResult | None:
    """The continuation; of one written token the alternatives and what the heads read."""
    with layout.controls():
        options = _options()

    # A pass over the text, one over each token, and one over all for the maps.
    more = 2 * options["tokens"] + costs.tokens(asked.loaded, asked.text)
    written = named("found", calls.generate(*asked.recipes, **options))
    written = asked.run("Generating", written, *options.values(), tokens=more)
    if written is None:
        return None
    found = value(written)
    with layout.controls():
        step = _step(found)
    chart = _strip(written, step)
    st.caption(_said(found))
    left, right = st.columns(2, gap="large")
    with right:
        chosen = reading(written, step)
    with left:
        alternatives(written, step)
        read(asked, written, step, chosen)
    return ViewResult(chart, written.to_frame())


def _options() -> dict:
    tokens = st.number_input("Tokens", 1, MOST_TOKENS, 10, key="lm_tokens", width=130, **BOUND)
    temperature = st.number_input(
        "Temperature",
        0.0,
        MOST_TEMPERATURE,
        0.0,
        0.1,
        key="lm_temperature",
        width=140,
        help="0: greedy decoding. 1: sample from the model's probabilities. Above 1: more random.",
        **BOUND,
    )
    seed = st.number_input(
        "Seed", 0, 2**31, 0, key="lm_seed", width=120, **BOUND, disabled=temperature == 0
    )
    return {"tokens": int(tokens), "temperature": float(temperature), "seed": int(seed)}


def _step(found: Generation) -> int:
    """The chosen written token, counted from 0: in a list for those who do not click.

    Before its control is drawn, the session does not know what a link or the history asks for.
    """
    names = [place_name(found.tokens, step) for step in range(len(found.tokens))]
    keep_valid(STEP, names)
    chosen = st.selectbox(
        "Generated token", names, index=None, placeholder=names[0], key=STEP, width=210, **BOUND
    )
    return 0 if chosen is None else names.index(chosen)


def _strip(written: Recipe, step: int) -> Recipe:
    """The text and its continuation; returns the same as a chart."""
    found = value(written)
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
    chart = written.chart()
    surest = int(np.argmax(found.probabilities))
    offer(
        chart,
        title="The continuation, shaded by probability",
        alt=f"{len(found.tokens)} tokens generated after the text, with the probability of "
        f"each: from {min(found.probabilities):.0%} to {found.probabilities[surest]:.0%} "
        f"({found.tokens[surest]}).",
    )
    return chart


def _said(found: Generation) -> str:
    end = (
        "The model generated its end-of-sequence token."
        if found.ended
        else "Stopped at the token limit."
    )
    return (
        "Tokens with a percentage were generated; shading and number show their probability. "
        f"{end} Click a generated token to see alternatives and attention."
    )


STATE = "lm_head"


def alternatives(written: Recipe, step: int) -> None:
    """The best tokens of this step, and the one that was drawn instead."""
    found = value(written)
    st.markdown(f"Alternatives to **{plain(found.tokens[step])}** (generated token {step})")
    table = calls.step_table(written, step)
    rows = value(table)
    figure(
        written.chart("alternatives", step),
        title=f"Alternatives to {found.tokens[step]} (generated token {step})",
        key="lm_instead_chart",
        alt=f"Bars of the probabilities of {len(rows)} tokens at generated token {step}; "
        f"{best_named(rows)}; generated: {found.tokens[step]}, "
        f"{found.probabilities[step]:.1%}.",
        table=table,
    )


def reading(written: Recipe, step: int) -> str:
    """The map of heads by how much they read beyond the first token; returns the chosen one."""
    table = calls.reading_heads(written, step)
    found, numbers = value(written), value(table)
    frame = by_unit(numbers, "beyond")
    # The sharpest late head, apart from those that rest, or read the last tokens whatever they are.
    late = numbers["layer"] >= numbers["layer"].median()
    sharpest = int(numbers["sharpest"].where(late, 0).argmax())
    names = [head_map.unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    chosen = head_map.chooser(STATE, names, names[sharpest])
    head_map.show(
        written.chart("heads", step, chosen=chosen),
        frame,
        key="lm_head_chart",
        state=STATE,
        title=f"Attention of each head when {found.tokens[step]} was generated",
        alt="Map of each head's attention to tokens other than the first when "
        f"{found.tokens[step]} (generated token {step}) was generated; "
        f"{head_map.strongest(frame)}.",
        table=table,
    )
    return chosen


def read(asked: Asked, written: Recipe, step: int, chosen: str) -> None:
    """The text shaded by what the chosen head read."""
    layer, _, head = chosen.partition(".")
    table = calls.tokens_read(written, step, int(layer), int(head))
    found, numbers = value(written), value(table)
    st.markdown(
        f"Attention of layer {layer}, head {head} when **{plain(found.tokens[step])}** was "
        "generated"
    )
    part = numbers.tail(CONTEXT_SHOWN)
    strengths = part["weight"] / max(float(part["weight"].max()), 1e-9)
    notes = [f"{weight:.0%}" for weight in part["weight"]]
    token_strip(
        list(part["token"]),
        strengths.to_numpy(),
        [f"{token}: {weight:.1%}" for token, weight in zip(part["token"], part["weight"])],
        label="Tokens shaded by the attention of the head",
        key="lm_read",
        on_pick=lambda place: None,
        notes=notes,
    )
    most = part.loc[part["weight"].idxmax()]
    offer(
        written.chart("read", step, int(layer), int(head)),
        title=f"Attention of layer {layer}, head {head} when {found.tokens[step]} was generated",
        alt=f"{len(part)} tokens shaded by the attention of layer {layer}, head {head}; most on "
        f"{most['token']} (token {most['position']}): {most['weight']:.0%}.",
        table=table,
    )
    st.caption(
        "The token is predicted at the position before it, so this is the attention row of "
        "that position. Many heads use the first token as an attention sink; the heatmap "
        "shows attention to all other tokens."
    )
    head_map.link(asked, chosen, asked.text + found.text)
