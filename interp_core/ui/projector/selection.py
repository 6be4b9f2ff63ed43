"""The points inside a box: what they have in common."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.point_names import names
from interp_core.analysis.vectors import Vectors
from interp_core.ui import downloads
from interp_core.ui.plain import plain
from interp_core.ui.projector.colouring import label_columns

SHOWN = 500


def show(vectors: Vectors, rows: np.ndarray) -> None:
    """Table, common words, label mix and a download of the selected points."""
    with st.container(border=True):
        st.markdown(f"**{len(rows):,} points in the box**")
        if not len(rows):
            return
        chosen = vectors.take(rows)
        left, right = st.columns(2)
        with left:
            st.caption("Words in the most of them")
            words = ic.common_words(list(chosen.frame["text"]), top=12)
            st.dataframe(
                words,
                hide_index=True,
                height=240,
                column_config={"share": st.column_config.NumberColumn(format="percent")},
            )
        with right:
            _mix(vectors, chosen)
        table = chosen.frame.assign(point=rows)
        first = pd.DataFrame({"point": rows, "text": names(chosen, 200)})
        rest = table.drop(columns=["point", "text"])
        st.dataframe(pd.concat([first, rest], axis=1).head(SHOWN), hide_index=True, height=240)
        downloads.buttons(
            {"CSV of the box": ("selection.csv", "text/csv", lambda: downloads.csv(table))},
            key="box",
        )


def _mix(vectors: Vectors, chosen: Vectors) -> None:
    """Each label's share inside against its share of all points."""
    labels = label_columns(vectors)
    if not labels:
        st.caption("These points carry no labels.")
        return
    name = labels[0]
    inside = chosen.frame[name].astype(str).value_counts()
    overall = vectors.frame[name].astype(str).value_counts(normalize=True)
    mix = pd.DataFrame({name: inside.index, "points": inside.to_numpy()})
    mix["share"] = mix["points"] / len(chosen)
    mix["of all points"] = overall.reindex(inside.index).to_numpy()
    st.caption(f"Mix of {plain(name)}")
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        mix, hide_index=True, height=240, column_config={"share": percent, "of all points": percent}
    )
