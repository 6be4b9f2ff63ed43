"""What the views of an audit share: rows that open an explanation, and figures in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.ui.audit.answers import Audited
from interp_core.ui.widgets import clicks
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, builtin, named, supplied

MOST_ROWS = 500
LABEL = 60  # characters of a text in the label of a link


def read_texts(audited: Audited) -> tuple[tuple[str, ...], Recipe]:
    """The texts that the model could read, and the same as part of recipes."""
    done = np.flatnonzero(audited.predictions.done).tolist()
    data = audited.data_recipe
    if len(done) < len(audited.data):
        data = data.take(done)
    texts = audited.data.take(done).texts
    return texts, supplied(named("texts", builtin(list)(data.texts)), lambda: list(texts))


def signed(number: float, form: str = "+.2f") -> str:
    """A number with its sign, the minus of text."""
    return f"{number:{form}}".replace("-", "−")


def percent(share: float) -> str:
    """A share with at most one decimal."""
    return f"{share:.1%}".replace(".0%", "%")


def explain_row(
    audited: Audited, frame: pd.DataFrame, texts: Sequence[str], *, key: str, note: str = ""
) -> None:
    """A table of which a chosen row offers its texts' explanations; `texts` are their columns."""
    shown = frame.head(MOST_ROWS)
    st.dataframe(
        shown,
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        height=min(320, 38 + 35 * max(len(shown), 1)),
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in shown
            if pd.api.types.is_float_dtype(shown[name])
        },
    )
    chosen = clicks.row(key, len(shown))
    told = "Choose a row to explain its texts." if chosen is None else ""
    more = f" First {MOST_ROWS} of {len(frame):,} rows." if len(frame) > MOST_ROWS else ""
    if told or more or note:
        st.caption(f"{told}{more} {note}".strip())
    if chosen is None:
        return
    for name in texts:
        text = str(shown.iloc[chosen][name])
        if text:
            explanation_link(audited.asked.model, text)


def explanation_link(model: str, text: str) -> None:
    """A link to the attribution page with this model and text."""
    short = text if len(text) <= LABEL else f"{text[:LABEL]}…"
    st.page_link(
        "pages/word_attributions.py",
        label=f"Explain “{plain(short)}”",
        icon=":material/arrow_forward:",
        query_params={"model": model, "text": text},
    )


def head_link(model: str, text: str, layer: int, head: int) -> None:
    """A link to the attention page with this head and text."""
    st.page_link(
        "pages/attention_heads.py",
        label=f"Open layer {layer}, head {head} with a text where it shows",
        icon=":material/arrow_forward:",
        query_params={
            "model": model,
            "text": text,
            "layer": str(layer),
            "heads": str(head),
            "view": "Heatmap",
        },
    )
