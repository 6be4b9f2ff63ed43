"""The views of the comparison page."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.comparison import (
    answers,
    heads,
    lens,
    maps,
    negation,
    predictions,
    question,
    representations,
    weights,
)

__all__ = ["CLASSIFIERS", "DRAW", "OVER_TEXTS", "VIEWS", "WITH_TEXT", "question"]
VIEWS = question.VIEWS
WITH_TEXT = ("text", "maps", "lens")  # the views that are about the one text
OVER_TEXTS = ("answers", "representations", "heads")  # about many, which they ask for
CLASSIFIERS = ("text", "probes", "answers")  # of two text classifiers
DRAW: dict[str, Callable] = {
    "text": predictions.draw,
    "probes": negation.draw,
    "answers": answers.draw,
    "weights": weights.draw,
    "representations": representations.draw,
    "heads": heads.draw,
    "maps": maps.draw,
    "lens": lens.draw,
}
