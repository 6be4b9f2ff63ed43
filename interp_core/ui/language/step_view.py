"""One written token: what could have stood there, and what each head read when it was chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.language import EXPECTED, expected, unit_map
from interp_core.charts.strip import token_lines
from interp_core.ui.figure import figure, offer
from interp_core.ui.language import heads
from interp_core.ui.language.asked import Asked
from interp_core.ui.language.telling import best_named
from interp_core.ui.plain import plain
from interp_core.ui.token_strip import token_strip

STATE, WRITTEN = "lm_head", "written"
CONTEXT_SHOWN = 120  # tokens in the strip of what was read
Script = Callable[[str], str]  # the last expression in, the script out


def alternatives(found: ic.Generation, step: int, script: Script) -> None:
    """The best tokens of this step, and the one that was drawn instead."""
    st.markdown(f"Instead of **{plain(found.tokens[step])}** (written token {step})")
    rows = ic.step_table(found, step)
    figure(
        expected(rows.assign(kind=np.where(rows["chosen"], WRITTEN, EXPECTED))),
        title=f"Alternatives to {found.tokens[step]} (written token {step})",
        key="lm_instead_chart",
        alt=f"Bars of the probabilities of {len(rows)} tokens at written token {step}; "
        f"{best_named(rows)}; written: {found.tokens[step]}, {found.probabilities[step]:.1%}.",
        numbers=rows,
        script=lambda: script(f"ic.step_table(found, {step})"),
    )


def reading(found: ic.Generation, step: int, script: Script) -> str:
    """The map of heads by how much they read beyond the first token; returns the chosen one."""
    numbers = ic.reading_heads(found, step)
    frame = pd.DataFrame(
        {
            "layer": numbers["layer"],
            "unit": numbers["head"].astype(str),
            "value": numbers["beyond"],
        }
    )
    # The sharpest late head, apart from those that rest, or read the last tokens whatever they are.
    late = numbers["layer"] >= numbers["layer"].median()
    sharpest = int(numbers["sharpest"].where(late, 0).argmax())
    names = [heads.unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    chosen = heads.chooser(STATE, names, names[sharpest])
    heads.show(
        unit_map(heads.marked(frame, chosen), title="attention beyond the first token"),
        frame,
        key="lm_head_chart",
        state=STATE,
        title=f"What the heads read when {found.tokens[step]} was chosen",
        alt="Map of how much each head reads beyond the first token when "
        f"{found.tokens[step]} (written token {step}) is chosen; {heads.strongest(frame)}.",
        numbers=numbers,
        script=lambda: script(f"ic.reading_heads(found, {step})"),
    )
    return chosen


def read(asked: Asked, found: ic.Generation, step: int, chosen: str, script: Script) -> None:
    """The text shaded by what the chosen head read."""
    layer, _, head = chosen.partition(".")
    numbers = ic.tokens_read(found, step, int(layer), int(head))
    st.markdown(
        f"What layer {layer}, head {head} read when **{plain(found.tokens[step])}** was chosen"
    )
    part = numbers.tail(CONTEXT_SHOWN)
    strengths = part["weight"] / max(float(part["weight"].max()), 1e-9)
    notes = [f"{weight:.0%}" for weight in part["weight"]]
    token_strip(
        list(part["token"]),
        strengths.to_numpy(),
        [f"{token}: {weight:.1%}" for token, weight in zip(part["token"], part["weight"])],
        label="What the head read",
        key="lm_read",
        on_pick=lambda place: None,
        notes=notes,
    )
    most = part.loc[part["weight"].idxmax()]
    offer(
        lambda: token_lines(part.assign(strength=strengths, note=notes), title="attention"),
        title=f"What layer {layer}, head {head} read when {found.tokens[step]} was chosen",
        alt=f"{len(part)} tokens shaded by the attention of layer {layer}, head {head}; most on "
        f"{most['token']} (token {most['position']}): {most['weight']:.0%}.",
        numbers=numbers,
        script=lambda: script(f"ic.tokens_read(found, {step}, {layer}, {head})"),
    )
    st.caption(
        "The token is chosen from the state at the token before it, so this is that token's row of "
        "attention. Many heads rest on the first token when they have nothing to do; the map shows "
        "what they read beyond it. The rows equal one full pass over the finished text."
    )
    heads.link(asked, chosen, asked.text + found.text)
