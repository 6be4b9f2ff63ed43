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
        "Projection",
        picture.draw,
        "Do points with the same label form clusters? Which points lie in another cluster? A "
        "2-D projection of hundreds of dimensions separates some true neighbours: click a "
        "point to list its neighbours in the original space.",
    ),
    "layers": Page(
        "Layer by layer",
        layers.draw,
        "Move the slider: which groups separate, and at which layer? Select a point to draw "
        "its trajectory. The projection can hide a separation that the chart below shows.",
        one_layer=False,
    ),
    "compare": Page(
        "Side by side",
        compare.draw,
        "Which groups stay together on both sides? The points at the top of the table have "
        "different neighbours on the right.",
    ),
    "checks": Page(
        "Outliers and label errors",
        checks.draw,
        "Start at the top of the table. Read the text before you change its label: the model "
        "may be wrong.",
    ),
    "trust": Page(
        "Projection quality",
        trust.draw,
        "Trustworthiness near 1 and few points without preserved neighbours are good. Do not "
        "rely on structure that disappears with another seed or method.",
    ),
    "shape": Page(
        "Geometry",
        shape.draw,
        "Where anisotropy is high, all cosine similarities are high. Do not compare cosine "
        "similarities across layers.",
        one_layer=False,
    ),
}
