"""The text, each token shaded by how much it surprised the model; a click chooses a token."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.charts.strip import token_lines
from interp_core.models.tokens import TokenSequence
from interp_core.ui.figure import offer
from interp_core.ui.language import reproduce
from interp_core.ui.language.asked import Asked, pick_place
from interp_core.ui.token_strip import token_strip

FULL = 16.0  # bits of full shade: one among 65,536
MOST_IN_STRIP = 300


def draw(asked: Asked, read: TokenSequence, found: pd.DataFrame, place: int) -> None:
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
    _offer_strip(asked, part, found)


def _offer_strip(asked: Asked, part: pd.DataFrame, found: pd.DataFrame) -> None:
    """The strip as a picture of its own, with the table of all tokens."""
    known = part.dropna(subset=["surprisal"])
    if not len(known):
        return
    most = known.loc[known["surprisal"].idxmax()]
    drawn = pd.DataFrame(
        {
            "token": part["token"],
            "strength": (part["surprisal"].fillna(0) / FULL).clip(0, 1),
            "note": ["" if np.isnan(each) else f"{each:.1f}" for each in part["surprisal"]],
        }
    )
    offer(
        lambda: token_lines(drawn, title="surprisal (bits)"),
        title="Tokens shaded by surprisal",
        alt=f"{len(part)} tokens shaded by surprisal, on average {known['surprisal'].mean():.1f} "
        f"bits; most for {most['token']}: {most['surprisal']:.1f} bits.",
        numbers=found,
        script=lambda: reproduce.whole(asked, "table = ic.surprisal(model, text)"),
    )


def _title(row) -> str:  # noqa: ANN001
    if np.isnan(row.surprisal):
        return f"{row.token}: nothing is predicted here"
    return (
        f"{row.token}: {row.surprisal:.2f} bits, probability {row.probability:.2%}, "
        f"rank {row.rank:,.0f}"
    )
