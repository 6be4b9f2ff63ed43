"""The views of the attribution page: each draws itself and returns its chart and numbers."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.attribution import (
    compare_methods,
    explanation,
    interactions,
    layers,
    many_texts,
    task_lens,
    trust,
    what_if,
)
from interp_core.ui.attribution.compare_methods import method_notes

__all__ = ["DRAW", "VIEWS", "method_notes"]
VIEWS = {
    "explanation": "Explanation",
    "methods": "Compare methods",
    "what_if": "Counterfactuals",
    "layers": "Layer conductance",
    "lens": "Classifier lens",
    "interactions": "Word interactions",
    "many": "Multiple texts",
    "trust": "Faithfulness",
}
DRAW: dict[str, Callable] = {
    "explanation": explanation.draw,
    "methods": compare_methods.draw,
    "what_if": what_if.draw,
    "layers": layers.draw,
    "lens": task_lens.draw,
    "interactions": interactions.draw,
    "many": many_texts.draw,
    "trust": trust.draw,
}
