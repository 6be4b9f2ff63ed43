"""The views of the projector: each draws itself and returns what the downloads need."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.projector import (
    checks,
    compare,
    controls,
    downloads,
    layers,
    picture,
    shape,
    trust,
)

__all__ = ["ALL_LAYERS", "DRAW", "VIEWS", "controls", "downloads"]
VIEWS = {
    "picture": "Picture",
    "layers": "Layer by layer",
    "compare": "Side by side",
    "checks": "What is out of place?",
    "trust": "Can it be trusted?",
    "shape": "Shape of the space",
}
DRAW: dict[str, Callable] = {
    "picture": picture.draw,
    "layers": layers.draw,
    "compare": compare.draw,
    "checks": checks.draw,
    "trust": trust.draw,
    "shape": shape.draw,
}
ALL_LAYERS = ("layers", "shape")  # views that ask for no layer
