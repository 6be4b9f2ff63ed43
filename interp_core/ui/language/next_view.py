"""Next token: what the model expects at each place, and how much the text surprises it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.language import EXPECTED, expected
from interp_core.models.tokens import TokenSequence
from interp_core.ui.language.asked import (
    Asked,
    Shown,
    pick_place,
    place_choice,
    sequence,
    surprisals,
)
from interp_core.ui.plain import plain
from interp_core.ui.token_strip import token_strip

LISTED = 10
OWN = "what the text has"
FULL = 16.0  # bits of full shade: one among 65,536
MOST_IN_STRIP = 300


def draw(asked: Asked) -> Shown | None:
    """The shaded text and the expected tokens of one place."""
    read = sequence(asked)
    place = place_choice(asked, read)
    found = surprisals(asked)
    if found is None:
        return None
    _strip(asked, read, found, place)
    _figures(found)
    frame = _next(asked, place)
    if frame is None:
        return None
    masked = asked.loaded.task == "masked-lm"
    shown = _with_own(frame, found, place if masked else place + 1)
    where = f"**{plain(read.tokens[place])}** (position {place})"
    st.markdown(f"What the model expects {'at' if masked else 'after'} {where}")
    chart = expected(shown)
    st.altair_chart(chart, width="stretch", alt="Probabilities of the tokens in the table below.")
    entropy = frame.attrs["entropy"]
    st.caption(
        f"Entropy {entropy:.2f} bits: as unsure as among {2**entropy:,.1f} equally likely tokens. "
        f"The {LISTED} listed hold {frame['probability'].sum():.1%}. ▁ is a space."
    )
    return Shown(chart, shown, f"print(ic.next_tokens(model, text, position={place}))")


def _next(asked: Asked, place: int) -> pd.DataFrame | None:
    def compute(progress: Callable) -> pd.DataFrame:
        progress(0, 1)
        return ic.next_tokens(asked.loaded, asked.text, position=place, k=_count(asked))

    return asked.run("Next token", compute, place)


def _count(asked: Asked) -> int:
    return min(LISTED, asked.loaded.model.config.get_text_config().vocab_size)


def _with_own(frame: pd.DataFrame, found: pd.DataFrame, place: int) -> pd.DataFrame:
    """The listed tokens, and the one that stands in the text where it is not among them."""
    shown = frame.assign(kind=EXPECTED)
    if place >= len(found) or np.isnan(found["rank"].iloc[place]):
        return shown
    own = found.iloc[place]
    if own["id"] in set(frame["id"]):
        shown.loc[shown["id"] == own["id"], "kind"] = OWN
        return shown
    row = {name: own[name] for name in ("token", "id", "probability", "rank")}
    return pd.concat([shown, pd.DataFrame([{**row, "kind": OWN}])], ignore_index=True)


def _strip(asked: Asked, read: TokenSequence, found: pd.DataFrame, place: int) -> None:
    first = max(0, min(place - MOST_IN_STRIP // 2, len(read) - MOST_IN_STRIP))
    part = found.iloc[first : first + MOST_IN_STRIP]
    bits = part["surprisal"].to_numpy()
    token_strip(
        list(part["token"]),
        np.nan_to_num(bits / FULL).clip(0, 1),
        [_title(row) for row in part.itertuples()],
        label="Tokens shaded by surprisal",
        key="lm_strip",
        on_pick=lambda at: pick_place(read, first + at),
        picked=place - first,
        notes=["" if np.isnan(each) else f"{each:.1f}" for each in bits],
    )
    which = "at it" if asked.loaded.task == "masked-lm" else "after it"
    cut = (
        f" Tokens {first} to {first + len(part) - 1} of {len(read)}."
        if len(part) < len(read)
        else ""
    )
    st.caption(
        f"Shade and figure: surprisal in bits, full at {FULL:g}. A click on a token shows what the "
        f"model expects {which}.{cut}"
    )


def _title(row) -> str:  # noqa: ANN001
    if np.isnan(row.surprisal):
        return f"{row.token}: nothing is predicted here"
    return (
        f"{row.token}: {row.surprisal:.2f} bits, probability {row.probability:.2%}, "
        f"rank {row.rank:,.0f}"
    )


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
