"""What each head does, over one text or many, in one streaming pass.

Every text is measured inside the attention call; only sums over texts are kept, so memory does not
grow with their number, and sums of different runs merge.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.errors import BadInput, InputTooLong, ModelTooLarge
from interp_core.files.rows import TOO_LONG, Row, Skipped, SkippedRows, as_rows, refuse
from interp_core.heads.attention_hook import attention_hook
from interp_core.heads.covariates import batch_quantities, check_quantities
from interp_core.heads.induction import repeated_scores
from interp_core.heads.measure import StatisticNames, measure
from interp_core.heads.record import HeadStatistics
from interp_core.heads.similarity import empty_sample, in_sample
from interp_core.inputs.batching import (
    BATCH_TEXTS,
    BatchRoom,
    TokenizedText,
    collate,
    plan_batches,
    tokenize,
)
from interp_core.progress import report
from interp_core.validation import renamed

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


CHUNK = 512  # rows that are tokenized and sorted together
DEFAULT = ("token_frequency",)


def head_statistics(
    model: LoadedModel,
    texts: str | Iterable[str],
    *,
    batch_size: int = BATCH_TEXTS,
    progress: Callable[[int, int], object] | None = None,
    quantities: Sequence[str] = DEFAULT,
    scores: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> HeadStatistics:
    """Statistics of every head over the texts; see `HeadStatistics.frame`.

    `quantities` are compared with received attention: "token_frequency", "gradient_norm" (which
    costs a backward pass). `scores` maps further names to one array (n,) for each text, for example
    attribution scores. `progress(done, all)` may return False to stop with `Stopped`.

    Raises `BadInput` or `InputTooLong` with the number of the text, and `UnsupportedModel`.
    """
    texts = [texts] if isinstance(texts, str) else list(texts)
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    for name, values in (scores or {}).items():
        if len(values) != len(texts):
            raise BadInput(f"There are {len(texts):,} texts and {len(values):,} of {name!r}.")
    states = stream_statistics(
        model, texts, batch_size=batch_size, quantities=quantities, scores=scores
    )
    for state in states:
        for row in state.skipped.rows:
            kind = InputTooLong if row.reason == TOO_LONG else BadInput
            raise kind(f"Text {row.number}: {row.message}")
        report(progress, state.texts, len(texts))
    return state.statistics


def stream_statistics(
    model: LoadedModel,
    rows: Iterable[str | Row | Skipped],
    *,
    batch_size: int = BATCH_TEXTS,
    quantities: Sequence[str] = DEFAULT,
    scores: Mapping[str, Sequence[np.ndarray]] | None = None,
    start: CorpusState | None = None,
    room: BatchRoom | None = None,
) -> Iterator[CorpusState]:
    """The same, a state after every batch: partial results, and a loop that can be left.

    Rows that cannot be read are skipped and told. `start` continues an earlier, settled pass; then
    `rows` must begin after the rows it has read. `room` bounds batches instead of `batch_size`.
    """
    names = check_quantities(quantities)
    options = _Pass(
        StatisticNames(model, (*names, *(scores or {}))),
        room or BatchRoom(batch_size),
        names,
        dict(scores or {}),
    )
    state, source = start or CorpusState(), as_rows(rows)
    while chunk := list(islice(source, CHUNK)):
        for each in options.states(state, chunk):
            state = each
            yield state


@dataclass(frozen=True)
class _Pass:
    """The options of a pass."""

    plan: StatisticNames
    room: BatchRoom
    quantities: tuple[str, ...]
    scores: dict[str, Sequence[np.ndarray]]

    def states(self, state: CorpusState, chunk: list[Row | Skipped]) -> Iterator[CorpusState]:
        """The state after every batch of a chunk of rows; the last one is settled."""
        start, model = time.perf_counter(), self.plan.model
        texts, places, skipped = _read(model, chunk, state.skipped)
        keys = np.array([text.key for text in texts], dtype=np.int64)
        heads = len(model.layout.attention_layers) * model.n_heads
        before = state.statistics.sample if state.statistics else empty_sample(heads)
        sampled = in_sample(before, keys)
        numbers = [state.rows + place for place in places]
        state = replace(state, rows=state.rows + len(chunk), skipped=skipped, settled=not texts)
        if not texts:
            yield state
        for rows, last in _with_last(self._batches(texts)):
            found = self._fitted(texts, rows, numbers, keys, sampled)
            state = _added(state, found, rows, texts)
            state = replace(state, statistics=self._with_scores(state.statistics))
            seconds = state.seconds + time.perf_counter() - start
            state = replace(state, seconds=seconds, settled=last)
            yield state
            start = time.perf_counter()

    def _batches(self, texts: list[TokenizedText]) -> Iterator[tuple[int, ...]]:
        padding = attention_hook(self.plan.model).padding
        return plan_batches([len(text) for text in texts], padding=padding, room=self.room)

    def _fitted(
        self, texts: list[TokenizedText], rows: tuple[int, ...], *others: Any
    ) -> HeadStatistics:
        """The statistics of a batch; in halves where the memory of the device does not suffice."""
        try:
            return self._measure(texts, rows, *others)
        except torch.OutOfMemoryError as error:
            if len(rows) == 1:
                raise ModelTooLarge(
                    f"A text of {len(texts[rows[0]]):,} tokens does not fit into the free memory "
                    "of the device. Use the device cpu, or split long texts."
                ) from error
        # After the handler, so that what the failed pass held is free by now.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        first, second = (self._fitted(texts, half, *others) for half in halves)
        return first.merge(second)

    def _measure(
        self,
        texts: list[TokenizedText],
        rows: tuple[int, ...],
        numbers: list[int],
        keys: np.ndarray,
        sampled: np.ndarray,
    ) -> HeadStatistics:
        batch = collate(self.plan.model, texts, rows)
        given = [[each[numbers[row]] for row in rows] for each in self.scores.values()]
        values = batch_quantities(self.plan.model, batch, self.quantities, given)
        chosen = [place for place, row in enumerate(rows) if sampled[row]]
        return measure(self.plan, batch, values, chosen, keys[list(rows)])

    def _with_scores(self, statistics: HeadStatistics) -> HeadStatistics:
        """With a decoder's scores on repeated random sequences, which depend on no text."""
        if statistics.repeated is not None or not self.plan.model.layout.causal:
            return statistics
        return replace(statistics, repeated=repeated_scores(self.plan.model))


