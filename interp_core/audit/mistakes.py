"""Single errors: the surest first, their neighbours, and the words that decide them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.attribution.what_if import replace_span
from interp_core.audit.predictions import Predictions, is_right, predict_labelled
from interp_core.audit.record import REGRESSION, SINGLE, AuditData, audit_kind
from interp_core.audit.slices import WORD
from interp_core.errors import BadInput, NothingFound

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

NEIGHBOURS = 5
BUDGET = 600  # texts that are tried for one error


def error_table(data: AuditData, predictions: Predictions) -> pd.DataFrame:
    """The wrong answers, the most confident first.

    Columns place (in the data, from 0), row (in the file, from 1), text, second text where there
    is one, label, prediction, confidence; for regression all texts, with error (found − true)
    instead of confidence, the largest first.
    """
    done = predictions.done
    if data.kind == REGRESSION:
        size = np.where(done, predictions.predicted - data.targets, 0.0)
        places = np.argsort(-np.abs(size), kind="stable")[: int(done.sum())]
    else:
        wrong = np.flatnonzero(done & ~is_right(data, predictions))
        places = wrong[np.argsort(-predictions.confidence[wrong], kind="stable")]
    columns = {"place": places, "row": data.rows[places], "text": [data.texts[p] for p in places]}
    if data.pairs is not None:
        columns["second text"] = [data.pairs[p] for p in places]
    columns["label"] = [data.name_of(data.targets[p]) for p in places]
    columns["prediction"] = [data.name_of(predictions.predicted[p]) for p in places]
    if data.kind == REGRESSION:
        columns["error"] = size[places]
    else:
        columns["confidence"] = predictions.confidence[places].astype(float)
    return pd.DataFrame(columns)


def opposed_neighbours(
    data: AuditData, predictions: Predictions, position: int, *, count: int = NEIGHBOURS
) -> pd.DataFrame:
    """The texts that the model holds most similar to text `position` and answers otherwise.

    Similar means the cosine of the vectors that the classifier's last layer reads. Columns place,
    row, text, label, prediction, similarity. Raises `BadInput` where the pass kept no such vectors.
    """
    vectors = predictions.vectors
    if vectors is None:
        raise BadInput(
            "This model's classifier does not read one vector for each text, so nearest texts are "
            "not known."
        )
    if not 0 <= position < len(data) or not predictions.done[position]:
        raise BadInput(f"Text {position} was not predicted.")
    lengths = np.linalg.norm(vectors, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (vectors @ vectors[position]) / (lengths * lengths[position])
    answers = predictions.predicted.reshape(len(data), -1)
    other = (answers != answers[position]).any(1) & predictions.done & np.isfinite(cosine)
    found = np.flatnonzero(other)
    found = found[np.argsort(-cosine[found], kind="stable")][:count]
    return pd.DataFrame(
        {
            "place": found,
            "row": data.rows[found],
            "text": [data.texts[each] for each in found],
            "label": [data.name_of(data.targets[each]) for each in found],
            "prediction": [data.name_of(predictions.predicted[each]) for each in found],
            "similarity": cosine[found].astype(float),
        }
    )


@dataclass(frozen=True)
class Flips:
    """The smallest sets of words without which the model gives another answer.

    `sets` holds them as (start, end) characters of the text, `words` as they are written, and
    `answers` what the model then says; all have the same number of words. They are empty where none
    was found. `smallest` is whether every smaller set was tried, `tried` counts the texts.
    `effects` is what the probability of the first answer loses without each word: a table of word,
    start, end, change.
    """

    before: str
    sets: tuple[tuple[tuple[int, int], ...], ...]
    words: tuple[tuple[str, ...], ...]
    answers: tuple[str, ...]
    smallest: bool
    tried: int
    effects: pd.DataFrame


def flipping_words(
    model: LoadedModel,
    text: str,
    *,
    target: str | None = None,
    pair: str | None = None,
    budget: int = BUDGET,
    progress: Callable[[int, int], object] | None = None,
) -> Flips:
    """The smallest set of words of `text` whose removal flips the answer, to `target` if given.

    Single words are tried first, then all sets of two, and so on, as long as all sets of one size
    fit into the `budget` of texts. Beyond it words are taken away in the order of their single
    effects until the answer flips, and those that it does not need are put back.

    Raises `BadInput` for models without one answer for each text, and for texts without words.
    """
    if audit_kind(model) != SINGLE:
        raise BadInput("Words that flip the answer are looked for where a text has one answer.")
    if target is not None and target not in model.labels:
        raise BadInput(f"The model has no class {target!r}.")
    spans = [match.span() for match in WORD.finditer(text)]
    if not spans:
        raise NothingFound("The text has no words to take away.")
    asked = _Tries(model, pair, budget, progress)
    first = asked.answers([text])
    before = int(first.predicted[0])
    if target is not None and model.labels.index(target) == before:
        raise BadInput(f"The model's answer is {target!r} already.")
    goal = None if target is None else model.labels.index(target)
    chance = float(first.probabilities[0, before])
    single = asked.answers([without(text, [span]) for span in spans])
    effects = chance - single.probabilities[:, before]
    sets = [(place,) for place in range(len(spans))]
    found, smallest, size = _flipped(sets, single, before, goal), True, 2

    def tried(some: Sequence[tuple[int, ...]]) -> Found:
        given = asked.answers([without(text, [spans[p] for p in each]) for each in some])
        return _flipped(some, given, before, goal)

    while not found and size <= len(spans) and comb(len(spans), size) <= asked.left:
        found, size = tried(list(combinations(range(len(spans)), size))), size + 1
    if not found and size <= len(spans):
        found, smallest = _greedy(tried, np.argsort(-effects, kind="stable").tolist()), False
    words = [text[start:end] for start, end in spans]
    table = pd.DataFrame(spans, columns=["start", "end"])
    table.insert(0, "word", words)
    return Flips(
        model.labels[before],
        tuple(tuple(spans[place] for place in some) for some, _ in found),
        tuple(tuple(words[place] for place in some) for some, _ in found),
        tuple(model.labels[answer] for _, answer in found),
        smallest,
        asked.tried,
        table.assign(change=effects),
    )


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without the characters of these spans, which do not overlap."""
    for span in sorted(spans, reverse=True):
        text = replace_span(text, span)
    return text


