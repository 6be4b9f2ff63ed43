"""The whole text with the label of every word; a click explains another one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.attribution.labelled_tokens import OUTSIDE
from interp_core.inputs.encode import encode_with_decoder
from interp_core.ui.attribution.question import Asked, tags
from interp_core.ui.server import cache
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
        spelled(asked, words),
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


def spelled(asked: Asked, words: pd.DataFrame) -> list[str]:
    """The tokens as the text spells them: a tokenizer may have put them into lower case."""
    sequence = encode_with_decoder(cache.model(asked.model), asked.text, asked.pair).sequence
    found = []
    for place, token in zip(words["position"], words["token"]):
        span, segment = sequence.offsets[place], sequence.segments[place]
        own = "" if span is None else sequence.texts[segment][slice(*span)]
        found.append(own if own.casefold() == token.casefold() else token)
    return found


def _pick(table, place: int) -> None:  # noqa: ANN001 - a data frame
    st.session_state["position"] = f"{place}: {table['token'][place]}"
