"""The views of the page on a training: each draws itself from a series of checkpoints."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.training_dynamics import attributions, curves, gap, heads, question, weights

__all__ = ["DRAW", "VIEWS", "question"]
VIEWS = {
    "curves": "Learning curves",
    "gap": "Generalisation gap",
    "weights": "Weight drift",
    "heads": "Heads",
    "attributions": "Attributions",
}
DRAW: dict[str, Callable] = {
    "curves": curves.draw,
    "gap": gap.draw,
    "weights": weights.draw,
    "heads": heads.draw,
    "attributions": attributions.draw,
}
