"""Whether the groups part as layers go up."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.vectors import Vectors
from interp_core.charts.simple import lines
from interp_core.ui.figure import figure
from interp_core.ui.numbers import number
from interp_core.ui.plain import plain
from interp_core.ui.projector import script
from interp_core.ui.projector.asked import Points
from interp_core.ui.projector.store import slow

NEAR = 10  # neighbours that are asked for their label


def show(asked: Points, parts: list[Vectors], label: str) -> None:
    """By layer, how often neighbours carry the same label."""
    found = slow(
        (asked, "agreement", label),
        "Neighbours' labels",
        lambda progress: ic.agreement_by_layer(parts, label, k=NEAR, progress=progress),
        unit="layers",
    )
    if found is None:
        return
    first, last = (number(each, ".0%") for each in found["among neighbours"].iloc[[0, -1]])
    st.markdown(
        f"**Do the groups part as layers go up?** Neighbours share their {plain(label)} in "
        f"{first} of the cases at layer 0, in {last} at the last."
    )
    figure(
        _chart(found),
        title=f"Neighbours with the same {label}, by layer",
        alt=f"Lines over {len(found)} layers: neighbours share their {label} in {first} of the "
        f"cases at layer 0, in {last} at the last; by chance in "
        f"{number(found['by chance'].iloc[0], '.0%')}.",
        numbers=found,
        script=lambda: script.agreement(asked, label),
    )
    st.caption(
        f"Mean share of each point's {NEAR} nearest neighbours (cosine, original space) with the "
        f"same {plain(label)}."
    )


def _chart(found: pd.DataFrame):  # noqa: ANN202 - any chart of Altair's
    long = found.melt("layer", var_name="what", value_name="share")
    return lines(
        long, x="layer", y="share", colour="what", x_title="layer", y_title="share", form=".0%"
    )
