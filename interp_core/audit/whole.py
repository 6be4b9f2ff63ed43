"""A whole audit: score, slices, errors, and what else is asked for, with a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from interp_core.audit.behaviour import Behaviour, run_suite
from interp_core.audit.bias import Bias, measure_bias
from interp_core.audit.figures import Figure, figure_table
from interp_core.audit.metrics import Score, score
from interp_core.audit.mistakes import error_table
from interp_core.audit.predictions import Predictions, predict_labelled
from interp_core.audit.privacy import Privacy, measure_privacy
from interp_core.audit.record import AuditData
from interp_core.audit.slices import Slices, group_slices, word_slices
from interp_core.audit.verdict import Check, Threshold, check_table, judge
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

EXAMPLES = 50  # errors that are kept as examples
LIMITS = (
    "The values hold for texts like these: they say nothing about texts of another origin.",
    "Labels are taken as true; wrong labels count as errors of the model.",
    "Bootstrap intervals draw texts as if each was independent of the others.",
    "A slice is a description, not a cause: another property of its texts may explain it.",
    "Slices, bias and privacy values are many tests: only those that stay significant after "
    "Benjamini and Hochberg are called so, and of these up to 5% may be false.",
)


@dataclass(frozen=True)
class Audit:
    """All that was measured of a model on labelled texts.

    `figures` are all values with n and interval, also those of the slices: how many groups have
    significantly more errors. `checks` are the thresholds; without any, nothing is judged and
    `passed` is None.
    """

    model: str
    data: AuditData
    predictions: Predictions
    score: Score
    groups: Slices
    words: Slices
    behaviour: tuple[Behaviour, ...]
    bias: tuple[Bias, ...]
    privacy: Privacy | None
    figures: tuple[Figure, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool | None:
        """Whether every threshold is met; None without thresholds."""
        return all(each.passed for each in self.checks) if self.checks else None

    def table(self) -> pd.DataFrame:
        """Every value; see `Figure`."""
        return figure_table(self.figures)

    def checked(self) -> pd.DataFrame:
        """Every threshold with its value; see `check_table`."""
        return check_table(self.checks)

    def errors(self, limit: int = EXAMPLES) -> pd.DataFrame:
        """The most confident errors."""
        return error_table(self.data, self.predictions).head(limit)


def run_audit(
    model: LoadedModel,
    data: AuditData,
    *,
    predictions: Predictions | None = None,
    thresholds: Sequence[Threshold] = (),
    suites: Sequence[str] = (),
    lexicons: Sequence[str] = (),
    privacy: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Audit:
    """Predict the texts once (unless `predictions` are given) and measure everything.

    `suites` are behaviour suites and `lexicons` lists of terms for bias, by name or file. Raises
    `BadInput` for a threshold of a value that is not measured, and what the parts raise.
    """
    made = predictions or predict_labelled(model, data, progress=scaled(progress, 0, 80))
    measured = score(data, made)
    groups, words = group_slices(data, made), word_slices(data, made)
    behaviour = tuple(run_suite(model, each) for each in suites)
    bias = tuple(measure_bias(model, each) for each in lexicons)
    masked = measure_privacy(model, data.texts) if privacy else None
    figures = [*measured.figures, *measured.class_figures()]
    figures += [_found("slices.groups", "Groups with more errors", groups)]
    figures += [_found("slices.words", "Words and pairs of words with more errors", words)]
    for each in (*behaviour, *bias, *([masked] if masked else [])):
        figures += each.figures()
    checks = judge(figures, thresholds)
    parts = (measured, groups, words, behaviour, bias, masked)
    return Audit(model.name, data, made, *parts, tuple(figures), checks)


def _found(key: str, title: str, slices: Slices) -> Figure:
    """How many groups are significant; the number of tests stands for the control."""
    told = f"{slices.tested:,} groups tested, Benjamini and Hochberg, 5%"
    return Figure(key, title, float(slices.table["significant"].sum()), slices.n, comparison=told)
