"""Next token: what the model expects at each place, and how much the text surprises it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.drawing.language import FULL
from interp_core.drawing.language import LISTED as SHADED
from interp_core.inputs.tokens import TokenSequence
from interp_core.ui.language.question import (
    Asked,
    pick_place,
    place_choice,
    sequence,
    surprisals,
)
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.token_strip import token_strip


def best_named(frame: pd.DataFrame) -> str:
    """The most likely token of a table in words."""
    best = frame.loc[frame["probability"].idxmax()]
    return f"most likely: {best['token']}, {best['probability']:.1%}"


def settled(inside: pd.DataFrame) -> str:
    """What the grid shows, and the answer that stays from the earliest layer on, in words."""
    layers, places = inside["layer"].nunique(), inside["position"].nunique()
    same = inside.assign(same=inside["best"] == inside["answer"]).pivot(
        index="position", columns="layer", values="same"
    )
    # From which layer on the best token is the final answer, for each position.
    first = layers - same.iloc[:, ::-1].cumprod(axis=1).sum(axis=1)
    answer = inside.set_index("position")["answer"].groupby(level=0).first()[first.idxmin()]
    return (
        f"Grid of the top token after 0 to {layers - 1} layers at {places} positions; the "
        f"final prediction that appears first is {answer}, after {first.min()} layers."
    )


LISTED = 10


def draw(asked: Asked) -> ViewResult | None:
    """The shaded text and the expected tokens of one place."""
    read = sequence(asked)
    with layout.controls():  # where the other views have it, or the address would lose it
        place = place_choice(asked, read)
    found = surprisals(asked)
    if found is None:
        return None
    strip(asked, read, found, place)
    _figures(value(found))
    best = calls.next_tokens(*asked.recipes, position=place, k=_count(asked))
    best = asked.run("Next token", named("expected", best), place, counts=False)
    if best is None:
        return None
    masked = asked.loaded.task == "masked-lm"
    own = place if masked else place + 1
    table = calls.with_own_token(best, found, own)
    frame, shown = value(best), value(table)
    where = f"**{plain(read.tokens[place])}** (position {place})"
    at = "at" if masked else "after"
    st.markdown(f"Next-token probabilities {at} {where}")
    chart = calls.chart(table, "next_tokens")
    figure(
        chart,
        title=f"Next-token probabilities {at} {read.tokens[place]} (position {place})",
        key="lm_expected_chart",
        alt=f"Bars of the probabilities of {len(shown)} tokens {at} {read.tokens[place]}; "
        f"{best_named(shown)}.",
    )
    entropy = frame.attrs["entropy"]
    st.caption(
        f"Entropy {entropy:.2f} bits (equivalent to {2**entropy:,.1f} equally likely "
        f"tokens). Top {LISTED}: {frame['probability'].sum():.1%} of the probability. ▁ marks "
        "a space."
    )
    return ViewResult(chart, table)


def _count(asked: Asked) -> int:
    return min(LISTED, asked.loaded.model.config.get_text_config().vocab_size)


def _figures(found: pd.DataFrame) -> None:
    known = found.dropna(subset=["surprisal"])
    if not len(known):
        return
    mean = known["surprisal"].mean()
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Mean surprisal",
            f"{mean:.2f} bits",
            help="Mean of −log2 p(token). A first token without context is excluded.",
        )
        st.metric("Perplexity", f"{2**mean:,.1f}", help="2^(mean surprisal in bits).")
        st.metric(
            "Top-1 accuracy",
            f"{(known['rank'] == 1).mean():.0%}",
            help="Share of tokens that were the model's top prediction.",
        )


def strip(asked: Asked, read: TokenSequence, table: Recipe, place: int) -> None:
    found = value(table)
    first = max(0, min(place - SHADED // 2, len(read) - SHADED))
    part = found.iloc[first : first + SHADED]
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
        f"Shading and number: surprisal in bits, clipped at {FULL:g}. Click a token to see "
        f"the predictions {which}.{cut}"
    )
    _offer_strip(part, table, first)


def _offer_strip(part: pd.DataFrame, table: Recipe, first: int) -> None:
    """The strip as a picture of its own, with the table of all tokens."""
    known = part.dropna(subset=["surprisal"])
    if not len(known):
        return
    most = known.loc[known["surprisal"].idxmax()]
    options = {"first": first} if first else {}
    offer(
        calls.chart(table, "surprisal", **options),
        title="Tokens shaded by surprisal",
        alt=f"{len(part)} tokens shaded by surprisal, on average {known['surprisal'].mean():.1f} "
        f"bits; most for {most['token']}: {most['surprisal']:.1f} bits.",
        table=table,
    )


def _title(row) -> str:  # noqa: ANN001
    if np.isnan(row.surprisal):
        return f"{row.token}: nothing is predicted here"
    return (
        f"{row.token}: {row.surprisal:.2f} bits, probability {row.probability:.2%}, "
        f"rank {row.rank:,.0f}"
    )
