"""The geometry of the space: one-sidedness, lengths, intrinsic dimension."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.tables import rank_correlation
from interp_core.drawing.space import GEOMETRY, geometry_parts
from interp_core.embedding.tables import LENGTHS
from interp_core.embedding.vectors import Vectors
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import drawing_choice, sources
from interp_core.ui.embedding.downloads import PointResult
from interp_core.ui.embedding.question import LAYERED, Drawing, Points, points_named
from interp_core.ui.embedding.results import shared
from interp_core.ui.widgets.downloads import section
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, calls, value

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

NAMES = {
    **GEOMETRY,
    "norm_spread": "SD of norms",
    "spread": "participation ratio",
    "searched": "points used",
    "norm_rank": "norm and rank (Spearman)",
}
_THREE = st.column_config.NumberColumn(format="%.3f")
_ONE = st.column_config.NumberColumn(format="%.1f")
FORMATS = {
    "anisotropy": _THREE,
    "mean norm": _THREE,
    "SD of norms": _THREE,
    "intrinsic dimension": _ONE,
    "participation ratio": _ONE,
    "norm and rank (Spearman)": _THREE,
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> PointResult | None:
    """By layer where there are layers; lengths against frequency for the vocabulary."""
    metric = drawing_choice.nearness()
    layered = asked.source in LAYERED
    asked = sources.thinned(asked) if layered else asked
    vectors = sources.all_layers(asked) if layered else sources.vectors(asked)
    if vectors is None:
        return None
    known = _known(vectors, asked, layered=layered)
    key = (asked, "geometry", metric)
    step = calls.geometry(known if layered else {0: known}, metric=metric)
    step = shared(key, "Computing the geometry", step, unit="%", counts=False)
    if step is None:
        return None
    table = value(step)
    chart = _by_layer(step, asked) if layered else _one(table, known)
    st.caption(
        "**Anisotropy** is the mean cosine of all pairs (Ethayarajh 2019): where it is high, "
        "random pairs already have a high cosine similarity, so compare a cosine with this "
        "value. **Intrinsic dimension** comes from the distances to the first two neighbours "
        "(Facco et al. 2017), the **participation ratio** is a dimension from the variances "
        "of the principal components."
    )
    if asked.value("sampled"):
        st.caption(f"Measured on a random sample of {asked.value('sampled'):,} texts.")
    measured = step if layered else step.drop(columns="layer")
    section("All measures", ":material/table:", lambda: _measures(value(measured)))
    last = ic.at_layer(vectors, model.n_layers) if layered else vectors
    asked = replace(asked, layer=model.n_layers if layered else None)
    return PointResult(chart, measured, asked=Drawing(asked, metric=metric), vectors=last)


def _measures(table: pd.DataFrame) -> None:
    st.dataframe(table.rename(columns=NAMES), hide_index=True, column_config=FORMATS)


def _known(vectors: Vectors, asked: Points, *, layered: bool) -> Recipe:
    """The vectors without columns of a file, whose names might mean other things than ours."""
    if asked.source == "vectors":
        return calls.make_vectors(sources.recipe(asked, vectors).values)
    if not layered:
        return sources.recipe(asked, vectors)
    ours = [name for name in ("text", "layer") if name in vectors.frame]
    plain = Vectors(vectors.values, vectors.frame[ours], vectors.notes)
    return sources.recipe(asked, plain, layer="all", columns=False)


def _by_layer(step: Recipe, asked: Points) -> Recipe:
    table = value(step)
    parts = geometry_parts(table)
    courses = [_course(table, name, title) for name, title in GEOMETRY.items()]
    with st.container(horizontal=True):
        for part, course in zip(parts, courses):
            said = f"Line over {len(table)} layers: {course}."
            draw_chart(part.properties(width=265), width="content", alt=said)
    whole = calls.chart(step, "geometry")
    offer(
        whole,
        title=f"Geometry of {points_named(replace(asked, layer=None))} by layer",
        alt=f"Lines over {len(table)} layers: {'; '.join(courses)}.",
    )
    return whole


def _course(table: pd.DataFrame, name: str, title: str) -> str:
    """Where a line begins and ends."""
    first, last = (number(each, ".3g") for each in table[name].iloc[[0, -1]])
    return f"{title} {first} at layer 0, {last} at the last"


def _one(table: pd.DataFrame, known: Recipe) -> Recipe | None:
    vectors: Vectors = value(known)
    chart = _lengths(known) if {"rank", "norm"} <= set(vectors.frame) else None
    only = table.iloc[0]
    with st.container(horizontal=True, gap="large"):
        st.metric("Anisotropy", number(only["anisotropy"]))
        st.metric("Intrinsic dimension", number(only["intrinsic"], ".1f"))
        st.metric(
            "Mean norm",
            number(only["norm"], ".2f"),
            help=f"± {number(only['norm_spread'], '.2f')} SD",
        )
    return chart


def _lengths(known: Recipe) -> Recipe:
    """Frequent words have shorter vectors in many models: see whether in this one."""
    vectors, table = value(known), calls.length_table(known)
    frame = value(table)
    chart = calls.chart(table, "length_table")
    tied = number(rank_correlation(frame["rank"], frame["norm"]), ".2f")
    figure(
        chart,
        title="Norm of the vector by frequency rank",
        alt=f"Points of {len(frame):,} entries: norm {frame['norm'].min():.2f} to "
        f"{frame['norm'].max():.2f}; its rank correlation with the frequency rank is "
        f"{tied}.",
        table=table,
    )
    if len(vectors) > LENGTHS:
        st.caption(f"A random sample of {LENGTHS:,} of {len(vectors):,} entries.")
    return chart
