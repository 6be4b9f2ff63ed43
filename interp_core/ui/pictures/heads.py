"""The head page for image models: statistics over many example pictures, and importance."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.image_heads import image_head_statistics
from interp_core.charts.heads import by_layer, head_map
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, downloads, jobs
from interp_core.ui.choices import BOUND
from interp_core.ui.heads.catalogue import IMPORTANCE, STATISTICS, offered
from interp_core.ui.heads.table import map_frame
from interp_core.ui.pictures.chooser import many

COUNTS = (50, 100, 360)
IMPORTANCE_PICTURES = 100


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The map of one statistic, its spread by layer, and the table."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = st.selectbox(
            "Pictures",
            COUNTS,
            index=1,
            key="picture_count",
            width=150,
            format_func=lambda n: f"{n} digits",
            **BOUND,
        )
        place = st.container()
    frame = _table(model, choice.model, most)
    if frame is None:
        return
    names = offered(list(frame))
    name = place.selectbox(
        "Statistic",
        names,
        format_func=lambda n: STATISTICS[n].title,
        key="picture_stat",
        width=260,
        **BOUND,
    )
    entry = STATISTICS[name]
    title = "distance (patches)" if name == "distance" else entry.title
    drawn = map_frame(frame, name, None)
    chart = head_map(drawn, title=title, text_format=entry.digits)
    st.altair_chart(chart, width="stretch", alt=f"{title} of every head.")
    st.caption(
        f"{entry.about} {entry.caution} Over {most} handwritten digits that the embedded "
        "model never saw; the first token is the class token."
    )
    st.altair_chart(
        by_layer(drawn, title=title, text_format=entry.digits),
        width="stretch",
        alt=f"{title} of every head by layer.",
    )
    st.markdown(
        "**What to look for.** Early heads often read the neighbourhood, late ones the whole "
        "picture; a head that rests on the class token passes nothing on."
    )
    downloads.below(chart, frame, "heads_pictures")


def _table(model: LoadedModel, name: str, most: int) -> pd.DataFrame | None:
    """Statistics and gradient importance, shared."""
    images, _ = many(model, most)
    key = ("picture heads", name, cache.stamp(name), most)
    frame = jobs.run(
        key,
        "Reading the pictures",
        lambda progress: image_head_statistics(model, images, progress=progress),
        unit="pictures",
    )
    worth = jobs.run(
        (*key, IMPORTANCE),
        "Gradient importance",
        lambda progress: ic.head_importance(model, images[:IMPORTANCE_PICTURES], progress=progress),
        unit="pictures",
    )
    if frame is None or worth is None:
        return frame
    added = worth[["layer", "head", "importance", "importance_se"]]
    return frame.merge(added, on=["layer", "head"])
