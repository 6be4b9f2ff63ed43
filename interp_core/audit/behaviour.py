"""Behaviour tests on a classifier (Ribeiro et al. 2020): what it must answer, whatever the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.audit.figures import Figure, wilson
from interp_core.audit.scoring import Scores, score_texts
from interp_core.audit.suites import INVARIANCE, LABEL, Suite, read_suite
from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.validation import label_index

if TYPE_CHECKING:
    from interp_core.audit.suites import Test
    from interp_core.models.record import LoadedModel

COLUMNS = [
    "capability",
    "test",
    "kind",
    "text",
    "changed text",
    "expected",
    "answer",
    "changed answer",
    "probability",
    "change",
    "failed",
]


@dataclass(frozen=True)
class Behaviour(Charted):
    """The answers to a suite.

    `cases` has one row for each text or pair: capability, test, kind, text, changed text, expected
    (in words), answer, changed answer, probability (of the label, before), change (of it), failed.
    `tests` and `capabilities` count them: n, failures, rate with low and high (Wilson).
    """

    title: str
    cases: pd.DataFrame
    tests: pd.DataFrame
    capabilities: pd.DataFrame

    @property
    def failures(self) -> pd.DataFrame:
        """The cases that failed, most confident first."""
        failed = self.cases[self.cases["failed"]]
        order = failed["probability"].sub(0.5).abs().sort_values(ascending=False, kind="stable")
        return failed.loc[order.index].reset_index(drop=True)

    def figures(self) -> list[Figure]:
        """The failure rate of each capability, for a verdict."""
        return [
            Figure(
                f"failures.{row['capability']}",
                f"Failures: {row['capability']}",
                row["rate"],
                row["n"],
                row["low"],
                row["high"],
                "Wilson, 95%",
            )
            for row in self.capabilities.to_dict("records")
        ]


def run_suite(
    model: LoadedModel,
    suite: Suite | str | bytes | Path = "sentiment",
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Behaviour:
    """Run a suite: a built-in one by name, a TOML file, or what `read_suite` gives.

    An invariance without a label follows the label that was answered to the first text. Raises
    `BadInput` where the suite names labels that the model does not have, and `UnsupportedModel`.
    """
    known = suite if isinstance(suite, Suite) else read_suite(suite)
    for label in known.labels:
        label_index(model.labels, label)
    cases = [(test, *case) for test in known.tests for case in test.cases]
    if len(model.labels) < 2:
        raise BadInput(
            "Behaviour is tested by labels and their probabilities; this model has none."
        )
    texts = [text for _, *both in cases for text in both if text is not None]
    scores = score_texts(model, texts, progress=progress)
    rows, place = [], 0
    for test, text, changed in cases:
        rows.append(_row(test, text, changed, scores, place))
        place += 1 if changed is None else 2
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return Behaviour(
        known.title,
        frame,
        _counted(frame, ["capability", "test", "kind"]),
        _counted(frame, ["capability"]),
    )


def _row(test: Test, text: str, changed: str | None, scores: Scores, place: int) -> tuple:
    before = scores.probabilities[place]
    number = int(before.argmax())
    if test.label is not None:
        number = label_index(scores.labels, test.label)
    name, answer = scores.labels[number], str(scores.answers[place])
    if changed is None:
        failed = answer.casefold() != name.casefold()
        shown = (text, "", name, answer, "", float(before[number]), np.nan)
        return (test.capability, test.name, LABEL, *shown, failed)
    moved = float(scores.probabilities[place + 1, number] - before[number])
    if test.kind == INVARIANCE:
        failed, expected = abs(moved) > test.bound, f"|Δ p({name})| ≤ {test.bound:g}"
    else:
        wrong = -moved if test.direction == "up" else moved
        failed, expected = wrong > test.slack, f"p({name}) goes {test.direction}"
    both = (text, changed, expected, answer, str(scores.answers[place + 1]))
    return (test.capability, test.name, test.kind, *both, float(before[number]), moved, failed)


def _counted(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    groups = frame.groupby(by, sort=False)["failed"]
    table = groups.agg(n="size", failures="sum").reset_index()
    low, high = wilson(table["failures"].to_numpy(), table["n"].to_numpy())
    return table.assign(rate=table["failures"] / table["n"], low=low, high=high)
