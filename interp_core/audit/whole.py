"""A whole audit: score, slices, errors, and what else is asked for, with a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from interp_core.audit.behaviour import Behaviour, run_suite
from interp_core.audit.bias import Bias, measure_bias
from interp_core.audit.figures import Figure, figure_table
from interp_core.audit.head_lift import HeadLift, attention_lift
from interp_core.audit.lexicons import term_lists
from interp_core.audit.metrics import Score, score
from interp_core.audit.mistakes import error_table
from interp_core.audit.predictions import Predictions, predict_labelled
from interp_core.audit.privacy import Privacy, measure_privacy, nothing_held
from interp_core.audit.reading import ATTRIBUTED, Reading, measure_reading
from interp_core.audit.record import SINGLE, TOKENS, AuditData
from interp_core.audit.slices import CONFIDENCE, Slices, group_slices, word_slices
from interp_core.audit.suites import built_in_suites, read_suite
from interp_core.audit.verdict import Check, Threshold, check_table, judge
from interp_core.charted import Charted
from interp_core.errors import NothingFound
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

T = TypeVar("T")

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
class Audit(Charted):
    """All that was measured of a model on labelled texts.

    `figures` are all values with n and interval, also those of the slices: how many groups have
    significantly more errors. `checks` are the thresholds; without any, nothing is judged and
    `passed` is None. `notes` say what was looked for and is not there.
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
    reading: Reading | None
    figures: tuple[Figure, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

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


def all_parts(model: LoadedModel, data: AuditData) -> dict[str, Any]:
    """What `run_audit` can measure of this model beside scores and slices, as its arguments.

    Suites whose labels the model has, every list of terms and personal data need one answer for a
    text; groups of words need an attribution or attention maps.
    """
    parts: dict[str, Any] = {}
    if data.kind == SINGLE:
        names = [name for name in built_in_suites() if read_suite(name).labels <= set(model.labels)]
        parts |= {"suites": names} if names else {}
        parts |= {"lexicons": list(term_lists()), "privacy": True}
    if data.kind != TOKENS or model.layout.attention_layers:
        parts["words"] = ATTRIBUTED
    return parts


def run_audit(
    model: LoadedModel,
    data: AuditData,
    *,
    predictions: Predictions | None = None,
    thresholds: Sequence[Threshold] = (),
    suites: Sequence[str] = (),
    lexicons: Sequence[str] = (),
    privacy: bool = False,
    words: int = 0,
    progress: Callable[[int, int], object] | None = None,
    lift: Callable[..., HeadLift] = attention_lift,
) -> Audit:
    """Predict the texts once (unless `predictions` are given) and measure everything.

    `suites` are behaviour suites and `lexicons` lists of terms for bias, by name or file. With
    `words`, so many texts drawn at random are attributed, and groups of words are measured there
    and in the attention of all heads, by `lift`; see `Reading`. Raises `BadInput` for a threshold
    of a value that is not measured, and what the parts raise.
    """
    whole = 3 * (not predictions) + len(suites) + 2 * len(lexicons) + 3 * privacy + 12 * bool(words)
    stages = _Stages(progress, whole)
    made = predictions or predict_labelled(model, data, progress=stages.next(3))
    measured = score(data, made)
    groups, found_words = group_slices(data, made), word_slices(data, made)
    behaviour = tuple(run_suite(model, each, progress=stages.next(1)) for each in suites)
    notes: list[str] = []
    found_bias = [
        _unless_absent(notes, measure_bias, model, each, progress=stages.next(2))
        for each in lexicons
    ]
    bias = tuple(each for each in found_bias if each is not None)
    masked = reading = None
    if privacy:
        after: dict[str, Any] = {"progress": stages.next(3)}
        masked = _unless_absent(notes, measure_privacy, model, data.texts, **after)
    if words:
        after = {"sample": words, "progress": stages.next(12), "lift": lift}
        reading = _unless_absent(notes, measure_reading, model, data, made, **after)
    figures = [*measured.figures, *measured.class_figures()]
    for key, title, part in (
        ("slices.groups", "Groups with more errors (not by confidence)", groups),
        ("slices.words", "Words and pairs of words with more errors", found_words),
    ):
        figures.append(significant_groups(key, title, part))
    figures += nothing_held(len(data)) if privacy and masked is None else []
    measured_parts: tuple[Any, ...] = (*behaviour, *bias, masked, reading)
    for each in measured_parts:
        figures += each.figures() if each is not None else []
    checks = judge(figures, thresholds)
    parts = (measured, groups, found_words, behaviour, bias, masked, reading)
    return Audit(model.name, data, made, *parts, tuple(figures), checks, tuple(notes))


def _unless_absent(
    notes: list[str], measure: Callable[..., T], *given: Any, **more: Any
) -> T | None:
    """What is measured; None, and a note, where the texts hold nothing of it."""
    try:
        return measure(*given, **more)
    except NothingFound as absent:
        notes.append(str(absent))
        return None


class _Stages:
    """One progress for parts that come one after another, each with its share of the time."""

    def __init__(self, progress: Callable[[int, int], object] | None, whole: int) -> None:
        self.progress, self.whole, self.begun = progress, whole, 0

    def next(self, share: int) -> Callable[[int, int], object] | None:
        """The progress of the next part."""
        start, self.begun = self.begun, self.begun + share
        ends = [100 * each // self.whole for each in (start, self.begun)]
        return scaled(self.progress, *ends)


def significant_groups(key: str, title: str, slices: Slices) -> Figure:
    """How many groups are significant; the number of tests stands for the control.

    Those of low confidence have more errors in every calibrated model, so they say nothing
    against this one.
    """
    told = f"{slices.tested:,} groups tested, Benjamini and Hochberg, 5%"
    found = float((slices.found()["kind"] != CONFIDENCE).sum())
    return Figure(key, title, found, slices.n, comparison=told)
