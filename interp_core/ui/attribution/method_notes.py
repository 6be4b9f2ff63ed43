"""Method notes: what each method does and costs, and how far it agreed with people."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel

MEASURED = Path(__file__).with_name("plausibility.csv")


def table(model: LoadedModel) -> pd.DataFrame:
    """One row for each method of this model, with its measured plausibility."""
    methods = ic.attribution_methods(model)
    about = pd.DataFrame(
        {
            "name": list(methods),
            "method": [entry.title for entry in methods.values()],
            "what it does": [entry.description for entry in methods.values()],
            "cost": [entry.cost for entry in methods.values()],
            "adds up": [entry.complete for entry in methods.values()],
            "has a sign": [entry.signed for entry in methods.values()],
        }
    )
    return about.merge(pd.read_csv(MEASURED), on="name", how="left").drop(columns="name")


def draw(model: LoadedModel) -> None:
    """The table and what its figures mean."""
    st.dataframe(table(model), hide_index=True)
    st.caption(
        "The last three columns are plausibility, measured with `sentiment` on 60 sentences of the "
        "Stanford Sentiment Treebank's dev set, whose words carry human labels: rank correlation "
        "of signed scores and labels, of their sizes, and how often a word with an opinion "
        "outranks a neutral one (random: 0, 0 and 0.5). Agreement with people is not truth: a "
        "method may be right about the model where the model is not like people."
    )
