"""Two pictures of the same points side by side, with one box for both."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.pairs import side_by_side
from interp_core.embedding.neighbours import Neighbours
from interp_core.embedding.projection import REDUCERS
from interp_core.embedding.quality import neighbour_overlap
from interp_core.embedding.tables import KEPT
from interp_core.embedding.vectors import Vectors, point_labels
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import appearance, drawing_choice, results, sources
from interp_core.ui.embedding.colouring import grouped, label_columns
from interp_core.ui.embedding.downloads import PointResult
from interp_core.ui.embedding.question import LAYERED, SLOW, Drawing, Points, points_named
from interp_core.ui.server import cache
from interp_core.ui.widgets import layout, model_choice
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, within
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


MOST_POINTS = 5_000
MOST_CHANGED = 20
COLUMNS = {
    KEPT: st.column_config.NumberColumn(format="percent", width="small"),
    "point": st.column_config.NumberColumn(width="small"),
    "text": st.column_config.TextColumn(width="large"),
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> PointResult | None:
    """Both pictures, how far they agree, and the points whose neighbours changed most."""
    left = drawing_choice.choose(asked, row, solid=False, own=False)
    right = choose(left, model, row)
    if right is None:
        return None
    sides = (left, right)
    both = [sources.vectors(each.points) for each in sides]
    if any(each is None for each in both):
        return None
    _check(both)
    pictures = [results.projection(each, found) for each, found in zip(sides, both)]
    near = None if any(each is None for each in pictures) else _near(sides, both)
    if near is None:
        return None
    places = [each.coordinates for each in pictures]
    paired = _paired(sides, both, pictures, near)
    table = value(paired)
    titles = side_titles(left, right)
    chart = _chart(table, both[0], titles)
    kept = float(neighbour_overlap(*(each.indices for each in near)).mean())
    pair_of = ic.compare_pictures(dict(zip(("left", "right"), places))).iloc[0]
    figure(chart, title=_title(left, titles), alt=_described(len(table), kept, pair_of))
    _figures(kept, pair_of)
    _changed(table)
    return PointResult(chart, paired, asked=left, vectors=both[0])


def _paired(
    sides: tuple[Drawing, Drawing],
    both: list[Vectors],
    pictures: list[ic.Projection],
    near: list[Neighbours],
) -> Recipe:
    """The table of both pictures."""
    first = sources.recipe(sides[0].points, both[0], name="first", columns=False)
    second = first
    if sides[1].points != sides[0].points:
        second = sources.recipe(sides[1].points, both[1], name="second", columns=False)
    places, lists = [], []
    for name, side, made, *found in zip(("left", "right"), sides, (first, second), pictures, near):
        picture, knn = found
        drawn = named(name, side.call(made, quality=False))
        places.append(supplied(drawn, partial(lambda each: each, picture)).coordinates)
        step = calls.find_neighbours(made, metric=side.metric)
        lists.append(supplied(step, partial(lambda each: each, knn)))
    return calls.pair_table(first, places, named("near", lists))


def _check(both: list[Vectors]) -> None:
    if len(both[0]) != len(both[1]):
        raise ic.BadInput(
            "The two models tokenise these texts differently, so tokens cannot be matched. "
            "Set “Unit”, under “Options”, to “text”."
        )
    if len(both[0]) > MOST_POINTS:
        raise ic.BadInput(
            f"Too many points for “Side by side” ({len(both[0]):,}; limit: {MOST_POINTS:,}). "
            "Filter the data."
        )


def _near(sides: tuple[Drawing, Drawing], both: list[Vectors]) -> list[Neighbours] | None:
    """The true neighbours on both sides."""
    near = [results.neighbours(each.points, found, each.metric) for each, found in zip(sides, both)]
    return None if any(each is None for each in near) else near


def _title(left: Drawing, titles: tuple[str, str]) -> str:
    about = points_named(replace(left.points, layer=None))
    return f"{about[0].upper()}{about[1:]}: {titles[0]} and {titles[1]}"


def _described(count: int, kept: float, pair: pd.Series) -> str:
    return (
        f"The same {count:,} points in two projections. Shared nearest neighbours: "
        f"{number(kept, '.0%')} in the original spaces, {number(pair['shared'], '.0%')} in "
        "the projections."
    )


def _chart(  # noqa: ANN202 - any chart of Altair's
    table: pd.DataFrame, vectors: Vectors, titles: tuple[str, str]
):
    labels = label_columns(vectors)
    keep_valid("pair_colour", labels)
    first = 0 if labels else None
    follow("pair_colour", labels[0] if labels else None)
    with layout.options():
        label = st.selectbox(
            "Colour by", labels, index=first, key="pair_colour", placeholder="none", **BOUND
        )
    frame = table.assign(text=point_labels(vectors, appearance.SHOWN_LETTERS))
    told = ["text", KEPT]
    if label:
        frame[appearance.COLOUR] = grouped(vectors.frame[label]).to_numpy()
        frame[f"{label} "] = frame[appearance.COLOUR]
        told.insert(1, f"{label} ")
    return side_by_side(frame, titles, appearance.COLOUR if label else None, tuple(told))


def _figures(kept: float, row: pd.Series) -> None:
    st.caption(
        f"Shared nearest neighbours: {number(kept, '.0%')} in the original spaces, "
        f"{number(row['shared'], '.0%')} in the projections (random: "
        f"{number(row['chance'], '.1%')}). The right chart is aligned to the left one "
        "(Procrustes). Drag to highlight points in both; double-click to reset."
    )


def _changed(table: pd.DataFrame) -> None:
    if (table[KEPT] == 1).all():
        return
    st.markdown("**Points whose neighbours changed most**")
    worst = table.nsmallest(MOST_CHANGED, KEPT)[["point", KEPT, "text"]]
    st.dataframe(worst, hide_index=True, height=240, column_config=COLUMNS)


AGAINST = {
    "layer": "another layer",
    "model": "another model",
    "method": "another method",
    "seed": "another seed",
}
# The same backbone before and after training: the first to compare.
ALIKE = ("encoder", "sentiment")


def choose(left: Drawing, model: LoadedModel, row: DeltaGenerator) -> Drawing | None:
    """The right-hand side, as the controls say; None while no model is named."""
    layered = left.points.source in LAYERED
    offered = [name for name in AGAINST if layered or name in ("method", "seed")]
    keep_valid("against", offered)
    with row:
        against = st.selectbox(
            "Compare with", offered, format_func=AGAINST.get, key="against", width=160, **BOUND
        )
        return ASK[against](left, model)


def side_titles(left: Drawing, right: Drawing) -> tuple[str, str]:
    """What differs between the two sides."""
    if left.points.model != right.points.model:
        one, other = (f"{each.points.model}, layer {each.points.layer}" for each in (left, right))
    elif left.points.layer != right.points.layer:
        one, other = f"layer {left.points.layer}", f"layer {right.points.layer}"
    elif left.method != right.method:
        one, other = left.title, right.title
    else:
        one, other = f"seed {left.seed}", f"seed {right.seed}"
    return one, other


def _layer(left: Drawing, model: LoadedModel) -> Drawing:
    within("depth2", model.n_layers, 0)
    other = st.slider("Layer on the right", 0, model.n_layers, 0, key="depth2", width=160, **BOUND)
    return replace(left, points=replace(left.points, layer=other))


def _model(left: Drawing, model: LoadedModel) -> Drawing | None:
    name = model_choice.second(
        "Model on the right",
        left.points.model,
        key="model2",
        prefer=ALIKE,
        fits=lambda card: card.reads_images == (model.tokenizer is None),
        width=210,
    )
    if not name:
        return None
    with st.spinner("Loading the other model …"):
        other = cache.model(name)
    layer = round(left.points.layer * other.n_layers / max(model.n_layers, 1))
    points = replace(left.points, model=name, files=cache.stamp(name), layer=layer)
    return replace(left, points=points)


def _method(left: Drawing, model: LoadedModel) -> Drawing:
    names = [name for name in REDUCERS if name not in (left.method, "axis")]
    keep_valid("reducer2", names)
    name = st.selectbox(
        "Method on the right",
        names,
        key="reducer2",
        width=180,
        format_func=lambda each: REDUCERS[each].title,
        **BOUND,
    )
    return replace(left, method=name, options=())


def _seed(left: Drawing, model: LoadedModel) -> Drawing:
    """Another seed, from a random start: the usual start would decide the picture."""
    seed = st.number_input(
        "Seed on the right", 0, 2**31 - 1, left.seed + 1, key="seed2", width=180, **BOUND
    )
    start = (("init", "random"),) if left.method in SLOW else ()
    return replace(left, seed=int(seed), options=(*left.options, *start))


ASK = {"layer": _layer, "model": _model, "method": _method, "seed": _seed}
