"""Patch PCA: the directions in which the patches of several images differ, as colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.charts.photo_grid import WIDTH, across, mask_url, photo_grid
from interp_core.charts.photographs import colour_url, photo_url
from interp_core.charts.simple import bars_with_errors
from interp_core.images.pca import SIGN_RULE, PatchPCA, usual_layer
from interp_core.models.record import LoadedModel
from interp_core.ui.images.question import Picture, choose_several, patches_of
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import clicks, downloads, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

DISPLAYS = {"colours": "Three components", "object": "Object and ground"}
GRID = "pca_grid"
TOLD = 12  # images up to which a tooltip tells the components
NOBODY = "none"


@dataclass(frozen=True)
class _Chosen:
    """The patch that is compared: the number of its image, its row and column."""

    picture: int
    row: int
    column: int


def draw(model: LoadedModel, name: str) -> None:
    """The view, with what belongs below it."""
    pictures = choose_several(model)
    if not pictures:
        return
    with layout.controls():
        layers = list(range(model.n_layers + 1))
        usual = usual_layer(model)
        follow("pca_layer", usual)
        keep_valid("pca_layer", layers)
        layer = st.select_slider(
            "Layer",
            layers,
            usual,
            key="pca_layer",
            width=150,
            help=f"0: the patch embeddings. {layers[-1]}: the last layer, before a final norm. At "
            f"first two thirds of the depth ({usual}), where patches of `photos` find their mirror "
            "image most often; later layers separate object and ground more sharply.",
            **BOUND,
        )
        display = one_of("Display", DISPLAYS, key="pca_display")
    step = _vectors(model, name, pictures, layer)
    if step is None:
        return
    with layout.options():
        flip = st.toggle(
            "Flip component 1",
            key="pca_flip",
            help="The sign of a principal component is arbitrary. " + SIGN_RULE,
            **BOUND,
        )
        opacity = st.slider("Opacity (%)", 10, 100, 80, 5, key="pca_opacity", width=140, **BOUND)
    pca = calls.pca_of_patches(step)
    pca = named("pca", pca.flipped(0) if flip else pca)
    found: PatchPCA = value(pca)
    with layout.options():
        chosen = _chosen(pictures, found)
    near = None
    if chosen is not None:
        place = (chosen.row, chosen.column)
        near = calls.nearest_patches(step, chosen.picture, place)
    result = _grid(pictures, pca, display, opacity / 100, chosen, near)
    if near is not None:
        _nearest(pictures, near, chosen)
    layout.how_to_read(
        "**How to read this.** Do corresponding parts have equal colours in all images? Is the "
        "object separated from the ground? Components show what varies most among these images, "
        "not what the model uses."
    )
    downloads.below(result, "patch_pca")


def _vectors(model: LoadedModel, name: str, pictures: list[Picture], layer: int) -> Recipe | None:
    """Vectors of all patches at the layer, shared."""
    images = named("pictures", [each.recipe for each in pictures])
    key = ("patch vectors", name, cache.stamp(name), layer, *(each.name for each in pictures))
    call = calls.image_vectors(cache.model_recipe(name), images, layer=layer, pooling="patch")
    tokens = sum(patches_of(model, each) for each in pictures)
    return jobs.follow(
        key,
        "Running the model on the images",
        named("vectors", call),
        unit="images",
        operations=lambda: costs.passes(model, tokens),
    )


def _chosen(pictures: list[Picture], found: PatchPCA) -> _Chosen | None:
    """The patch whose nearest patches are framed."""
    names = [NOBODY, *(f"image {number + 1}" for number in range(len(pictures)))]
    keep_valid("pca_image", names)
    name = st.selectbox(
        "Image of the compared patch",
        names,
        key="pca_image",
        help="Or click a patch in an image.",
        **BOUND,
    )
    if name == NOBODY:
        return None
    number = names.index(name) - 1
    rows, columns = found.scores[number].shape[:2]
    patches = [f"patch {row},{column}" for row in range(rows) for column in range(columns)]
    keep_valid("pca_patch", patches)
    patch = st.selectbox("Compared patch", patches, key="pca_patch", **BOUND)
    row, _, column = patch.removeprefix("patch ").partition(",")
    return _Chosen(number, int(row), int(column))


def _grid(
    pictures: list[Picture],
    pca: Recipe,
    display: str,
    opacity: float,
    chosen: _Chosen | None,
    near: Recipe | None,
) -> ViewResult:
    found: PatchPCA = value(pca)
    numbers = pca.to_frame()
    table = value(numbers)
    side = round(1.5 * WIDTH / across(len(pictures)))
    maps = (
        [colour_url(each) for each in found.colours()]
        if display == "colours"
        else [mask_url(each) for each in found.objects()]
    )
    photos = pd.DataFrame(
        {
            "picture": range(len(pictures)),
            "name": [_named(pictures, number) for number in range(len(pictures))],
            "url": [photo_url(each.shown, side) for each in pictures],
            "map": maps,
            "wide": [each.shown.size[0] for each in pictures],
            "high": [each.shown.size[1] for each in pictures],
            "rows": [len(each) for each in found.scores],
            "columns": [each.shape[1] for each in found.scores],
        }
    )
    photos[["left", "top", "right", "bottom"]] = [each.box for each in pictures]
    kept = ["picture", "row", "column"]
    if len(pictures) <= TOLD:
        kept += [each for each in table if each.startswith("component_")]
    chart = photo_grid(photos, table[kept], _marks(chosen, near), opacity=opacity)
    _no_band(chart)
    shares = ", ".join(f"{each:.0%}" for each in found.shares)
    objects = np.concatenate([each.ravel() for each in found.objects()]).mean()
    figure(
        chart,
        title=f"Patch PCA of {_count(len(pictures))}, layer {found.layer}",
        alt=f"Principal components of the patches of {_count(len(pictures))}: "
        f"{', '.join(photos['name'])}. Shares of variance: {shares}; {objects:.0%} of the patches "
        "are object by component 1.",
        key=GRID,
        on_select=lambda: _pick(pictures, found),
        selection_mode="patch",
    )
    said = (
        "Colour: components 1, 2 and 3 as red, green and blue, clipped at the 1st and 99th "
        "percentile."
        if display == "colours"
        else f"Covered: ground, patches below 0 on component 1; {objects:.0%} of the patches are "
        "object."
    )
    st.caption(
        f"{said} Shares of the variance: {shares}. "
        f"{'All images share the axes. ' * (len(pictures) > 1)}{SIGN_RULE} Click a patch to find "
        "the patch most similar to it in each image."
    )
    return ViewResult(chart, numbers)


def _no_band(chart: Any) -> None:
    """In less room than it wants the grid is drawn smaller: nothing stays free below it."""
    size = f"aspect-ratio: {chart.width} / {chart.height}; max-height: {chart.height}px"
    st.html(f"<style>.st-key-{GRID} {{ {size}; overflow: hidden }}</style>")


def _count(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"


def _named(pictures: list[Picture], number: int) -> str:
    return f"{number + 1}. {pictures[number].title.removeprefix('the ')}"


def _marks(chosen: _Chosen | None, near: Recipe | None) -> pd.DataFrame | None:
    """The frames of the compared patch and of those most like it."""
    if chosen is None:
        return None
    found = value(near)
    found = found[found["picture"] != chosen.picture]  # beside the patch itself, mostly
    itself = {"picture": chosen.picture, "row": chosen.row, "column": chosen.column}
    first = pd.DataFrame([{**itself, "text": "compared"}])
    others = found[["picture", "row", "column"]].assign(
        text=[f"{each:.2f}" for each in found["similarity"]]
    )
    return pd.concat([first, others], ignore_index=True)


def _nearest(pictures: list[Picture], near: Recipe, chosen: _Chosen) -> None:
    """How similar the most similar patch of each image is."""
    found = value(near).sort_values("similarity", ascending=False)
    names = [_named(pictures, number) for number in found["picture"]]
    frame = pd.DataFrame({"name": names, "similarity": found["similarity"].to_numpy()})
    patch = f"patch {chosen.row},{chosen.column} of {_named(pictures, chosen.picture)}"
    figure(
        bars_with_errors(frame, value="similarity", title="cosine similarity", form="+.2f"),
        title=f"Nearest patch of each image to {patch}",
        alt=f"Cosine similarity of {len(frame)} patches to {patch}; most similar: {names[0]}, "
        f"{frame['similarity'].iloc[0]:.2f}.",
        table=near,
        room=640,
    )
    st.caption(
        f"Cosine similarity of the patch vectors to {plain(patch)}; one patch per image, in its "
        "own image another one."
    )


def _pick(pictures: list[Picture], found: PatchPCA) -> None:
    rows = range(max(len(each) for each in found.scores))
    columns = range(max(each.shape[1] for each in found.scores))
    hit = clicks.mark(GRID, "patch", picture=range(len(pictures)), row=rows, column=columns)
    if hit and hit[1] < len(found.scores[hit[0]]) and hit[2] < found.scores[hit[0]].shape[1]:
        st.session_state["pca_image"] = f"image {hit[0] + 1}"
        st.session_state["pca_patch"] = f"patch {hit[1]},{hit[2]}"
