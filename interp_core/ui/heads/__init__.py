"""The views of the head page: each draws itself and returns what the downloads need."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.heads import (
    compare,
    corpus,
    importance,
    map_view,
    scatter_view,
    similarity,
)

__all__ = ["DRAW", "VIEWS", "corpus", "map_view"]
VIEWS = {
    "map": "All heads",
    "scatter": "Scatter plot",
    "alike": "Head similarity",
    "importance": "Head importance",
    "compare": "Compare",
}
DRAW: dict[str, Callable] = {
    "map": map_view.draw,
    "scatter": scatter_view.draw,
    "alike": similarity.draw,
    "importance": importance.draw,
    "compare": compare.draw,
}
