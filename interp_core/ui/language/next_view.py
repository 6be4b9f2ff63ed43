"""Next token: what the model expects at each place, and how much the text surprises it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.language import EXPECTED, expected
from interp_core.ui.figure import figure
from interp_core.ui.language import reproduce, surprisal_strip
from interp_core.ui.language.asked import (
    Asked,
    Shown,
    place_choice,
    sequence,
    surprisals,
)
from interp_core.ui.language.telling import best_named
from interp_core.ui.plain import plain

LISTED = 10
OWN = "what the text has"


def draw(asked: Asked) -> Shown | None:
    """The shaded text and the expected tokens of one place."""
    read = sequence(asked)
    place = place_choice(asked, read)
    found = surprisals(asked)
    if found is None:
        return None
    surprisal_strip.draw(asked, read, found, place)
    _figures(found)
    frame = _next(asked, place)
    if frame is None:
        return None
    masked = asked.loaded.task == "masked-lm"
    own = place if masked else place + 1
    shown = ic.with_own_token(frame, found, own)
    where = f"**{plain(read.tokens[place])}** (position {place})"
    at = "at" if masked else "after"
    st.markdown(f"What the model expects {at} {where}")
    chart = expected(shown.assign(kind=np.where(shown["in_text"], OWN, EXPECTED)))
    figure(
        chart,
        title=f"Expected {at} {read.tokens[place]} (position {place})",
        key="lm_expected_chart",
        alt=f"Bars of the probabilities of {len(shown)} tokens {at} {read.tokens[place]}; "
        f"{best_named(shown)}.",
    )
    entropy = frame.attrs["entropy"]
    st.caption(
        f"Entropy {entropy:.2f} bits: as unsure as among {2**entropy:,.1f} equally likely tokens. "
        f"The {LISTED} listed hold {frame['probability'].sum():.1%}. ▁ is a space."
    )
    return Shown(
        chart,
        shown,
        lambda: reproduce.whole(
            asked,
            f"expected = ic.next_tokens(model, text, position={place}, k={_count(asked)})",
            f"table = ic.with_own_token(expected, ic.surprisal(model, text), {own})",
        ),
    )


def _next(asked: Asked, place: int) -> pd.DataFrame | None:
    def compute(progress: Callable) -> pd.DataFrame:
        progress(0, 1)
        return ic.next_tokens(asked.loaded, asked.text, position=place, k=_count(asked))

    return asked.run("Next token", compute, place)


def _count(asked: Asked) -> int:
    return min(LISTED, asked.loaded.model.config.get_text_config().vocab_size)


def _figures(found: pd.DataFrame) -> None:
    known = found.dropna(subset=["surprisal"])
    if not len(known):
        return
    mean = known["surprisal"].mean()
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Mean surprisal", f"{mean:.2f} bits",
            help="−log2 of the probability the model gave each token; the first one of a text "
            "that nothing stands before is left out.",
        )  # fmt: skip
        st.metric("Perplexity", f"{2**mean:,.1f}", help="2 to the power of the mean surprisal.")
        st.metric("Guessed right", f"{(known['rank'] == 1).mean():.0%}",
                  help="Share of tokens that were the model's first guess.")  # fmt: skip
