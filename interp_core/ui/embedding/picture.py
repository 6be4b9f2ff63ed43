"""The picture itself, in the plane or in space, what it is worth, and what was picked in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import (
    appearance,
    drawing_choice,
    picking,
    plane,
    results,
    sources,
    space,
)
from interp_core.ui.embedding.appearance import Scene
from interp_core.ui.embedding.colouring import colouring
from interp_core.ui.embedding.downloads import PointResult, result_of
from interp_core.ui.embedding.question import SLOW, Points
from interp_core.ui.embedding.results import in_place
from interp_core.ui.widgets.markdown import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> PointResult | None:
    """Controls, picture, quality, the picked point and the box."""
    wanted = drawing_choice.choose(asked, row)
    vectors = in_place(lambda: sources.vectors(asked))
    wanted = vectors and drawing_choice.complete(wanted, vectors)
    if wanted is None:
        return None
    view, found, picked = appearance.choose(wanted, vectors, model)
    place, early = st.container(), st.empty()
    if wanted.method in SLOW and results.at_hand(wanted) is None and len(vectors) > 2:
        with early.container():
            quick = results.preview(wanted, vectors)
            st.caption(f"Showing PCA while {wanted.title} is computed.")
            plane.show(Scene(wanted, view, vectors, quick, None, found, picked), preview=True)
    drawn = in_place(lambda: results.projection(wanted, vectors))
    if drawn is None:
        return None
    colours = in_place(lambda: colouring(view.colour, wanted, vectors, drawn, model))
    early.empty()
    scene = Scene(wanted, view, vectors, drawn, colours, found, picked)
    with place:
        chart = _show(scene)
    _below(scene, flat=chart is not None)
    return result_of(wanted, vectors, drawn, chart)


def _show(scene: Scene) -> Any:
    """The chart; None where WebGL draws."""
    if scene.asked.dimensions == 3 or scene.view.everything:
        space.show(scene)
        return None
    return plane.show(scene)


def _below(scene: Scene, *, flat: bool) -> None:
    show(scene.picture, scene.vectors)
    if scene.picked is not None:
        picking.card(scene.vectors, scene.picture, scene.picked)
    inside = picking.boxed(scene.name, scene.picture.coordinates) if flat else None
    if inside is not None:
        picking.show(scene.vectors, inside)


def show(picture: Projection, vectors: Vectors) -> None:
    """Points, dimensions, variance in view, quality, and what was done on the way."""
    parts = [f"{len(vectors):,} points", f"{vectors.dim} dimensions"]
    if picture.explained is not None:
        parts.append(f"{picture.explained.sum():.0%} of variance explained")
    if picture.quality is not None:
        parts += _quality(picture)
    parts += [plain(note) for note in picture.notes]
    st.caption(" · ".join(parts) + ".")
    if picture.method in SLOW:
        st.caption(
            "UMAP and t-SNE preserve local neighbourhoods; cluster sizes and distances "
            "between clusters are not meaningful."
        )


def _quality(picture: Projection) -> list[str]:
    quality = picture.quality
    return [
        f"trustworthiness {quality.trustworthiness:.2f}, continuity {quality.continuity:.2f}",
        f"{quality.kept:.0%} of the {quality.k} nearest neighbours preserved (random: "
        f"{quality.chance:.1%})",
        f"{quality.none_kept:.0%} of points preserve no neighbour",
    ]
