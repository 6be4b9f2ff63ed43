"""The views of the comparison page."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.comparison import negation, predictions, question

__all__ = ["DRAW", "VIEWS", "WITH_TEXT", "question"]
VIEWS = {"text": "One text", "probes": "Negation test and cost"}
WITH_TEXT = ("text",)  # the views that are about the one text
DRAW: dict[str, Callable] = {"text": predictions.draw, "probes": negation.draw}