Found = list[tuple[tuple[int, ...], int]]  # sets of words, and the number of the answer without


def _greedy(tried: Callable[[Sequence[tuple[int, ...]]], Found], order: Sequence[int]) -> Found:
    """One set that flips and has no word too many; empty where even all words do not."""
    found = tried([tuple(order[:size]) for size in range(1, len(order))])
    if not found:
        return []
    kept = min((some for some, _ in found), key=len)
    answer = dict(found)[kept]
    for place in reversed(kept):
        less = tuple(each for each in kept if each != place)
        if hit := tried([less]) if less else []:
            kept, answer = hit[0]
    return [(tuple(sorted(kept)), answer)]


def _flipped(
    sets: Sequence[tuple[int, ...]], given: Predictions, before: int, goal: int | None
) -> Found:
    """The sets after which the answer is the goal, or any other than before; the surest first."""
    answers = given.predicted
    hit = given.done & ((answers == goal) if goal is not None else (answers != before))
    places = np.flatnonzero(hit)
    places = places[np.argsort(-given.confidence[places], kind="stable")]
    return [(sets[place], int(answers[place])) for place in places]


@dataclass
class _Tries:
    """Texts that go through the model, and how many may still go."""

    model: LoadedModel
    pair: str | None
    budget: int
    progress: Callable[[int, int], object] | None
    tried: int = 0

    @property
    def left(self) -> int:
        return self.budget - self.tried

    def answers(self, texts: Sequence[str]) -> Predictions:
        pairs = None if self.pair is None else (self.pair,) * len(texts)
        data = AuditData(
            "edited",
            SINGLE,
            tuple(texts),
            np.zeros(len(texts), dtype=np.int64),
            tuple(self.model.labels),
            pairs=pairs,
        )
        shown = self.progress and (
            lambda done, _: self.progress(self.tried + done, max(self.budget, self.tried + done))
        )
        found = predict_labelled(self.model, data, progress=shown)
        self.tried += len(texts)
        return found
