"""Numbers of the picture as a table, downloads, and a script that computes them again."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.ui import downloads
from interp_core.ui.attention import figures
from interp_core.ui.attention.controls import Options
from interp_core.ui.sidebar import Choice

TABLE_ROWS = 200


def show(chart: Any, maps: ic.AttentionMaps, asked: Choice, options: Options) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.section("Numbers", ":material/table:", lambda: _numbers(maps, options))
    downloads.section(
        "Download and reproduce", ":material/download:", lambda: _offer(chart, maps, asked, options)
    )


def _numbers(maps: ic.AttentionMaps, options: Options) -> None:
    st.dataframe(_table(maps, options), hide_index=True, height=280)


def _offer(chart: Any, maps: ic.AttentionMaps, asked: Choice, options: Options) -> None:
    layer, head = options.layer, options.heads[0]
    downloads.buttons(
        {
            **downloads.pictures(chart, f"attention_{options.view}"),
            f"CSV, layer {layer} head {head}": (
                f"attention_layer{layer}_head{head}.csv",
                "text/csv",
                lambda: downloads.csv(maps.to_frame(layer, head)),
            ),
            "NPZ, all heads": ("attention.npz", "application/zip", lambda: _archive(maps)),
        },
        key="attention",
    )
    st.code(script(asked, options), language="python")


def _table(maps: ic.AttentionMaps, options: Options) -> pd.DataFrame:
    if options.view == "overview":
        return figures.summaries(options.shown).round(4)
    parts = [maps.to_frame(options.layer, head) for head in options.heads]
    return pd.concat(parts).nlargest(TABLE_ROWS, "weight").round(5)


def _archive(maps: ic.AttentionMaps) -> bytes:
    return downloads.npz(
        {
            "weights": maps.weights,
            "query_tokens": maps.tokens,
            "key_tokens": maps.key_tokens,
            "special": maps.special,
            "layers": maps.layer_numbers,
        }
    )


def script(asked: Choice, options: Options) -> str:
    """Python that computes the same numbers with `interp_core`."""
    call = "norm_weighted_attention" if options.kind == "norm" else "attention_maps"
    pair = f", {asked.pair!r}" if asked.pair else ""
    lines = [
        "import interp_core as ic",
        "",
        f"model = ic.load_model({asked.model!r})",
        f"maps = ic.{call}(model, {asked.text!r}{pair})",
    ]
    if options.shown.stack != "encoder":
        lines.append(f"maps = maps.{options.shown.stack}")
    if options.shown.special != "show":
        lines.append(f"maps = maps.without_special(renormalize={options.shown.special == 'hide'})")
    if options.shown.words:
        lines.append("maps = maps.by_word()")
    heads = ", ".join(f"maps.head({options.layer}, {head})" for head in options.heads)
    return "\n".join([*lines, f"weights = sum([{heads}]) / {len(options.heads)}  # query × key"])
