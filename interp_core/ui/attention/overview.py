"""The overview: every layer × head as a small picture."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.heatmaps import overview, panel_side
from interp_core.drawing import attention as frames
from interp_core.models.record import LoadedModel
from interp_core.ui.attention import question
from interp_core.ui.attention.question import UNIT, Options, open_head
from interp_core.ui.server import cache
from interp_core.ui.widgets import clicks
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, supplied

TELLING = 0.4  # share of its attention from which a head is named by where it goes
MARGIN = 44  # px of the layers' numbers and title


def draw(maps: ic.AttentionMaps, options: Options, model: LoadedModel) -> Recipe:
    """All heads; a click opens one."""
    frame = frames.overview_frame(
        question.summaries(options.shown),
        question.urls(options.shown),
        model.layout,
        options.layer,
        options.heads,
    )
    made = options.shown.recipe()
    about = {"layer": options.layer, "heads": list(options.heads)}
    if model.layout.kv_heads < model.layout.heads:
        about["layout"] = cache.model_recipe(options.shown.asked.model).layout
    chart = supplied(made.chart("overview", **about), lambda: overview(frame))
    layers, heads = maps.weights.shape[:2]
    figure(
        chart,
        room=heads * panel_side(layers, heads) + MARGIN,
        title="All heads",
        key="overview_chart",
        on_select=lambda: _open_clicked(frame),
        selection_mode="head",
        alt=f"{maps.weights.shape[0]} layers by {maps.weights.shape[1]} heads of attention maps; "
        f"{_sharpest(frame)}.",
    )
    top = frames.full_ink(maps)
    st.caption(
        "One tile per head: query tokens down, key tokens across. Colour: square root of the "
        f"{UNIT[maps.kind]}, {_clipped(maps, top)}. Click a tile to open the head. "
        f"{_selected(frame)}"
    )
    return chart


def _selected(frame: pd.DataFrame) -> str:
    """The open head, and what it does on this text."""
    chosen = frame[frame["chosen"]]
    if len(chosen) != 1:
        return ""
    head = chosen.iloc[0]
    said = {"previous": "previous token", "next": "next token", "special": "special tokens"}
    shares = {name: head[key] for key, name in said.items() if key in frame}
    most = max(shares, key=shares.get)
    shown = f" ({most} {shares[most]:.0%})" if shares[most] > TELLING else ""
    return f"Framed: layer {head['layer']}, head {head['head']}{shown}."


def _clipped(maps: ic.AttentionMaps, top: float) -> str:
    """Where the colour ends, and what lies beyond it."""
    if float(maps.weights.max()) <= top:
        return f"strongest at {top:.2g}"
    return f"clipped at {top:.2g}"


def _sharpest(frame: pd.DataFrame) -> str:
    """The most focused and the most even head in words."""
    low, high = (frame.loc[getattr(frame["entropy"], which)()] for which in ("idxmin", "idxmax"))
    return (
        f"lowest entropy: layer {low['layer']}, head {low['head']}; highest: layer "
        f"{high['layer']}, head {high['head']}"
    )


def _open_clicked(frame: pd.DataFrame) -> None:
    hit = clicks.mark("overview_chart", "head", layer=set(frame["layer"]), head=set(frame["head"]))
    if hit:
        open_head(*hit)
