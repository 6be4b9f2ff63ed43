"""The views of the projector: each draws itself and returns what the downloads need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from interp_core.ui.embedding import (
    checks,
    compare,
    downloads,
    layers,
    picture,
    point_choice,
    shape,
    trust,
)

__all__ = ["VIEWS", "Page", "downloads", "point_choice"]


@dataclass(frozen=True)
class Page:
    """A view: its title, what draws it, what to look for, and whether it asks for one layer."""

    title: str
    draw: Callable
    look_for: str
    one_layer: bool = True


VIEWS = {
    "picture": Page(
        "Picture",
        picture.draw,
        "Do points that belong together lie together? Which lie among strangers? A picture of "
        "hundreds of dimensions on a plane must tear some neighbours apart: click a point, and "
        "believe its table before the picture.",
    ),
    "layers": Page(
        "Layer by layer",
        layers.draw,
        "Move the slider: which groups part, and at which layer? Choose a point to see its way. A "
        "flat picture may hide a separation that the curve below shows.",
        one_layer=False,
    ),
    "compare": Page(
        "Side by side",
        compare.draw,
        "Which groups stay together on both sides? The points at the top of the list live among "
        "other neighbours on the right: these are what the layer, the model or chance has changed.",
    ),
    "checks": Page(
        "What is out of place?",
        checks.draw,
        "Read the list from the top, and look at the text before you change its label: the model "
        "can be the one that errs.",
    ),
    "trust": Page(
        "Can it be trusted?",
        trust.draw,
        "Is trustworthiness near 1, and do few points keep none of their neighbours? What another "
        "seed or method does not show as well, this picture did not find.",
    ),
    "shape": Page(
        "Shape of the space",
        shape.draw,
        "Where does anisotropy rise, so that all cosines are high? A cosine of one layer says "
        "nothing about another's.",
        one_layer=False,
    ),
}
