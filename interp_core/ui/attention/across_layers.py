"""One token across the layers, with rollout and flow beside the raw maps."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.attention.tables import same_tokens
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.question import UNIT, Options, token_choice
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, calls, value

LAYERS = "Rows: layers; columns: key tokens."
ALONE = (
    f"{LAYERS} Rollout and flow need the attention weights of all tokens. Set Weights to "
    "“Attention weights” and reset Options to show them."
)
FLOW = "Attention flow (Abnar & Zuidema 2020): maximum flow from each input token to this one."


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> alt.TopLevelMixin:
    """One token's attention in every layer, with rollout and flow beside it."""
    default = _telling_token(maps, model)
    with layout.controls():
        token = token_choice(maps, "Token", f"{maps.tokens[default]} (token {default})")
    with layout.options():
        flow = st.toggle(
            "Attention flow",
            key="flow",
            bind="query-params",
            persist_state="session",
            help="Attention flow (Abnar & Zuidema 2020): maximum flow from each input token to "
            "this token through all layers. Long texts take a few seconds.",
        )
    token = default if token is None else token
    everyone = len(options.heads) == maps.weights.shape[1]
    heads = list(range(maps.weights.shape[1])) if everyone else list(options.heads)
    made = options.shown.recipe()
    raw = made.weights[:, heads, token].mean(1)
    names = [str(number) for number in maps.layer_numbers]
    who = "mean of all heads" if everyone else _heads_said(heads)
    strips = [
        Strip(
            f"Attention by layer ({who})",
            UNIT[maps.kind],
            names,
            raw,
        )
    ]
    if maps.kind in ("attention", "zeroing") and same_tokens(maps) and not maps.changes:
        rolled = calls.attention_rollout(made)[:, token]
        strips.append(
            Strip(
                "Attention rollout up to each layer",
                "rollout",
                names,
                rolled,
            )
        )
        if flow:
            flowed = calls.attention_flow(made, token)[None]
            strips.append(
                Strip(
                    "Attention flow through all layers",
                    "max-flow",
                    ["all"],
                    flowed,
                )
            )
    charts = []
    for place, strip in enumerate(strips):
        charts.append(chart := _show(maps, options, strip, token))
        told = (LAYERS if len(strips) > 1 else ALONE, _rolled(model.layout.causal), FLOW)[place]
        st.caption(told + _sinks(value(chart)))
    return alt.vconcat(*map(value, charts))


def _heads_said(heads: list[int]) -> str:
    return f"head {heads[0]}" if len(heads) == 1 else f"mean of heads {', '.join(map(str, heads))}"


@dataclass(frozen=True)
class Strip:
    """One picture: title, unit of its values (layers, keys), names of its rows."""

    title: str
    unit: str
    names: list[str]
    values: Recipe


def _show(maps: ic.AttentionMaps, options: Options, strip: Strip, token: int) -> Recipe:
    values = value(strip.values)
    layer, key = np.unravel_index(int(values.argmax()), values.shape)
    named = {} if strip.names != ["all"] else {"layers": strip.names}
    about = {"title": strip.title, "unit": strip.unit, **named}
    chart = options.shown.recipe().chart("layers", strip.values, **about)
    figure(
        chart,
        title=f"{strip.title}: token {token}",
        alt=f"Attention from {maps.tokens[token]} (token {token}) in each layer; strongest to "
        f"{maps.key_tokens[key]} in layer {strip.names[layer]}, {values.max():.2f}.",
        key=f"strip_{strip.unit}",
        table=calls.layer_table(options.shown.recipe(), strip.values, **named),
    )
    return chart


def _telling_token(maps: ic.AttentionMaps, model: LoadedModel) -> int:
    """The token that decides (the class token; in decoders the last), else the last word."""
    if model.layout.causal:
        return len(maps.tokens) - 1
    if model.task in ("sequence-classification", "image-classification"):
        return 0
    words = [i for i, name in enumerate(maps.tokens) if not maps.special[i] and name[-1].isalnum()]
    return words[-1] if words else 0


def _rolled(causal: bool) -> str:
    drift = (
        " In causal models, rollout concentrates on the first token by construction."
        if causal
        else ""
    )
    return (
        "Attention rollout (Abnar & Zuidema 2020): product over layers of ½A + ½I, with A "
        "averaged over heads. It estimates how input tokens mix into this token; it is not an "
        "attribution." + drift
    )


def _sinks(chart: alt.TopLevelMixin) -> str:
    """What is said where the colour ends below the largest value."""
    if "colour ends" not in str(chart.title):
        return ""
    return (
        " Where special tokens receive most, the colour ends at the largest value of a token of "
        "the text."
    )
