"""Whether the groups part as layers go up."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from interp_core.analysis.label_agreement import label_agreement
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import lines
from interp_core.ui.plain import plain
from interp_core.ui.projector.asked import Points
from interp_core.ui.projector.colouring import as_names
from interp_core.ui.projector.store import slow

NEAR = 10  # neighbours that are asked for their label


def show(asked: Points, parts: list[Vectors], label: str) -> None:
    """By layer, how often neighbours carry the same label."""

    def compute(progress: Callable[[int, int], object]) -> pd.DataFrame:
        rows = []
        for number, part in enumerate(parts):
            rows.append((number, *label_agreement(part, as_names(part.frame[label]), k=NEAR)))
            progress(number + 1, len(parts))
        return pd.DataFrame(rows, columns=["layer", "among neighbours", "by chance"])

    found = slow((asked, "agreement", label), "Neighbours' labels", compute, unit="layers")
    if found is None:
        return
    first, last = found["among neighbours"].iloc[[0, -1]]
    st.markdown(
        f"**Do the groups part as layers go up?** Neighbours share their {plain(label)} in "
        f"{first:.0%} of the cases at layer 0, in {last:.0%} at the last."
    )
    long = found.melt("layer", var_name="what", value_name="share")
    chart = lines(
        long, x="layer", y="share", colour="what", x_title="layer", y_title="share", form=".0%"
    )
    st.altair_chart(chart, width="stretch", alt="Neighbours with the same label, by layer.")
    st.caption(
        f"Mean share of each point's {NEAR} nearest neighbours (cosine, original space) with the "
        f"same {plain(label)}."
    )
