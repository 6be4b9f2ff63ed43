"""Numbers of the picture as a table, downloads, and a script that computes them again."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.views import head_summaries
from interp_core.ui import downloads
from interp_core.ui.attention.controls import Options
from interp_core.ui.sidebar import Choice

TABLE_ROWS = 200


def show(chart: Any, maps: ic.AttentionMaps, asked: Choice, options: Options) -> None:
    """The table behind the picture, the downloads and the script."""
    layer, head = options.layer, options.heads[0]
    with st.expander("Numbers", icon=":material/table:"):
        st.dataframe(_table(maps, options), hide_index=True, height=280)
    with st.expander("Download and reproduce", icon=":material/download:"):
        name = f"attention_layer{layer}_head{head}"
        downloads.buttons(
            {
                **downloads.pictures(chart, f"attention_{options.view}"),
                f"CSV, layer {layer} head {head}": (
                    f"{name}.csv",
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
        return head_summaries(maps).round(4)
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
    if options.stack != "encoder":
        lines.append(f"maps = maps.{options.stack}")
    if options.special != "show":
        lines.append(f"maps = maps.without_special(renormalize={options.special == 'hide'})")
    if options.words:
        lines.append("maps = maps.by_word()")
    heads = ", ".join(f"maps.head({options.layer}, {head})" for head in options.heads)
    return "\n".join([*lines, f"weights = sum([{heads}]) / {len(options.heads)}  # query × key"])
