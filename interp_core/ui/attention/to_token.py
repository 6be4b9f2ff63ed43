"""Attention to a token: what each head of the model gives to one key token."""

from __future__ import annotations

import re
from functools import partial

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attention.tables import same_tokens
from interp_core.charts.received import received_map
from interp_core.inputs.words import word_groups
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.question import UNIT, Options, key_choice, open_head
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import offer
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import calls, value
from interp_core.ui.widgets.result import ViewResult

NEGATION = re.compile(
    r"not|no|never|nothing|nobody|none|nor|neither|cannot|hardly|without|\w+n['’]t", re.IGNORECASE
)
LISTED = 6  # heads at either end that are named
HALF = 0.5  # of an even share


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> ViewResult:
    """Layer × head of what one key token receives, and the heads that give it most and least."""
    default, why = telling_key(maps)
    with layout.controls():
        chosen = key_choice(maps, "Key token", f"{maps.key_tokens[default]} (token {default})")
    with layout.options():
        itself = not st.toggle(
            "Exclude attention to itself",
            key="others",
            **BOUND,
            help="Only attention from other tokens is counted.",
        )
    token = default if chosen is None else chosen
    made = options.shown.recipe()
    given = {} if itself else {"itself": False}
    table = calls.attention_to(made, token, **given).sort_values("over_uniform", ascending=False)
    frame = value(table)
    drawn = frame.assign(
        chosen=(frame["layer"] == options.layer) & frame["head"].isin(options.heads)
    )
    about = {"layer": options.layer, "heads": list(options.heads)}
    about |= {"unit": UNIT[maps.kind]} if maps.kind != "attention" else {}
    chart = calls.chart(table, "attention_to", **about)
    name = maps.key_tokens[token]
    known = frame.dropna(subset=["over_uniform"])
    told = (
        f"Map of {maps.weights.shape[0]} layers by {maps.weights.shape[1]} heads: "
        f"attention to “{name}” (token {token}); {_ends(known)}."
    )
    with st.container(gap="xsmall"):
        draw_chart(
            received_map(drawn, unit=UNIT[maps.kind]),
            key="to_token_chart",
            on_select=partial(_open_clicked, frame),
            selection_mode="head",
            alt=told,
        )
        offer(chart, title=f"Attention to “{name}” (token {token})", alt=told)
    st.caption(_caption(maps, token, itself, known) + ("" if chosen is not None else f" {why}"))
    if len(known):
        _heads("Highest", known.head(LISTED))
        _heads("Lowest", known.tail(LISTED)[::-1])
    return ViewResult(chart, table)


def telling_key(maps: ic.AttentionMaps) -> tuple[int, str]:
    """The place of the key that a new visitor sees, and why it is this one."""
    words = [
        (int(places[0]), maps.keys.word_text(maps.keys.word_ids[places[0]]))
        for places in word_groups(maps.keys)
        if maps.keys.word_ids[places[0]] is not None
    ]
    for place, word in words:
        if NEGATION.fullmatch(word):
            return place, "Selected because it is the first negation of the text."
    read = maps.weights.mean((0, 1, 2))
    real = [place for place, word in words if any(map(str.isalnum, word))]
    real = real or [place for place, _ in words] or list(range(len(maps.key_tokens)))
    best = max(real, key=lambda place: read[place])
    return best, "Selected because it receives the most attention of all words."


def _caption(maps: ic.AttentionMaps, token: int, itself: bool, known: pd.DataFrame) -> str:
    name, unit = plain(maps.key_tokens[token]), UNIT[maps.kind]
    if not len(known):
        return f"No other query token can attend to “{name}” (token {token})."
    low = int((known["over_uniform"] < HALF).sum())
    who = "the query tokens" if itself or not same_tokens(maps) else "the other query tokens"
    if maps.even is not None and (maps.even[..., token] == 0).any():
        who += " that can attend to it"
    return (
        f"One cell per head: mean {unit} from {who} to “{name}” (token {token}), relative to "
        "uniform attention over the available keys (1 = uniform). Blue: above 1; orange: "
        f"below 1; logarithmic scale, clipped at 1/8 and 8. **{low} of {len(known)} heads are "
        "below 0.5.** Click a cell to open the head."
    )


def _ends(known: pd.DataFrame) -> str:
    if not len(known):
        return "no query token can attend to it"
    most, least = known.iloc[0], known.iloc[-1]
    return (
        f"highest: layer {most['layer']}, head {most['head']} ({most['over_uniform']:.2f} × "
        f"uniform); lowest: layer {least['layer']}, head {least['head']} "
        f"({least['over_uniform']:.2f} × uniform)"
    )


def _heads(title: str, frame: pd.DataFrame) -> None:
    """One row of buttons that open heads."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        for layer, head, ratio in frame[["layer", "head", "over_uniform"]].itertuples(index=False):
            st.button(
                f"L{layer} H{head} · {_times(ratio)}",
                key=f"to_{title}_{layer}_{head}",
                on_click=open_head,
                args=(layer, head),
            )


def _times(ratio: float) -> str:
    return "< 0.01×" if 0 < ratio < 0.005 else f"{ratio:.2f}×"


def _open_clicked(frame: pd.DataFrame) -> None:
    hit = clicks.mark("to_token_chart", "head", layer=set(frame["layer"]), head=set(frame["head"]))
    if hit:
        open_head(*hit)
