"""A classifier's outputs for texts that have no labels: edited, filled in, masked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from interp_core.audit.predictions import stream_predictions
from interp_core.audit.record import MULTI, REGRESSION, TOKENS, AuditData, audit_kind
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.progress import report
from interp_core.validation import label_index

if TYPE_CHECKING:
    from typing import Any

    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class Scores:
    """`logits` and `probabilities` (n, labels) float64; `probabilities` is the logits themselves
    where there are none (regression). `answers` (n,) are labels as they are shown."""

    logits: np.ndarray
    probabilities: np.ndarray
    answers: np.ndarray
    labels: tuple[str, ...]

    def flips(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Whether the answer at places `after` differs from that at `before`; regression never."""
        return self.answers[before] != self.answers[after]


def check_answers(model: LoadedModel) -> str:
    """The kind of the model's answers, see `audit_kind`. Raises `UnsupportedModel` for words."""
    kind = audit_kind(model)
    if kind == TOKENS:
        raise UnsupportedModel(
            f"{model.name!r} labels every word, so there is no one answer for a text whose change "
            "could be measured. Choose a classifier of texts, such as `sentiment`."
        )
    return kind


def score_texts(
    model: LoadedModel,
    texts: Sequence[str],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Scores:
    """What a classifier answers to each text; texts that are too long are cut at their end.

    Raises `UnsupportedModel` for models that label words, `BadInput` with the number of the text
    that cannot be read, and `Stopped`.
    """
    kind = check_answers(model)
    unique = list(dict.fromkeys(texts))
    if not unique:
        raise BadInput("There are no texts. Give at least one.")
    data = AuditData("texts", kind, tuple(unique), np.zeros(len(unique)), tuple(model.labels))
    found = None
    for found in stream_predictions(model, data):
        report(progress, int(found.done.sum()), len(unique))
    if not found.complete or found.refused.total:
        raise BadInput(f"Not every text can be read. {found.refused.note()}")
    place = {text: number for number, text in enumerate(unique)}
    rows = np.array([place[text] for text in texts])
    logits = found.logits[rows].astype(float)
    chances = logits if found.probabilities is None else found.probabilities[rows].astype(float)
    return Scores(logits, chances, _answers(kind, found.predicted[rows], data), data.labels)


def _answers(kind: str, predicted: np.ndarray, data: AuditData) -> np.ndarray:
    if kind == REGRESSION:
        return np.full(len(predicted), "", dtype=object)
    if kind == MULTI:
        return np.array([data.name_of(each) for each in predicted], dtype=object)
    return np.array(data.labels, dtype=object)[predicted]


def choose_target(
    model: LoadedModel, target: Any = None, answers: Collection[str] | np.ndarray = ()
) -> int:
    """The number of the label whose score is followed.

    Without `target`: the second of two labels, else the most frequent of the `answers`. Raises
    `BadInput`.
    """
    if target is not None:
        return label_index(model.labels, target)
    if len(model.labels) <= 2 or not len(answers):
        return len(model.labels[:2]) - 1
    names, counts = np.unique([str(each) for each in answers], return_counts=True)
    best = str(names[counts.argmax()])
    return model.labels.index(best) if best in model.labels else 0
