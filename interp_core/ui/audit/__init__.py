"""The views of the audit page: each draws itself from labelled texts that were predicted."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.audit import (
    answers,
    behaviour,
    bias,
    mistakes,
    privacy,
    question,
    score,
    slices,
    verdict,
    words,
)

__all__ = ["DRAW", "VIEWS", "answers", "question"]
VIEWS = {
    "score": "Score",
    "slices": "Slices",
    "errors": "Errors",
    "words": "Words and heads",
    "behaviour": "Behaviour",
    "bias": "Bias",
    "privacy": "Privacy",
    "verdict": "Verdict",
}
DRAW: dict[str, Callable] = {
    "score": score.draw,
    "slices": slices.draw,
    "errors": mistakes.draw,
    "words": words.draw,
    "behaviour": behaviour.draw,
    "bias": bias.draw,
    "privacy": privacy.draw,
    "verdict": verdict.draw,
}