def _read(
    model: LoadedModel, chunk: list[Row | Skipped], skipped: SkippedRows
) -> tuple[list[TokenizedText], list[int], SkippedRows]:
    """The texts of a chunk, their places in it, and the skipped rows with those of the chunk."""
    texts, places, skipped = [], [], skipped.copy()
    found = iter(tokenize(model, [row.text for row in chunk if isinstance(row, Row)]))
    for place, row in enumerate(chunk):
        each = row if isinstance(row, Skipped) else next(found)
        if isinstance(each, TokenizedText):
            texts.append(each)
            places.append(place)
        else:
            skipped.add(row if isinstance(row, Skipped) else refuse(row, each))
    return texts, places, skipped


def _added(
    state: CorpusState, found: HeadStatistics, rows: tuple[int, ...], texts: list[TokenizedText]
) -> CorpusState:
    total = state.statistics.merge(found) if state.statistics else found
    computed = state.computed + len(rows) * max(len(texts[row]) for row in rows)
    return replace(state, statistics=total, computed=computed)


def _with_last(batches: Iterator[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], bool]]:
    every = list(batches)
    for number, batch in enumerate(every, 1):
        yield batch, number == len(every)


@dataclass(frozen=True)
class CorpusState:
    """How far a pass over a corpus is.

    `statistics` are those of all texts so far (None before the first batch). `rows` counts the rows
    read, `skipped` tells of those left out. `computed` counts tokens with padding. `settled` is
    true where every row read has been counted: only then a pass can be continued from `rows`.
    """

    statistics: HeadStatistics | None = None
    rows: int = 0
    computed: int = 0
    seconds: float = 0.0
    skipped: SkippedRows = field(default_factory=SkippedRows)
    settled: bool = True

    def merge(self, other: CorpusState) -> CorpusState:
        """The state after the rows of both, where those of `other` follow or are others."""
        found = [each for each in (self.statistics, other.statistics) if each is not None]
        merged = found[0].merge(found[1]) if len(found) == 2 else next(iter(found), None)
        return CorpusState(
            merged,
            self.rows + other.rows,
            self.computed + other.computed,
            self.seconds + other.seconds,
            self.skipped.merge(other.skipped),
            self.settled and other.settled,
        )

    @property
    def texts(self) -> int:
        """Texts that are in the statistics."""
        return self.statistics.texts if self.statistics else 0

    @property
    def tokens(self) -> int:
        """Tokens that are in the statistics, without padding."""
        return self.statistics.tokens if self.statistics else 0

    @property
    def texts_per_second(self) -> float:
        """Over the whole pass."""
        return self.texts / self.seconds if self.seconds else 0.0

    @property
    def padding(self) -> float:
        """Share of the computed tokens that was padding."""
        return 1 - self.tokens / self.computed if self.computed else 0.0


def corpus_statistics(
    model: LoadedModel, rows: Iterable[str | Row | Skipped], *, until: int | None = None
) -> HeadStatistics:
    """The statistics of all rows that can be read; those that cannot are left out.

    `until` ends the pass as soon as so many texts are counted: what was known when a pass was
    stopped there. Raises `BadInput` where no row can be read, and `UnsupportedModel`.
    """
    found = None
    for state in stream_statistics(model, rows):
        found = state.statistics
        if until is not None and state.texts >= until:
            break
    if found is None:
        raise BadInput("None of the rows can be read. Give at least one text.")
    return found


@renamed(most="limit")
def readable_texts(
    model: LoadedModel, rows: Iterable[str | Row | Skipped], limit: int
) -> list[str]:
    """The first `limit` texts that the model can read whole."""
    texts: list[str] = []
    for row in as_rows(rows):
        if len(texts) == limit:
            break
        if isinstance(row, Row) and isinstance(tokenize(model, [row.text])[0], TokenizedText):
            texts.append(row.text)
    return texts
