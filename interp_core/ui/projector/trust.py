"""How far the picture may be trusted: its scores, and how much it owes to seed and method."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.quality import Quality
from interp_core.charts.simple import histogram
from interp_core.models.record import LoadedModel
from interp_core.ui.figure import figure
from interp_core.ui.numbers import number
from interp_core.ui.projector import drawing, drawn_again, how_drawn, own_axes, sources
from interp_core.ui.projector.asked import SLOW, Drawing, Points
from interp_core.ui.projector.naming import titled
from interp_core.ui.projector.shown import Drawn

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MEANING = {
    "trustworthiness": "of what the picture shows as near, how much is near (1 is perfect)",
    "continuity": "of what is near, how much the picture shows as near (1 is perfect)",
    "neighbours kept": "share of a point's true neighbours that the picture shows as its own",
    "none kept": "share of the points that keep none of theirs",
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> Drawn | None:
    """Scores, their spread over points, and stability on demand."""
    wanted = how_drawn.choose(asked, row)
    vectors = sources.vectors(asked)
    wanted = vectors and own_axes.complete(wanted, vectors)
    if wanted is None:
        return None
    if len(vectors) < 3:
        st.info("Fewer than three points have no neighbourhoods to compare.")
        return None
    picture = drawing.projection(wanted, vectors)
    picture = picture and drawing.judged(wanted, vectors, picture)
    if picture is None:
        return None
    _scores(picture.quality)
    chart = _spread(wanted, picture)
    if wanted.method in SLOW:
        st.warning(
            "In t-SNE and UMAP sizes of groups, gaps between them and distances across the picture "
            "mean little; only who is whose neighbour is drawn on purpose.",
            icon=":material/straighten:",
        )
    drawn_again.show(wanted, vectors)
    return Drawn(wanted, vectors, picture, chart, ic.point_table(vectors, picture))


def _scores(quality: Quality) -> None:
    figures = (quality.trustworthiness, quality.continuity, quality.kept, quality.none_kept)
    with st.container(horizontal=True, gap="large"):
        for (name, meaning), figure in zip(MEANING.items(), figures):
            share = name in ("neighbours kept", "none kept")
            st.metric(
                name.capitalize(),
                number(figure, ".0%" if share else ".3f"),
                help=meaning[0].upper() + meaning[1:] + ".",
            )
    count = len(quality.reliability)
    ranked = "all points"
    if quality.ranked < count:
        ranked = f"a random sample of {quality.ranked:,} points"
    st.caption(
        f"Over the {quality.k} nearest neighbours of {ranked} (Venna & Kaski 2001). A random "
        f"picture has a trustworthiness of about 0.5 and keeps {quality.chance:.1%}."
    )


def _spread(wanted: Drawing, picture: ic.Projection) -> alt.LayerChart:
    """How many points keep how many of their neighbours."""
    quality = picture.quality
    chart = histogram(
        pd.Series(picture.reliability),
        mark=quality.chance,
        height=180,
        step=1 / quality.k,
        title=f"share of its {quality.k} true neighbours that a point keeps",
    )
    figure(
        chart,
        title=f"Neighbours kept by {titled(wanted)}",
        alt=f"Histogram of the share of its {quality.k} true neighbours that a point keeps: "
        f"{quality.kept:.0%} on average, by chance {quality.chance:.1%}; {quality.none_kept:.0%} "
        "of the points keep none.",
    )
    st.caption(
        "The line is what a random picture would keep. On the picture, colour by “reliability” to "
        "see where it can be believed."
    )
    return chart
