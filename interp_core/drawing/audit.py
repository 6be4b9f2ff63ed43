"""An audit and its parts as pictures; pages and reports draw the same."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.audit.behaviour import Behaviour
from interp_core.audit.bias import Bias
from interp_core.audit.calibration import reliability
from interp_core.audit.figures import SMALL, Figure
from interp_core.audit.metrics import Score
from interp_core.audit.points import check_points, class_points, slice_points, value_points
from interp_core.audit.privacy import Privacy
from interp_core.audit.record import SINGLE
from interp_core.audit.slices import Slices
from interp_core.audit.whole import Audit
from interp_core.charts import audit as charts
from interp_core.charts.offline import offline
from interp_core.errors import BadInput

DRAWN = 25  # slices, values, and confused classes, in a chart


def verdict(audit: Audit) -> Any:
    """The thresholds with their values and 95% intervals; without thresholds the main values."""
    return offline(values_chart(verdict_points(audit).head(DRAWN)))


def verdict_points(audit: Audit) -> pd.DataFrame:
    """The rows of `verdict`."""
    if audit.checks:
        return check_points(audit.checks)
    return value_points(list(audit.score.figures))


def values_chart(frame: pd.DataFrame) -> Any:
    """Points with intervals, of values on one scale."""
    return charts.intervals(frame, title="value", form=".3f")


def classes(found: Audit | Score) -> Any:
    """Precision, recall and F1 of each class with intervals. Raises `BadInput` without classes."""
    table = _score(found).classes
    if table.empty:
        raise BadInput("These labels are numbers: there are no classes to draw.")
    return offline(charts.intervals(class_points(table), title=""))


def confusion(found: Audit | Score) -> Any:
    """Texts by true and predicted class, of the classes that are confused most. Raises `BadInput`
    without such a table."""
    shown = confused(_score(found).confusion)
    if shown.empty:
        raise BadInput("There is no confusion matrix: a text has no single class here.")
    return offline(charts.confusion(shown))


def confused(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the classes that are confused most, where there are more than 25."""
    if table.empty or table["true"].nunique() <= DRAWN:
        return table
    wrong = table[(table["true"] != table["predicted"]) & (table["count"] > 0)]
    top = wrong.sort_values("count", ascending=False, kind="stable").head(DRAWN)
    kept = list(dict.fromkeys([*top["true"], *top["predicted"]]))[:DRAWN]
    return table[table["true"].isin(kept) & table["predicted"].isin(kept)]


def calibration(audit: Audit) -> Any:
    """Accuracy by confidence. Raises `BadInput` where a text has no single label."""
    if audit.data.kind != SINGLE:
        raise BadInput("A reliability diagram needs one label for each text.")
    table = reliability(audit.data, audit.predictions)
    return offline(charts.reliability(table.assign(small=table["n"] < SMALL)))


def slices(found: Slices) -> Any:
    """The groups with most errors, with 95% intervals; * is significant. Raises `BadInput` without
    groups."""
    if found.table.empty:
        raise BadInput("No group of texts is large enough to be compared.")
    table = found.table.sort_values("difference_low", ascending=False, kind="stable")
    return offline(slices_chart(found, slice_points(table.head(DRAWN))))


def slices_chart(found: Slices, frame: pd.DataFrame, **options: Any) -> Any:
    """Points with intervals of some rows, beside the rate of all texts."""
    form = ".0%" if found.outcome == "error rate" else ".3f"
    return charts.intervals(frame, title=found.outcome, form=form, mark=found.overall, **options)


def groups(audit: Audit) -> Any:
    """Groups by length, confidence and metadata with most errors."""
    return slices(audit.groups)


def words(audit: Audit) -> Any:
    """Words and pairs of words with most errors."""
    return slices(audit.words)


def measured(found: Score | Behaviour | Bias | Privacy) -> Any:
    """The values of one part with their intervals. Raises `BadInput` without any."""
    figures: list[Figure] = list(found.figures if isinstance(found, Score) else found.figures())
    if not figures:
        raise BadInput("Nothing was measured here, so there is nothing to draw.")
    return offline(values_chart(value_points(figures[:DRAWN])))


def _score(found: Audit | Score) -> Score:
    return found.score if isinstance(found, Audit) else found
