"""Loss, accuracy and calibration at every checkpoint, on a training sample and held-out texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.audit.calibration import confidence_error
from interp_core.audit.data import check_labelled, labelled_data
from interp_core.audit.figures import LEVEL, Figure, percentiles, resampled, wilson
from interp_core.audit.predictions import is_right, stream_predictions
from interp_core.audit.record import SINGLE, AuditData, audit_kind
from interp_core.charted import Charted
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.progress import report
from interp_core.training_dynamics.checkpoints import DataFault

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel
    from interp_core.training_dynamics.checkpoints import Checkpoint, CheckpointSeries

TRAIN, HELD_OUT = "training sample", "held out"
SETS = (TRAIN, HELD_OUT)
LOSS, ACCURACY, ERROR = "loss", "accuracy", "calibration error"
MEASURES = (LOSS, ACCURACY, ERROR)
RESAMPLES = 2_000
MOST_TEXTS = 5_000  # of one set


@dataclass(frozen=True)
class Answers:
    """What c checkpoints answer to the n texts of one set.

    `loss` (c, n) is −log of the probability of the true class in nats, `right` (c, n) bool,
    `confidence` (c, n) the probability of the answer. Texts that some checkpoint could not answer
    are left out of all, so that every comparison is of the same texts.
    """

    loss: np.ndarray
    right: np.ndarray
    confidence: np.ndarray

    def __post_init__(self) -> None:
        if self.loss.ndim != 2 or not self.loss.shape == self.right.shape == self.confidence.shape:
            raise BadInput("Loss, right and confidence are arrays (checkpoints, texts) alike.")
        if not self.loss.size:
            raise BadInput("No text was answered at every checkpoint, so nothing can be compared.")

    @property
    def n(self) -> int:
        """Texts."""
        return self.loss.shape[1]


@dataclass(frozen=True)
class LearningCurves(Charted):
    """The answers of a series of checkpoints to a training sample and to held-out texts.

    `checkpoints` are the c that were measured, `broken` those that could not be. `answers` holds
    `Answers` under "training sample" and "held out"; `names` what the two sets are called.
    """

    checkpoints: tuple[Checkpoint, ...]
    answers: Mapping[str, Answers]
    broken: tuple[Checkpoint, ...] = ()
    names: tuple[str, str] = SETS
    notes: tuple[str, ...] = field(default=())
    seed: int = 0

    @property
    def steps(self) -> list[int]:
        """The step of each measured checkpoint."""
        return [each.step for each in self.checkpoints]

    @property
    def fewest(self) -> int:
        """Texts of each set from which a change can be told from chance.

        With fewer, even texts that all move the same way are no evidence beyond that of the
        simultaneous intervals (sign test), and a bootstrap of so few is too narrow.
        """
        tests = len(SETS) * max(1, len(self.checkpoints) - 1)
        return math.ceil(1 + math.log2(tests / (1 - LEVEL)))

    @property
    def too_few(self) -> bool:
        """Whether a set has fewer texts than `fewest`: then nothing is claimed."""
        return min(each.n for each in self.answers.values()) < self.fewest

    @cached_property
    def _frame(self) -> pd.DataFrame:
        rows = [row for each in SETS for row in self._rows(each)]
        columns = ["step", "checkpoint", "set", "measure", "value", "low", "high", "n"]
        return pd.DataFrame(rows, columns=columns)

    def frame(self) -> pd.DataFrame:
        """One row for each checkpoint, set and measure: value, low, high (95%), n.

        Measures: loss (mean, nats; bootstrap over texts), accuracy (Wilson), calibration error
        (expected, 10 bins, Guo et al. 2017; bootstrap).
        """
        return self._frame.copy()

    def _rows(self, which: str) -> Iterator[tuple]:
        answers = self.answers[which]
        low, high = percentiles(self._draws[which, LOSS])
        for place, each in enumerate(self.checkpoints):
            right = answers.right[place]
            error = self.calibration(which, place)
            ends = tuple(map(float, wilson(right.sum(), answers.n)))
            mean = float(answers.loss[place].mean())
            found = {
                LOSS: (mean, float(low[place]), float(high[place])),
                ACCURACY: (float(right.mean()), *ends),
                ERROR: (error.value, error.low, error.high),
            }
            for measure, values in found.items():
                yield each.step, each.name, which, measure, *values, answers.n

    def calibration(self, which: str, place: int) -> Figure:
        """The expected calibration error of one checkpoint on a set, computed once."""
        if (which, place) not in self._errors:
            answers = self.answers[which]
            found = confidence_error(
                answers.confidence[place], answers.right[place], seed=self.seed
            )
            self._errors[which, place] = found
        return self._errors[which, place]

    @cached_property
    def _errors(self) -> dict[tuple[str, int], Figure]:
        return {}

    @cached_property
    def _draws(self) -> dict[tuple[str, str], np.ndarray]:
        """Means of each set and measure over bootstrap resamples of its texts, (draws, c).

        Every interval comes from these: drawing thousands of texts thousands of times takes
        seconds. The draws are the same for all checkpoints, so differences are paired.
        """
        found = {}
        for number, which in enumerate(SETS):
            count = self.answers[which].n
            values = np.concatenate([self._values(which, each) for each in (LOSS, ACCURACY)])
            blocks = resampled(count, self.seed + number, RESAMPLES)
            means = np.concatenate([block @ values.T / count for block in blocks])
            found[which, LOSS], found[which, ACCURACY] = np.split(means, 2, axis=1)
        return found

    def gap(self) -> pd.DataFrame:
        """The generalisation gap: step, measure, value, low, high (95%, bootstrap over both sets).

        Loss: held out − training sample. Accuracy: training sample − held out. So a larger gap
        always means that the model does better on what it was trained on.
        """
        rows = []
        for measure, sign in ((LOSS, 1.0), (ACCURACY, -1.0)):
            values = {each: self._values(each, measure) for each in SETS}
            drawn = self._draws[HELD_OUT, measure] - self._draws[TRAIN, measure]
            low, high = percentiles(sign * drawn)
            means = sign * (values[HELD_OUT].mean(1) - values[TRAIN].mean(1))
            for place, step in enumerate(self.steps):
                rows.append((step, measure, means[place], low[place], high[place]))
        return pd.DataFrame(rows, columns=["step", "measure", "value", "low", "high"])

    def _values(self, which: str, measure: str) -> np.ndarray:
        answers = self.answers[which]
        return answers.loss if measure == LOSS else answers.right.astype(float)

    def changes(self) -> pd.DataFrame:
        """From each checkpoint to the next: from, to, set, measure, change, low, high.

        Intervals are paired bootstraps over texts, simultaneous over all steps and both sets of a
        measure (Bonferroni, 95% together).
        """
        pairs = [(place, place + 1) for place in range(len(self.steps) - 1)]
        return self._differences(pairs)

    def against(self, step: int) -> pd.DataFrame:
        """Every other checkpoint against that of one `step`: columns as in `changes`."""
        chosen = self.steps.index(step)
        return self._differences([(chosen, each) for each in range(len(self.steps))])

    def _differences(self, pairs: list[tuple[int, int]]) -> pd.DataFrame:
        rows = []
        tests = max(1, len(SETS) * sum(one != two for one, two in pairs))
        tail = (1 - LEVEL) / tests / 2
        for measure in (LOSS, ACCURACY):
            for which in SETS:
                means, drawn = self._values(which, measure).mean(1), self._draws[which, measure]
                before, after = (list(places) for places in zip(*pairs))
                drawn = drawn[:, after] - drawn[:, before]
                low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
                for place, (one, two) in enumerate(pairs):
                    told = (means[two] - means[one], low[place], high[place])
                    rows.append((self.steps[one], self.steps[two], which, measure, *told))
        columns = ["from", "to", "set", "measure", "change", "low", "high"]
        return pd.DataFrame(rows, columns=columns)


def score_checkpoints(
    series: CheckpointSeries,
    train: Any,
    held_out: Any,
    *,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> LearningCurves:
    """Loss, accuracy and calibration of each checkpoint on two sets of labelled texts.

    `train` is a sample of what the model was trained on, `held_out` are texts that it never saw:
    data frames, paths, or what else `labelled_data` reads; `options` are its further arguments.
    One model is in memory at a time. A checkpoint that cannot be measured stands in `broken`.
    Raises `BadInput` where fewer than two can be, or where the data do not fit; `Stopped`.
    """
    check_texts(train, held_out, options=options)
    reader = _Reader((train, held_out), dict(options or {}), progress, len(series.checkpoints))
    good, found, broken = series.compared(reader.read)
    answers = {
        which: _together([each[place] for each in found]) for place, which in enumerate(SETS)
    }
    shared = reader.shared_texts()
    notes = [*reader.notes, *reader.cut_notes()]
    if shared:
        texts = "1 text stands" if shared == 1 else f"{shared:,} texts stand"
        notes.append(f"{texts} in both sets, so the held-out loss is too good. Remove them.")
    return LearningCurves(good, answers, broken, reader.names, tuple(notes))


def _together(found: list[np.ndarray]) -> Answers:
    """Arrays (3, n) of every checkpoint as one record, without texts that one cannot answer."""
    stacked = np.stack(found, axis=1)
    known = np.isfinite(stacked).all((0, 1))
    loss, right, confidence = stacked[:, :, known]
    return Answers(loss, right.astype(bool), confidence)


class _Reader:
    """Reads the labelled texts with each model, and keeps what it answers."""

    def __init__(
        self,
        sources: tuple[Any, Any],
        options: dict[str, Any],
        progress: Callable[[int, int], object] | None,
        count: int,
    ) -> None:
        self.sources, self.options, self.progress, self.count = sources, options, progress, count
        self.labels: tuple[str, ...] | None = None
        self.data: tuple[AuditData, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.names: tuple[str, str] = SETS
        self.done = 0
        self.cut: dict[str, int] = {}

    def read(self, checkpoint: Checkpoint, model: LoadedModel) -> tuple[np.ndarray, ...]:
        """For each set an array (3, n): loss, right, confidence; NaN where not answered."""
        if self.labels is None:
            self.data = tuple(labelled_texts(each, model, self.options) for each in self.sources)
            self.labels = tuple(model.labels)
            said = [[*each.notes, each.problems.note()] for each in self.data]
            self.notes = tuple(
                f"{which}: {note}" for which, notes in zip(SETS, said) for note in notes if note
            )
            self.names = (self.data[0].name, self.data[1].name)
        if tuple(model.labels) != self.labels:
            raise BadInput(
                f"The classes of {checkpoint.name!r} are others than those of the first "
                "checkpoint, or stand in another order."
            )
        return tuple(self._answers(model, *each) for each in zip(SETS, self.data))

    def _answers(self, model: LoadedModel, which: str, data: AuditData) -> np.ndarray:
        state, all_texts = None, self.count * sum(map(len, self.data))
        for state in stream_predictions(model, data):
            told = int((state.done | state.lost).sum())
            report(self.progress, self.done + told, all_texts)
        self.done += len(data)
        self.cut[which] = int(state.cut.sum())
        logits = state.logits.astype(np.float64)
        shifted = logits - logits.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        loss = -logs[np.arange(len(data)), data.targets]
        found = np.stack([loss, is_right(data, state).astype(float), state.confidence])
        return np.where(state.done, found, np.nan)

    def cut_notes(self) -> list[str]:
        """How many texts of each set were too long to be read whole."""
        return [
            f"{which}: of {count:,} longer texts only the beginning that the model reads counts."
            for which, count in self.cut.items()
            if count
        ]

    def shared_texts(self) -> int:
        """Texts that stand in both sets."""
        return len(set(self.data[0].texts) & set(self.data[1].texts))


def labelled_texts(source: Any, model: LoadedModel, options: Mapping[str, Any]) -> AuditData:
    """Texts with one class each. Raises `UnsupportedModel` for models of another kind.

    `DataFault` for texts that do not fit: no other checkpoint need be loaded to see that.
    """
    kind = source.kind if isinstance(source, AuditData) else audit_kind(model)
    if kind != SINGLE:
        raise UnsupportedModel(
            "Learning curves are drawn for models that give each text one of several classes."
        )
    if isinstance(source, AuditData):
        return source
    try:
        return labelled_data(source, model, **{"limit": MOST_TEXTS, **options})
    except BadInput as error:
        raise DataFault(str(error)) from error


def check_texts(*sources: Any, options: Mapping[str, Any] | None = None) -> None:
    """Raises `BadInput` for files whose fault shows before a checkpoint is loaded."""
    for each in sources:
        check_labelled(each, **dict(options or {}))
