"""How good the predictions are: values with intervals, confusion, calibration, threshold."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.audit.figures import SMALL, p_value
from interp_core.audit.points import value_points
from interp_core.audit.record import SINGLE
from interp_core.charts.audit import confusion_size
from interp_core.charts.axes import SIDE
from interp_core.drawing.audit import CLASSES, confused, most_errors
from interp_core.ui.audit import texts
from interp_core.ui.audit.answers import Audited
from interp_core.ui.server import jobs
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

HEADLINES = 4
CELL, ROW = "audit_cell", "audit_row"


def draw(found: Audited) -> ViewResult | None:
    """All values of the score, each with n and its interval."""
    found = threshold(found)
    step = scored(found)
    if step is None:
        return None
    score = value(step)
    for note in score.notes:
        st.warning(message(note), icon=":material/swap_horiz:")
    _headlines(score)
    chart = _classes(score, step) if len(score.classes) else _overall(score, step)
    _other_values(score)
    if len(score.confusion):
        _confusion(found, score, step)
    if score.kind == SINGLE:
        _calibration(found, score)
    if _is_ranked(score):
        _curves(found)
    return ViewResult(chart, step.table())


def scored(found: Audited) -> Recipe | None:
    """The score, computed once for everybody."""
    cut = st.session_state.get("audit_threshold", 0.5) if _has_threshold(found) else 0.5
    step = named("score", calls.score(found.data_recipe, found.predictions_recipe))
    return jobs.follow(("audit score", found.key, cut), "Score", step, counts=False)


def _has_threshold(found: Audited) -> bool:
    return found.data.kind == SINGLE and len(found.data.labels) == 2


def threshold(found: Audited) -> Audited:
    """The predictions at the threshold that was chosen; without two classes as they are."""
    if not _has_threshold(found):
        return found
    name = plain(found.data.labels[1])
    with layout.controls():
        cut = st.slider(
            f"Threshold for “{name}”",
            0.0,
            1.0,
            0.5,
            0.01,
            key="audit_threshold",
            width=200,
            help=f"“{name}” is predicted from this probability on.",
            **BOUND,
        )
    if cut == 0.5:
        return found
    moved = ic.at_threshold(found.data, found.predictions, cut)
    step = calls.at_threshold(found.data_recipe, found.predictions_recipe, cut)
    step = supplied(named("at_threshold", step), lambda: moved)
    return replace(found, predictions=moved, predictions_recipe=step)


def _headlines(score: ic.Score) -> None:
    with st.container(key="headlines", horizontal=True):
        for each in score.figures[:HEADLINES]:
            st.metric(
                each.title,
                shown(each.key, each.value),
                f"{shown(each.key, each.low)} to {shown(each.key, each.high)}; n = {each.n:,}",
                delta_color="off",
                delta_arrow="off",
                width="content",
            )


def _other_values(score: ic.Score) -> None:
    """The values without a headline, and how the intervals were made."""
    rest = [
        f"{each.title}: {shown(each.key, each.value)} "
        f"({shown(each.key, each.low)} to {shown(each.key, each.high)})"
        for each in score.figures[HEADLINES:]
    ]
    told = f"{'; '.join(rest)}. 95% intervals, n = {score.figures[0].n:,}. " if rest else ""
    ways = "; ".join(dict.fromkeys(each.interval for each in score.figures))
    st.caption(f"{told}Intervals: {ways}.")


NUMBERS = ("calibration_error", "mean_", "root_", "r2", "pearson", "spearman", "hamming")


def shown(key: str, number: float) -> str:
    """A share as a percentage, other values with three decimals."""
    if number != number:
        return "–"
    if key.startswith(NUMBERS):
        return f"{number:.3f}".replace("-", "−")
    return f"{number:.1%}"


def _overall(score: ic.Score, step: Recipe):  # noqa: ANN202 - an Altair chart
    """Values of numbers that have no classes."""
    frame = value_points(score.figures)
    chart = step.chart("values")
    told = "; ".join(f"{row['name']} {row['value']:.3f}" for _, row in frame.iterrows())
    figure(chart, title="Error and correlation", alt=f"Values with intervals: {told}.")
    st.caption("One point per value, with its 95% interval (bootstrap over texts).")
    return chart


def _classes(score: ic.Score, step: Recipe):  # noqa: ANN202 - an Altair chart
    """Precision, recall and F1 of each class with intervals."""
    classes = score.classes
    kept = most_errors(classes)
    shown_ = classes[classes["class"].isin(kept)]
    chart = step.chart("classes")
    lowest = shown_.loc[shown_["f1"].idxmin()]
    figure(
        chart,
        title="Precision, recall and F1 of each class",
        alt=f"Points with intervals for {len(shown_)} classes; lowest F1: {lowest['class']}, "
        f"{lowest['f1']:.1%} ({lowest['f1_low']:.1%} to {lowest['f1_high']:.1%}).",
    )
    more = f" The {len(kept)} classes with most errors." if len(kept) < len(classes) else ""
    st.caption(
        "One point per class, with its 95% interval (Wilson; for F1 that of true positives among "
        f"all relevant cases). Grey: fewer than {SMALL} texts.{more}"
    )
    return chart


def _confusion(found: Audited, score: ic.Score, step: Recipe) -> None:
    st.markdown("**Confusion matrix**")
    frame = score.confusion
    wrong = frame[(frame["true"] != frame["predicted"]) & (frame["count"] > 0)]
    names = list(dict.fromkeys(confused(frame, CLASSES)["true"]))
    options = {
        f"{row.true} → {row.predicted}": (row.true, row.predicted) for row in wrong.itertuples()
    }

    def clicked() -> None:
        hit = clicks.mark("audit_confusion", "cell", true=set(names), predicted=set(names))
        if hit and f"{hit[0]} → {hit[1]}" in options:
            st.session_state[CELL] = f"{hit[0]} → {hit[1]}"

    chart = step.chart("confusion")
    top = wrong.sort_values("count", ascending=False, kind="stable").head(1)
    most = "; ".join(f"{row.count} of {row.true} as {row.predicted}" for row in _rows(top))
    figure(
        chart,
        title="Confusion matrix",
        key="audit_confusion",
        selection_mode="cell",
        room=confusion_size(names)[0],
        on_select=clicked,
        table=step.confusion,
        alt=f"Counts of true and predicted class for {len(names)} classes. Most frequent error: "
        f"{most or 'none'}.",
    )
    unit = "words" if found.data.kind == "tokens" else "texts"
    listed = found.data.kind == SINGLE and bool(options)
    st.caption(
        f"One cell per pair of classes: number of {unit}. Rows: true class; columns: predicted "
        "class. Colour: share of the true class."
        + (" Click a cell with errors to list its texts." if listed else "")
    )
    if listed:
        _texts_of_cell(found, options)


class _Row:
    """A row of the confusion table."""

    def __init__(self, row: pd.Series) -> None:
        self.true, self.predicted, self.count = row["true"], row["predicted"], int(row["count"])


def _rows(frame: pd.DataFrame) -> list[_Row]:
    return [_Row(row) for _, row in frame.iterrows()]


def _texts_of_cell(found: Audited, options: dict[str, tuple[str, str]]) -> None:
    keep_valid(CELL, options)
    cell = st.selectbox(
        "Errors of one cell",
        list(options),
        index=None,
        placeholder="click a cell or choose (true → predicted)",
        key=CELL,
        width=420,
        **BOUND,
    )
    if cell is None:
        return
    true, predicted = options[cell]
    table = ic.error_table(found.data, found.predictions)
    table = table[(table["label"] == true) & (table["prediction"] == predicted)]
    texts.listed(table, key="audit_cell_texts", chooses=ROW, height=230)
    place = texts.chosen(found, ROW, table)
    if place is not None:
        texts.explanation(found, place)


def _calibration(found: Audited, score: ic.Score) -> None:
    st.markdown("**Calibration**")
    made = calls.reliability(found.data_recipe, found.predictions_recipe)
    bins = value(made)
    error = next(each for each in score.figures if each.key == "calibration_error")
    gap = bins.loc[((bins["accuracy"] - bins["confidence"]).abs() * bins["n"]).idxmax()]
    figure(
        calls.chart(made, "reliability"),
        title="Reliability diagram",
        room=SIDE,
        table=made,
        alt=f"Accuracy by confidence in {len(bins)} bins; largest gap weighted by n: confidence "
        f"{gap['confidence']:.1%}, accuracy {gap['accuracy']:.1%}, n = {gap['n']:.0f}.",
    )
    verdict = "significantly larger" if error.significant else "not significantly larger"
    st.caption(
        "One point per confidence bin with the 95% interval of its accuracy (Wilson); size: number "
        "of texts; dashed: "
        f"calibrated. Expected calibration error {error.value:.3f} ({error.low:.3f} to "
        f"{error.high:.3f}), {verdict} than for a calibrated model ({plain(error.comparison)}; "
        f"simulation, {p_value(error.p)}; Guo et al. 2017)."
    )


def _is_ranked(score: ic.Score) -> bool:
    return any(each.key == "roc_auc" for each in score.figures)


def _curves(found: Audited) -> None:
    made = calls.threshold_curves(found.data_recipe, found.predictions_recipe)
    frame, cut = value(made), st.session_state.get("audit_threshold", 0.5)
    share = float((found.data.targets[found.predictions.done] == 1).mean())
    name = found.data.labels[1]
    left, right = st.columns(2)
    kinds = {
        "ROC curve": ("false positive rate", "true positive rate", (0.0, 1.0), left),
        "Precision–recall curve": ("true positive rate", "precision", (share, share), right),
    }
    said = {
        "ROC curve": f"One point per threshold on the probability of “{plain(name)}”; large dot: "
        "the threshold above. Dashed: a model without information.",
        "Precision–recall curve": "The same thresholds. True positive rate and recall are the "
        "same.",
    }
    at = frame[frame["threshold"] >= cut].tail(1)
    for title, (x, y, chance, where) in kinds.items():
        told = "; ".join(f"{y} {row[y]:.1%} at {x} {row[x]:.1%}" for _, row in at.iterrows())
        about = {"x": x, "y": y, "threshold": cut, "chance": chance}
        with where:
            st.markdown(f"**{title}**")
            figure(
                calls.chart(made, "threshold_curves", **about),
                title=title,
                room=SIDE,
                table=made,
                alt=f"{title} of {name} over {len(frame)} thresholds; at threshold {cut:.2f}: "
                f"{told or 'nothing is predicted'}.",
            )
            st.caption(said[title])
