"""An audit and its parts as pictures; pages and reports draw the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp_core.audit.behaviour import Behaviour
from interp_core.audit.bias import Bias
from interp_core.audit.calibration import reliability
from interp_core.audit.figures import FDR, SMALL, Figure
from interp_core.audit.head_lift import HeadLift
from interp_core.audit.metrics import Score
from interp_core.audit.points import check_points, class_points, slice_points, value_points
from interp_core.audit.privacy import Privacy
from interp_core.audit.record import SINGLE
from interp_core.audit.slices import Slices
from interp_core.audit.whole import Audit
from interp_core.audit.word_groups import AttributionShares
from interp_core.charts import audit as charts
from interp_core.charts.heads import head_map
from interp_core.charts.offline import offline
from interp_core.charts.simple import histogram
from interp_core.errors import BadInput

DRAWN = 25  # slices, values, and confused classes, in a chart
CLASSES = 20  # of more classes those with most errors
TERMS = 15  # at either end
BINS = 0.05  # of confidence
SLICE = "slice"  # the selection of a click
LEGENDS = {
    "difference": "lift − content words",
    "change": "lift: wrong − right",
    "correlation": "rank correlation",
}
TESTED = ("significant", "not significant")


def verdict(audit: Audit, *, limit: int = DRAWN) -> Any:
    """The thresholds with their values and 95% intervals; without thresholds the main values."""
    return offline(values_chart(verdict_points(audit).head(limit)))


def verdict_points(audit: Audit) -> pd.DataFrame:
    """The rows of `verdict`."""
    if audit.checks:
        return check_points(audit.checks)
    return value_points(list(audit.score.figures))


def values_chart(frame: pd.DataFrame) -> Any:
    """Points with intervals, of values on one scale."""
    return charts.intervals(frame, title="value", form=".3f")


def classes(found: Audit | Score) -> Any:
    """Precision, recall and F1 with intervals, of the classes with most errors. Raises `BadInput`
    without classes."""
    table = _score(found).classes
    if table.empty:
        raise BadInput("These labels are numbers: there are no classes to draw.")
    shown = table[table["class"].isin(most_errors(table))]
    return offline(charts.intervals(class_points(shown), title=""))


def most_errors(classes: pd.DataFrame) -> list[str]:
    """The names of the classes, of more than 20 those with most errors."""
    if len(classes) <= CLASSES:
        return list(classes["class"])
    right = classes["recall"].fillna(0) * classes["support"]
    wrong = classes["support"] + classes["predicted"] - 2 * right
    kept = classes.loc[wrong.sort_values(ascending=False, kind="stable").index[:CLASSES]]
    return [name for name in classes["class"] if name in set(kept["class"])]


def confusion(found: Audit | Score) -> Any:
    """Texts by true and predicted class, of the classes that are confused most. Raises `BadInput`
    without such a table."""
    shown = confused(_score(found).confusion, CLASSES)
    if shown.empty:
        raise BadInput("There is no confusion matrix: a text has no single class here.")
    return offline(charts.confusion(shown))


def confused(table: pd.DataFrame, most: int = DRAWN) -> pd.DataFrame:
    """The rows of the classes that are confused most, where there are more than so many."""
    if table.empty or table["true"].nunique() <= most:
        return table
    wrong = table[(table["true"] != table["predicted"]) & (table["count"] > 0)]
    top = wrong.sort_values("count", ascending=False, kind="stable").head(most)
    named = [*top["true"], *top["predicted"]] or table["true"]  # without any error the first ones
    kept = list(dict.fromkeys(named))[:most]
    return table[table["true"].isin(kept) & table["predicted"].isin(kept)]


def calibration(audit: Audit) -> Any:
    """Accuracy by confidence. Raises `BadInput` where a text has no single label."""
    if audit.data.kind != SINGLE:
        raise BadInput("A reliability diagram needs one label for each text.")
    return reliability_table(reliability(audit.data, audit.predictions))


def reliability_table(table: pd.DataFrame) -> Any:
    """Accuracy by confidence; the table of `reliability`."""
    return offline(charts.reliability(table.assign(small=table["n"] < SMALL)))


def threshold_curve(
    table: pd.DataFrame,
    *,
    x: str = "false positive rate",
    y: str = "true positive rate",
    threshold: float = 0.5,
    chance: tuple[float, float] = (0.0, 1.0),
) -> Any:
    """A ROC curve, or with the columns `x` "true positive rate" and `y` "precision" that of
    precision and recall; `chance` is a model without information, at both ends."""
    return offline(charts.curve(table, x=x, y=y, threshold=threshold, chance=chance))


def errors(table: pd.DataFrame) -> Any:
    """How confident wrong predictions are, or how far off numbers; the table of `error_table`."""
    number = "error" in table
    values = table["error"] if number else table["confidence"]
    title = "error (predicted − true)" if number else "confidence of the wrong prediction"
    shares = {} if number else {"step": BINS, "form": ".0%"}
    return offline(histogram(values, title=title, unit="texts", **shares))


def capabilities(found: Behaviour) -> Any:
    """The failure rate of each capability with its interval."""
    table = found.capabilities
    frame = table.rename(columns={"capability": "name", "rate": "value"})
    return offline(charts.intervals(frame.assign(small=table["n"] < SMALL), title="failure rate"))


def terms(found: Bias) -> Any:
    """The terms with the lowest and the highest logit in the same templates."""
    ends = term_ends(found)[["term", "difference", "low", "high", "n", "q"]]
    frame = ends.rename(columns={"term": "name", "difference": "value"})
    return _differences(
        frame, f"logit of {found.target}, difference from all terms", "mean of all terms"
    )


def term_ends(found: Bias) -> pd.DataFrame:
    """The rows of `terms`, lowest first."""
    table = found.terms.sort_values("difference", ignore_index=True)
    return table if len(table) <= 2 * TERMS else pd.concat([table.head(TERMS), table.tail(TERMS)])


def contrasts(found: Bias) -> Any:
    """Group against group of terms, with intervals."""
    table = found.contrasts
    frame = pd.DataFrame(
        {
            "name": [f"{b} − {a}" for a, b in zip(table["a"], table["b"])],
            "value": table["difference"],
            "low": table["low"],
            "high": table["high"],
            "n": table["n"],
            "q": table["q"],
        }
    )
    return _differences(frame, f"logit of {found.target}, difference", "no difference")


def _differences(frame: pd.DataFrame, title: str, zero: str) -> Any:
    """Intervals around a line at 0, which is `zero`; pale where q is over the FDR."""
    chart = charts.intervals(
        frame.assign(small=frame["q"] > FDR),
        title=title,
        form="+.2f",
        mark=0.0,
        mark_title=zero,
        words=TESTED,
    )
    return offline(chart)


def personal_data(found: Privacy) -> Any:
    """How far answers move when personal data of each kind is replaced by a placeholder."""
    table = found.kinds
    frame = pd.DataFrame(
        {
            "name": table["kind"],
            "value": table["change"],
            "low": table["low"],
            "high": table["high"],
            "n": table["texts"],
            "small": table["texts"] < SMALL,
            "limit": table["control change"],
        }
    )
    return offline(charts.intervals(frame, title="mean |Δ probability| of the answer", form=".3f"))


def word_groups(table: pd.DataFrame) -> Any:
    """What rests on each group of words over its share of the words; the table of
    `AttributionShares.frame`. Raises `BadInput` without any."""
    known = table.dropna(subset=["lift"])
    if known.empty:
        raise BadInput("No text has an attribution.")
    frame = known.rename(columns={"group": "name", "lift": "value"})
    chart = charts.intervals(
        frame.assign(small=known["n"] < SMALL),
        title="share of attribution / share of words",
        form=".2f",
        mark=1.0,
        mark_title="expected by chance",
    )
    return offline(chart)


def head_lift(
    table: pd.DataFrame,
    group: str,
    *,
    measure: str = "lift",
    chosen: tuple[int, int] | None = None,
) -> Any:
    """The attention that each head gives a group of words; the table of `HeadLift.frame`.

    `measure`: "lift" over even attention, or "difference" from content words, or "change" in wrong
    answers; * is significant, `chosen` (layer, head) is framed. Raises `BadInput` for a group or
    measure that is not there.
    """
    frame = table[table["group"] == group].reset_index(drop=True)
    if frame.empty or measure not in frame:
        raise BadInput(f"There is no {measure!r} of a group {group!r} in this table.")
    if measure == "lift":
        drawn = frame.assign(value=frame["lift"], role="", code="", chosen=False, lit=True)
        return offline(head_map(drawn, title="lift", text_format=".2f"))
    q = "q wrong" if measure == "change" else "q"
    return offline(tested_heads(frame, measure, q, chosen))


def lift_of_heads(found: HeadLift, group: str | None = None, *, measure: str = "lift") -> Any:
    """The attention of each head to a group of words, by default the first; see `head_lift`."""
    return head_lift(found.frame(), found.names[0] if group is None else group, measure=measure)


def shares(found: AttributionShares) -> Any:
    """What rests on each group of words over its share of the words."""
    return word_groups(found.frame())


def head_alignment(table: pd.DataFrame, *, chosen: tuple[int, int] | None = None) -> Any:
    """How attention and attribution of every head agree; `HeadLift.alignment_frame`."""
    return offline(tested_heads(table, "correlation", "q", chosen))


def tested_heads(frame: pd.DataFrame, column: str, q: str, chosen: tuple[int, int] | None) -> Any:
    """The map of a column in which heads with a small `q` have a star."""
    layer, head = chosen or (-1, -1)
    drawn = pd.DataFrame(
        {
            "layer": frame["layer"],
            "head": frame["head"],
            "value": frame[column],
            "role": np.where(frame[q] <= FDR, "significant", "not significant"),
            "code": np.where(frame[q] <= FDR, "*", ""),
            "chosen": (frame["layer"] == layer) & (frame["head"] == head),
            "lit": True,
        }
    )
    return head_map(drawn, title=LEGENDS[column], signed=True, text_format="+.2f")


def slices(found: Slices, *, limit: int = DRAWN) -> Any:
    """The groups with most errors, with 95% intervals; * is significant. Raises `BadInput` without
    groups."""
    if found.table.empty:
        raise BadInput("No group of texts is large enough to be compared.")
    table = found.table.sort_values("difference_low", ascending=False, kind="stable")
    return offline(slices_chart(found, slice_points(table.head(limit)), chosen=SLICE))


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
