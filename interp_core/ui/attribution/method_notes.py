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
            "description": [entry.description for entry in methods.values()],
            "cost": [entry.cost for entry in methods.values()],
            "complete": [entry.complete for entry in methods.values()],
            "signed": [entry.signed for entry in methods.values()],
        }
    )
    return about.merge(pd.read_csv(MEASURED), on="name", how="left").drop(columns="name")


def draw(model: LoadedModel) -> None:
    """The table and what its figures mean."""
    st.dataframe(table(model), hide_index=True)
    st.caption(
        "The last three columns measure plausibility: agreement with human word labels on 60 "
        "dev sentences of the Stanford Sentiment Treebank, for `sentiment` (rank correlation "
        "of signed scores; of absolute scores; how often an opinion word outranks a neutral "
        "word; random: 0, 0, 0.5). Plausibility is not faithfulness."
    )
