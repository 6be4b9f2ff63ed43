"""The app as one would write it first: everything is loaded and computed whenever it is needed."""

import altair as alt
import pandas as pd
import streamlit as st
import torch

import interp_core as ic

DEFAULT = "The plot is not bad at all, but the ending left me cold."

st.title("Attention heads")
text = st.sidebar.text_area("Text", st.query_params.get("text", DEFAULT))
loaded = ic.load_model("sentiment")
view = st.segmented_control("View", ["Overview", "Heatmap"], default="Overview")
layer = st.selectbox("Layer", range(loaded.n_layers))
heads = st.multiselect("Heads", range(loaded.n_heads), default=[0])

inputs = loaded.tokenizer(text, return_tensors="pt", truncation=True)
with torch.no_grad():
    attentions = loaded.model(**inputs, output_attentions=True).attentions
tokens = loaded.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
names = [f"{place} {token}" for place, token in enumerate(tokens)]


def frame(layer: int, head: int) -> pd.DataFrame:
    """query, key, weight."""
    table = pd.DataFrame(attentions[layer][0, head].numpy(), index=names, columns=names)
    table = table.rename_axis("query").reset_index()
    return table.melt("query", var_name="key", value_name="weight").assign(layer=layer, head=head)


def heatmap(table: pd.DataFrame) -> alt.Chart:
    """Queries down, keys across."""
    return (
        alt.Chart(table)
        .mark_rect()
        .encode(x=alt.X("key", sort=names), y=alt.Y("query", sort=names), color="weight")
    )


if view == "Overview":
    every = [frame(a, b) for a in range(loaded.n_layers) for b in range(loaded.n_heads)]
    small = heatmap(pd.concat(every)).properties(width=60, height=60)
    st.altair_chart(small.facet(row="layer", column="head"))
else:
    for head in heads:
        st.altair_chart(heatmap(frame(layer, head)))
