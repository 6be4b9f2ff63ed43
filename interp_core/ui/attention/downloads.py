"""Numbers of the picture as a table, downloads, and a script that computes them again."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.ui.attention import question, script
from interp_core.ui.attention.question import Options
from interp_core.ui.report import adding
from interp_core.ui.widgets import downloads


def show(chart: Any, maps: ic.AttentionMaps, options: Options) -> None:
    """The table behind the picture, the downloads and the script."""
    adding.finish(_table(maps, options), lambda: script.main(options))
    downloads.section("Numbers", ":material/table:", lambda: _numbers(maps, options))
    downloads.section(
        "Download and reproduce", ":material/download:", lambda: _offer(chart, maps, options)
    )


def _numbers(maps: ic.AttentionMaps, options: Options) -> None:
    st.dataframe(_table(maps, options).round(5), hide_index=True, height=280)


def _offer(chart: Any, maps: ic.AttentionMaps, options: Options) -> None:
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
    st.code(script.main(options), language="python")


def _table(maps: ic.AttentionMaps, options: Options) -> pd.DataFrame:
    if options.view == "overview":
        return question.summaries(options.shown)
    return ic.attention_table(maps, options.layer, options.heads)


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
