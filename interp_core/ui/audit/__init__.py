"""The views of the audit page: each draws itself from labelled texts that were predicted."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.audit import answers, mistakes, question, score, slices, verdict

__all__ = ["DRAW", "VIEWS", "answers", "question"]
VIEWS = {
    "score": "Score",
    "slices": "Slices",
    "errors": "Errors",
    "verdict": "Verdict",
}
DRAW: dict[str, Callable] = {
    "score": score.draw,
    "slices": slices.draw,
    "errors": mistakes.draw,
    "verdict": verdict.draw,
}
