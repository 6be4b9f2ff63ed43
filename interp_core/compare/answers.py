"""What two classifiers answer to the same texts: agreement, churn, calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.audit.calibration import calibration_error, reliability
from interp_core.audit.figures import WILSON, Figure, wilson
from interp_core.audit.labels import LabelMatch, shown_of
from interp_core.audit.predictions import Predictions, is_right, predict_labelled
from interp_core.audit.record import MULTI, REGRESSION, SINGLE, TOKENS, AuditData, audit_kind
from interp_core.charted import Charted
from interp_core.compare.naming import apart, match_classes, none_shared
from interp_core.comparison import mcnemar
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

SAME, CHANGED = "same answer", "other answer"
WON, LOST, BOTH_WRONG, BOTH_RIGHT = "wrong → right", "right → wrong", "both wrong", "both right"
CHANGES = (LOST, WON, CHANGED, BOTH_WRONG, SAME, BOTH_RIGHT)  # those to look at first


@dataclass(frozen=True)
class AnswerComparison(Charted):
    """Answers of two models to `texts` texts that both could read.

    `table`: row (number of the text in its file, from 1), text, label (the true one; without labels
    the column is absent), first, second (the answers, in the classes of the first model), same
    (bool), first_confidence, second_confidence, change (of `CHANGES`). `figures` hold agreement,
    and with labels accuracies, "right → wrong", "wrong → right" and expected calibration errors,
    each with its interval. `p` is McNemar's exact test that both are equally often right, NaN
    without labels. `calibration`: model, then the columns of `reliability`; empty without labels or
    where answers have no single probability. `notes` say what was assumed of classes and labels,
    which rows were left out, and how many texts were not read whole.
    """

    names: tuple[str, str]
    labelled: bool
    texts: int
    left_out: int
    table: pd.DataFrame
    figures: tuple[Figure, ...]
    p: float
    calibration: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def churn(self) -> float:
        """Share of the texts with another answer."""
        return float(1 - self.table["same"].mean())

    def figure(self, key: str) -> Figure:
        """The figure of this key, such as "agreement". Raises `KeyError`."""
        return {each.key: each for each in self.figures}[key]

    def changed(self) -> pd.DataFrame:
        """The texts with another answer, those that became wrong first."""
        frame = self.table[~self.table["same"]]
        order = frame["change"].map(CHANGES.index)
        return frame.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """One row for each figure: figure, value, low, high, n."""
        rows = [(each.title, each.value, each.low, each.high, each.n) for each in self.figures]
        return pd.DataFrame(rows, columns=["figure", "value", "low", "high", "n"])


def compare_answers(
    first: LoadedModel,
    second: LoadedModel,
    data: AuditData | Sequence[str],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> AnswerComparison:
    """Agreement and changes of the answers to `data`, labelled for the first model or plain texts.

    Classes of the second model are matched to those of the first by name, else by number, and what
    was assumed is noted. Texts of several labels, and of labelled words, count as right where all
    are. Texts that a model cannot read are left out. `progress(done, all)` may return False to
    stop.

    Raises `BadInput` where no class of one is a class of the other or no text is left, and
    `UnsupportedModel` for models that do not classify and for regression.
    """
    kinds = [audit_kind(model) for model in (first, second)]
    if kinds[0] != kinds[1] or REGRESSION in kinds:
        raise UnsupportedModel(
            f"{first.name!r} gives {kinds[0]} answers and {second.name!r} {kinds[1]} answers. "
            "Answers of two classifiers of the same kind can be compared."
        )
    labelled = isinstance(data, AuditData)
    data = data if isinstance(data, AuditData) else _plain(data, first, kinds[0])
    match = match_classes(data.labels, second.labels)
    if not any(match.mapping.values()):
        raise BadInput(none_shared(first.name, second.name, first.labels, second.labels))
    other = _for_second(data, second, match.mapping)
    one = predict_labelled(first, data, progress=scaled(progress, 0, 50))
    two = predict_labelled(second, other, progress=scaled(progress, 50, 100))
    kept = one.done & two.done
    if not kept.any():
        raise BadInput("No text is left that both models can read. Give shorter texts.")
    notes = [*data.notes, *filter(None, [data.problems.note()])] if labelled else []
    notes += [*match.notes, *_one_sided(first, second, match)]
    if count := int((one.cut | two.cut)[kept].sum()):
        texts = "1 text is" if count == 1 else f"{count:,} texts are"
        notes.append(f"{texts} longer than a model reads: of those the beginning was read.")
    back = {found: name for name, found in match.mapping.items() if found is not None}
    sides = (data.take(kept), one.take(kept)), (other.take(kept), two.take(kept))
    table = _table(*sides, back, labelled)
    figures, p = _figures(table, labelled)
    bins = pd.DataFrame()
    if labelled and kinds[0] == SINGLE:
        figures += [_calibrated(name, *side) for name, side in zip(("first", "second"), sides)]
        names = apart(first.name, second.name)
        parts = [reliability(*side).assign(model=name) for name, side in zip(names, sides)]
        bins = pd.concat(parts, ignore_index=True)
    return AnswerComparison(
        (first.name, second.name),
        labelled,
        len(table),
        len(kept) - len(table),
        table,
        tuple(figures),
        p,
        bins,
        tuple(notes),
    )


def _one_sided(first: LoadedModel, second: LoadedModel, match: LabelMatch) -> list[str]:
    """The classes that only one of the two has: no answer of the other can be such a class."""
    found = set(match.mapping.values())
    sides = (first, match.unknown), (second, [n for n in second.labels if n not in found])
    return [
        f"Only {model.name!r} has the classes {shown_of(list(names))}: the other never gives such "
        "an answer."
        for model, names in sides
        if names
    ]


def _plain(texts: Sequence[str], model: LoadedModel, kind: str) -> AuditData:
    """Texts without labels, in the form of labelled ones."""
    texts = (texts,) if isinstance(texts, str) else tuple(texts)
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    if kind == TOKENS:
        words = tuple(tuple(text.split()) for text in texts)
        targets = np.empty(len(texts), dtype=object)
        targets[:] = [np.zeros(len(each), dtype=np.int64) for each in words]
        texts = tuple(" ".join(each) for each in words)
    else:
        words, wide = None, kind == MULTI
        shape = (len(texts), len(model.labels)) if wide else len(texts)
        targets = np.zeros(shape, dtype=bool if wide else np.int64)
    rows = np.arange(1, len(texts) + 1)
    return AuditData(
        "texts", kind, texts, targets, tuple(model.labels), words=words, rows=rows,
        metadata=pd.DataFrame(index=rows - 1),
    )  # fmt: skip


def _for_second(data: AuditData, model: LoadedModel, mapping: dict[str, str | None]) -> AuditData:
    """The same texts with the classes of another model; −1 for a class that it has not."""
    labels = tuple(model.labels)
    places = np.array([labels.index(m) if (m := mapping[x]) else -1 for x in data.labels])
    if data.kind == SINGLE:
        targets = places[data.targets]
    elif data.kind == MULTI:
        targets = np.zeros((len(data), len(labels)), dtype=bool)
        known = places >= 0
        targets[:, places[known]] = data.targets[:, known]
    else:
        targets = np.empty(len(data), dtype=object)
        targets[:] = [places[each] for each in data.targets]
    return replace(data, labels=labels, targets=targets)


def _table(
    first: tuple[AuditData, Predictions],
    second: tuple[AuditData, Predictions],
    back: dict[str, str],
    labelled: bool,
) -> pd.DataFrame:
    data, other = first[0], second[0]
    # The second model's answers in the classes of the first.
    named = replace(other, labels=tuple(back.get(name, name) for name in other.labels))
    answers = [
        [names.name_of(each) for each in side[1].predicted]
        for names, side in ((data, first), (named, second))
    ]
    frame = pd.DataFrame({"row": data.rows, "text": data.texts})
    if labelled:
        frame["label"] = data.target_names()
    frame["first"], frame["second"] = answers
    frame["same"] = _equal(answers[0], answers[1], data.kind)
    frame["first_confidence"] = first[1].confidence
    frame["second_confidence"] = second[1].confidence
    if not labelled:
        return frame.assign(change=np.where(frame["same"], SAME, CHANGED))
    one, two = is_right(*first), is_right(*second)
    change = np.select([one & two, one & ~two, ~one & two], [BOTH_RIGHT, LOST, WON], BOTH_WRONG)
    return frame.assign(change=change)


def _equal(one: list[str], two: list[str], kind: str) -> np.ndarray:
    if kind == MULTI:  # the order of the labels is each model's own
        return np.array([set(a.split(", ")) == set(b.split(", ")) for a, b in zip(one, two)])
    return np.array([a == b for a, b in zip(one, two)])


def _share(key: str, title: str, hits: np.ndarray) -> Figure:
    count, total = int(hits.sum()), len(hits)
    low, high = wilson(count, total)
    return Figure(key, title, count / total, total, float(low), float(high), WILSON)


def _figures(table: pd.DataFrame, labelled: bool) -> tuple[list[Figure], float]:
    figures = [_share("agreement", "Agreement", table["same"].to_numpy())]
    if not labelled:
        return figures, float("nan")
    change = table["change"]
    right = [change.isin([BOTH_RIGHT, each]).to_numpy() for each in (LOST, WON)]
    figures += [
        _share("accuracy_first", "Accuracy of the first", right[0]),
        _share("accuracy_second", "Accuracy of the second", right[1]),
        _share("right_to_wrong", "Right → wrong", (change == LOST).to_numpy()),
        _share("wrong_to_right", "Wrong → right", (change == WON).to_numpy()),
    ]
    return figures, mcnemar(right[0], right[1])


def _calibrated(side: str, data: AuditData, predictions: Predictions) -> Figure:
    found = calibration_error(data, predictions)
    return replace(found, key=f"{found.key}_{side}", title=f"{found.title} of the {side}")
