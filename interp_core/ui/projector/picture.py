"""The picture itself, in the plane or in space, what it is worth, and what was picked in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel
from interp_core.ui.projector import (
    appearance,
    card,
    drawing,
    how_drawn,
    own_axes,
    picking,
    plane,
    selection,
    sources,
    space,
    worth,
)
from interp_core.ui.projector.asked import SLOW, Points
from interp_core.ui.projector.colouring import colouring
from interp_core.ui.projector.scene import Scene
from interp_core.ui.projector.shown import Drawn
from interp_core.ui.projector.store import in_place

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> Drawn | None:
    """Controls, picture, quality, the picked point and the box."""
    wanted = how_drawn.choose(asked, row)
    vectors = in_place(lambda: sources.vectors(asked))
    wanted = vectors and own_axes.complete(wanted, vectors)
    if wanted is None:
        return None
    view, found, picked = appearance.choose(wanted, vectors, model)
    place, early = st.container(), st.empty()
    if wanted.method in SLOW and drawing.at_hand(wanted) is None and len(vectors) > 2:
        with early.container():
            quick = drawing.preview(wanted, vectors)
            st.caption(f"PCA of the same points, until {wanted.title} is ready.")
            plane.show(Scene(wanted, view, vectors, quick, None, found, picked), preview=True)
    drawn = in_place(lambda: drawing.projection(wanted, vectors))
    if drawn is None:
        return None
    colours = in_place(lambda: colouring(view.colour, wanted, vectors, drawn, model))
    early.empty()
    scene = Scene(wanted, view, vectors, drawn, colours, found, picked)
    with place:
        chart = _show(scene)
    _below(scene, flat=chart is not None)
    return Drawn(wanted, vectors, drawn, chart, ic.point_table(vectors, drawn))


def _show(scene: Scene) -> Any:
    """The chart; None where WebGL draws."""
    if scene.asked.dimensions == 3 or scene.view.everything:
        space.show(scene)
        return None
    return plane.show(scene)


def _below(scene: Scene, *, flat: bool) -> None:
    worth.show(scene.picture, scene.vectors)
    if scene.picked is not None:
        card.show(scene.vectors, scene.picture, scene.picked)
    inside = picking.boxed(scene.name, scene.picture.coordinates) if flat else None
    if inside is not None:
        selection.show(scene.vectors, inside)
