"""The whole text with the label of every word; a click explains another one."""

from __future__ import annotations

import numpy as np
import streamlit as st

from interp_core.attribution.labelled_tokens import OUTSIDE
from interp_core.ui.attribution.question import Asked, tags
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.token_strip import token_strip


def show(asked: Asked) -> None:
    """Draw the labelled text; the token of the question is framed."""
    table = tags(asked)
    words = table[~table["special"].astype(bool)].reset_index(drop=True)
    places = words["position"].tolist()
    inside = (words["label"] != OUTSIDE).to_numpy()
    chances = words["probability"].fillna(1.0).to_numpy()
    token_strip(
        words["token"].tolist(),
        np.where(inside, chances, 0.0),
        [f"{row.token}: {row.label}, {row.probability:.1%}" for row in words.itertuples()],
        label="Tokens with their labels",
        key="tagged",
        on_pick=lambda at: _pick(table, places[at]),
        picked=places.index(asked.position) if asked.position in places else None,
        notes=[label if label != OUTSIDE else "" for label in words["label"]],
    )
    row = table.iloc[asked.position]
    st.caption(
        f"Selected: “{plain(row['token'])}”, {plain(row['label'])} {row['probability']:.1%}. "
        "Colour: probability of the label. Click another token to explain its label."
    )


def _pick(table, place: int) -> None:  # noqa: ANN001 - a data frame
    st.session_state["position"] = f"{place}: {table['token'][place]}"
