"""The head page for image models: statistics over many example pictures, and importance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.charts.axes import head_room
from interp_core.heads.catalogue import IMAGE_STATISTICS, IMPORTANCE, STATISTICS, offered
from interp_core.models.record import LoadedModel
from interp_core.ui.images.question import SMALL, choose_several, patches_of
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

COUNTS = (50, 100, 360)
IMPORTANCE_PICTURES = 100


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The map of one statistic, its spread by layer, and the table."""
    with layout.controls():
        images = _images(model)
        place = st.container()
    if images is None:
        return
    steps = _tables(model, choice.model, images)
    if steps is None:
        return
    counted, table = steps
    frame = value(table)
    others = model.layout.pictures.before + model.layout.pictures.after
    names = [name for name in offered(frame) if others or name != "share_first"]
    keep_valid("picture_stat", names)
    name = place.selectbox(
        "Statistic",
        names,
        format_func=lambda n: IMAGE_STATISTICS[n].title,
        key="picture_stat",
        width=260,
        **BOUND,
    )
    entry = IMAGE_STATISTICS[name]
    title = entry.axis
    about = {} if title == STATISTICS[name].axis else {"title": title}
    chart = calls.chart(table, "heads", name, **about)
    figure(
        chart,
        title=f"{title.capitalize()} of every head over {images.short}",
        room=head_room(frame["head"].nunique()),
        alt=f"Map of the {title} of {len(frame)} heads; {_extremes(frame, name, entry.digits)}.",
    )
    st.caption(f"{entry.about} {entry.caution} {images.about} {_added(others)}")
    means = frame.groupby("layer")[name].mean()
    figure(
        calls.chart(table, "points_by_layer", name, **about),
        title=f"{title.capitalize()} by layer over {images.short}",
        alt=f"Heads as points above their layer; means of the first and last layer: "
        f"{number(means.iloc[0], entry.digits)} and {number(means.iloc[-1], entry.digits)}.",
        table=calls.statistic_table(table if name == IMPORTANCE else counted, name),
    )
    st.caption("Every head above its layer; the dashed line is the mean of the layer.")
    added = " Heads that attend mostly to an added token usually have little effect."
    layout.how_to_read(
        "**How to read this.** Early heads often attend to nearby patches, later heads to the "
        f"whole image.{added * bool(others)}"
    )
    downloads.below(ViewResult(chart, table), "heads_pictures")


@dataclass(frozen=True)
class _Images:
    """Images that are averaged over: as a step of recipes, in words, and what tells them apart.

    `patches` is how many the model makes of all of them.
    """

    recipe: Recipe | list[Recipe]
    short: str
    about: str
    key: tuple[str, ...]
    patches: int


def _images(model: LoadedModel) -> _Images | None:
    """Digits that `digits` never saw, for models of small images; for the others photographs and
    images of one's own. None while there are none."""
    if max(model.layout.pictures.size) > SMALL:
        return _photographs(model)
    most = st.selectbox(
        "Images",
        COUNTS,
        index=1,
        key="picture_count",
        width=150,
        format_func=lambda n: f"{n} digits",
        **BOUND,
    )
    told = f"{most} handwritten digits from the held-out set."
    tokens = most * int(np.prod(model.layout.pictures.grid(*model.layout.pictures.size)))
    short = f"{most} digits"
    return _Images(calls.held_out_digits(most), short, told, (short,), tokens)


def _photographs(model: LoadedModel) -> _Images | None:
    pictures = choose_several(model)
    if not pictures:
        return None
    short = "1 photograph" if len(pictures) == 1 else f"{len(pictures)} photographs"
    names = ", ".join(plain(each.title.removeprefix("the ")) for each in pictures)
    return _Images(
        [each.recipe for each in pictures],
        short,
        f"{short}: {names}.",
        tuple(each.name for each in pictures),
        sum(patches_of(model, each) for each in pictures),
    )


def _added(others: tuple[str, ...]) -> str:
    """Which tokens are no patches."""
    if not others:
        return "Every token of the model is a patch."
    return f"Added tokens: {', '.join(others)}."


def _extremes(frame: pd.DataFrame, name: str, digits: str) -> str:
    """The lowest and the highest head in words."""
    ends = [frame.loc[frame[name].idxmin()], frame.loc[frame[name].idxmax()]]
    said = [f"layer {row['layer']}, head {row['head']} ({row[name]:{digits}})" for row in ends]
    return f"lowest: {said[0]}; highest: {said[1]}"


def _tables(model: LoadedModel, name: str, chosen: _Images) -> tuple[Recipe, Recipe] | None:
    """Statistics, shared; the same with gradient importance, unless that was stopped.

    Models without labels have no prediction whose importance could be measured.
    """
    recipe, images = cache.model_recipe(name), named("pictures", chosen.recipe)
    key = ("picture heads", name, cache.stamp(name), *chosen.key)
    step = named("statistics", calls.image_head_statistics(recipe, images))
    counted = jobs.follow(
        key,
        "Running the model on the images",
        step,
        unit="images",
        operations=lambda: costs.passes(model, chosen.patches),
    )
    if model.task != "image-classification":
        return None if counted is None else (counted, counted)
    step = named("worth", calls.head_importance(recipe, images[:IMPORTANCE_PICTURES]))
    worth = jobs.follow((*key, IMPORTANCE), "Gradient importance", step, unit="images")
    if counted is None:
        return None
    return counted, counted if worth is None else calls.with_importance(counted, worth)
