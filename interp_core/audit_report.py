"""An audit as one HTML file and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from interp_core.audit.calibration import reliability
from interp_core.audit.figures import FDR, figure_table, p_value
from interp_core.audit.record import REGRESSION, SINGLE
from interp_core.audit.whole import LIMITS, Audit
from interp_core.charts.export import picture
from interp_core.drawing import audit as drawing
from interp_core.drawing.audit import DRAWN
from interp_core.models.weights import weights_digest
from interp_core.report.document import document
from interp_core.report.machine import as_json, rows
from interp_core.report.record import Figure, Origin, Report, now, versions
from interp_core.report.spreadsheet import csv

if TYPE_CHECKING:
    from interp_core.audit.reading import Reading
    from interp_core.models.record import LoadedModel


def audit_json(audit: Audit, model: LoadedModel, *, with_texts: bool = True) -> str:
    """Everything that was measured, for machines; missing numbers are null.

    Without texts there are no examples of errors.
    """
    data, done = audit.data, int(audit.predictions.done.sum())
    left = data.problems.counts + audit.predictions.refused.counts
    told = {
        "clearhead_audit": 1,
        "made": now(),
        "passed": audit.passed,
        "model": {"name": audit.model, "weights": weights_digest(model), "task": model.task},
        "data": {
            "name": data.name,
            "kind": data.kind,
            "sha256": data.digest,
            "texts": len(data),
            "predicted": done,
            "left_out": dict(left),
            "labels": {label: name for label, name in data.match.mapping.items()},
            "notes": list(data.notes),
        },
        "versions": versions(),
        "values": rows(figure_table(audit.figures)),
        "thresholds": rows(audit.checked()),
        "slices": {
            "groups": {"tested": audit.groups.tested, "rows": rows(audit.groups.table)},
            "words": {"tested": audit.words.tested, "rows": rows(audit.words.table)},
        },
        "confusion": rows(audit.score.confusion),
        "errors": rows(audit.errors()) if with_texts else [],
        **_parts(audit),
        "notes": [*audit.score.notes, *audit.notes],
        "limits": list(LIMITS),
    }
    return as_json(told)


def _parts(audit: Audit) -> dict[str, Any]:
    """The tables of what was measured beside scores and slices. They hold no texts."""
    reading = audit.reading
    tables = {"shares": "attribution", "heads": "heads", "alignment": "alignment"}
    return {
        "behaviour": {each.title: rows(each.capabilities) for each in audit.behaviour},
        "bias": {
            each.lexicon.name: {"contrasts": rows(each.contrasts), "terms": rows(each.terms)}
            for each in audit.bias
        },
        "privacy": rows(audit.privacy.kinds) if audit.privacy else [],
        "words": {
            name: rows(getattr(reading, table)) if reading else [] for table, name in tables.items()
        },
    }


def audit_report(
    audit: Audit,
    model: LoadedModel,
    *,
    script: str,
    link: str = "/audit",
    with_texts: bool = True,
) -> Report:
    """The charts of an audit with their values, as a report.

    `script` is the Python that makes it, under the name `audit`.
    """
    page = _Page(audit, model, script, link)
    figures = [page.verdict(), page.classes(), page.confusion(), page.calibration()]
    figures += [page.slices("groups"), page.slices("words"), *page.more()]
    if with_texts:
        figures.append(page.errors())
    said = {True: "passed", False: "failed", None: "no thresholds"}[audit.passed]
    title = f"Audit of {audit.model} on {audit.data.name}: {said}"
    return Report(title, tuple(each for each in figures if each is not None))


def audit_document(report: Report) -> str:
    """The report as one HTML file without scripts."""
    return document(report, csv, now())


def _svg(chart: Any) -> bytes:
    return picture(chart, "svg")


class _Page:
    """What all charts of the report share."""

    def __init__(self, audit: Audit, model: LoadedModel, script: str, link: str) -> None:
        self.audit, data = audit, audit.data
        options = {
            "data": data.name,
            "SHA-256 of the data": data.digest,
            "labelled texts": f"{int(audit.predictions.done.sum()):,}",
        }
        models = {audit.model: weights_digest(model)}
        self.figure = Origin(script, "Audit", link, options, models, _svg).figure

    def verdict(self) -> Figure:
        """Thresholds and values, or all values where nothing is judged."""
        audit, checks = self.audit, self.audit.checks
        shown = [each.figure for each in checks] or list(audit.score.figures)
        told = "; ".join(each.told() for each in shown[:6])
        if checks:
            failed = [each.figure.title for each in checks if not each.passed]
            head = f"Failed: {', '.join(failed)}." if failed else "Every threshold is met."
            unsure = [each.figure.title for each in checks if each.by_value_only]
            if unsure:
                head += f" By the value only, not by its whole interval: {', '.join(unsure)}."
        else:
            head = "No thresholds were given, so nothing was judged."
        note = "\n".join(
            [
                head,
                *audit.score.notes,
                *audit.notes,
                "",
                "Limits:",
                *(f"– {each}" for each in LIMITS),
            ]
        )
        table = (audit.checked(), "audit.checked()") if checks else (audit.table(), "audit.table()")
        chart = drawing.verdict(audit), "audit.chart('verdict')"
        return self.figure("Verdict", f"Values with 95% intervals: {told}.", chart, table, note)

    def classes(self) -> Figure | None:
        """Precision, recall and F1."""
        table = self.audit.score.classes
        if table.empty:
            return None
        f1 = [each for each in self.audit.score.class_figures() if each.key.startswith("f1.")]
        known = [each for each in f1 if each.value == each.value]
        lowest = min(known, key=lambda each: each.value, default=None)
        told = f"Points with 95% intervals; lowest: {lowest.told() if lowest else 'none'}."
        chart = drawing.classes(self.audit), "audit.chart('classes')"
        title = "Precision, recall and F1 of each class"
        return self.figure(title, told, chart, (table, "audit.score.classes"))

    def confusion(self) -> Figure | None:
        """Counts of true and predicted classes, of the classes that are confused most."""
        table = self.audit.score.confusion
        if table.empty:
            return None
        wrong = table[(table["true"] != table["predicted"]) & (table["count"] > 0)]
        top = wrong.sort_values("count", ascending=False, kind="stable").head(DRAWN)
        most = [
            f"{r['count']} of {r['true']} as {r['predicted']}" for _, r in top.head(3).iterrows()
        ]
        told = (
            f"Counts by true and predicted class; most frequent: {', '.join(most) or 'no error'}."
        )
        chart = drawing.confusion(self.audit), "audit.chart('confusion')"
        return self.figure("Confusion matrix", told, chart, (table, "audit.score.confusion"))

    def calibration(self) -> Figure | None:
        """The reliability diagram."""
        audit = self.audit
        if audit.data.kind != SINGLE:
            return None
        table = reliability(audit.data, audit.predictions)
        code = "ic.reliability(audit.data, audit.predictions)"
        error = next(each for each in audit.figures if each.key == "calibration_error")
        chart = drawing.reliability_table(table), "audit.chart('calibration')"
        told = f"Accuracy by confidence with 95% intervals. {error.told()}."
        note = f"Compared with: {error.comparison} ({p_value(error.p)})."
        return self.figure("Reliability diagram", told, chart, (table, code), note)

    def slices(self, name: str) -> Figure | None:
        """Groups by their error rate."""
        slices = getattr(self.audit, name)
        if slices.table.empty:
            return None
        table = slices.table.sort_values("difference_low", ascending=False, kind="stable")
        shown = min(len(table), DRAWN)
        share = slices.outcome == "error rate"
        chart = drawing.slices(slices), f"audit.{name}.chart('slices')"
        found = int(table["significant"].sum())
        what = "words and pairs of words" if name == "words" else "groups"
        told = f"{slices.outcome.capitalize()} of {shown} {what} with intervals; {found} of "
        told += f"{slices.tested:,} tested are significant (*)."
        note = (
            "Compared with: all other texts (one-sided "
            f"{'Fisher' if share else 'Welch'} test; Benjamini and Hochberg over all "
            f"{slices.tested:,} tests, 5%)."
        )
        code = f"audit.{name}.table.sort_values('difference_low', ascending=False, kind='stable')"
        return self.figure(f"Slices: {what}", told, chart, (table, code), note)

    def more(self) -> list[Figure]:
        """Behaviour, bias and privacy, where they were asked for."""
        audit, found = self.audit, []
        parts = [
            (f"Behaviour: {each.title}", each, f"audit.behaviour[{n}]", "capabilities")
            for n, each in enumerate(audit.behaviour)
        ]
        parts += [
            (f"Bias: {each.lexicon.title}", each, f"audit.bias[{n}]", "contrasts")
            for n, each in enumerate(audit.bias)
        ]
        if audit.privacy:
            parts.append(("Privacy", audit.privacy, "audit.privacy", "kinds"))
        for title, part, code, name in parts:
            values = part.figures()
            if not values:
                continue
            told = "; ".join(each.told() for each in values[:4])
            note = "; ".join(dict.fromkeys(each.comparison for each in values if each.comparison))
            note = f"Compared with: {note}." if note else ""
            chart = drawing.measured(part), f"{code}.chart('values')"
            table = getattr(part, name), f"{code}.{name}"
            found.append(self.figure(title, f"Values: {told}.", chart, table, note))
        return found + (self.reading(audit.reading) if audit.reading else [])

    def reading(self, reading: Reading) -> list[Figure]:
        """Groups of words in attributions, and in the attention of every head."""
        found = []
        shares = reading.shares
        known = shares.dropna(subset=["lift"]) if len(shares) else shares
        if len(known):
            told = "; ".join(f"{row['group']} {row['lift']:.2f}" for _, row in known.iterrows())
            note = (
                f"Integrated gradients of {reading.attributed:,} texts drawn at random. Compared "
                "with: content words of the same texts (signs turned; Benjamini and Hochberg, 5%)."
            )
            title, code = "Attribution by group of words", "audit.reading.shares"
            chart = drawing.word_groups(shares), f"ic.chart({code}, 'word_groups')"
            found.append(self.figure(title, f"Lifts: {told}.", chart, (shares, code), note))
        for group in dict.fromkeys(reading.heads["group"]) if len(reading.heads) else ():
            part = reading.heads[reading.heads["group"] == group].reset_index(drop=True)
            if part["difference"].notna().any():
                found.append(self.heads(str(group), part, reading.read))
        return found

    def heads(self, group: str, part: pd.DataFrame, read: int) -> Figure:
        """Attention lift of one group, over that of content words, in every head."""
        strong = part["q"] <= FDR
        top = part.loc[part["difference"].abs().idxmax()]
        told = (
            f"Map of {len(part)} heads, {int(strong.sum())} significant; largest difference layer "
            f"{top['layer']}, head {top['head']} ({top['difference']:+.2f})."
        )
        note = (
            f"Attention that the words receive over what uniform attention would give them, minus "
            f"that of content words, in {read:,} texts (*: significant, permutation test, "
            "Benjamini and Hochberg over all groups and heads, 5%)."
        )
        code, measure = f'audit.reading.heads.query("group == {group!r}")', "difference"
        draws = f"ic.chart(audit.reading.heads, 'head_lift', {group!r}, measure={measure!r})"
        chart = drawing.head_lift(part, group, measure=measure), draws
        return self.figure(f"Attention lift of {group}", told, chart, (part, code), note)

    def errors(self) -> Figure | None:
        """Examples of failures."""
        audit = self.audit
        table = audit.errors()
        if table.empty:
            return None
        number = audit.data.kind == REGRESSION
        title = "error (predicted − true)" if number else "confidence of the wrong prediction"
        chart = drawing.errors(table), "ic.chart(audit.errors(), 'error_table')"
        told = f"Histogram of the {title} of the {len(table)} errors that are listed."
        title = "Errors, most confident first"
        return self.figure(title, told, chart, (table, "audit.errors()"))
