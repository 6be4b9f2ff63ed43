"""A comparison of two models as one HTML file and as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from interp_core.audit.figures import p_value
from interp_core.charts.export import picture
from interp_core.compare.tables import OUTSIDE_NAME, change_table, similarity_table
from interp_core.compare.whole import left_out
from interp_core.drawing import compare as drawing
from interp_core.drawing.heads import two_sides
from interp_core.models.weights import weights_digest
from interp_core.report.document import document
from interp_core.report.machine import as_json, number, rows
from interp_core.report.record import Figure, Origin, Report, now, versions
from interp_core.report.spreadsheet import csv

if TYPE_CHECKING:
    from interp_core.compare.whole import Comparison
    from interp_core.models.record import LoadedModel

STATISTIC = "entropy"  # of the heads, in the report
PAGE = "Compare models"


def comparison_json(
    found: Comparison, models: tuple[LoadedModel, LoadedModel], *, with_texts: bool = True
) -> str:
    """Everything that was measured, for machines; missing numbers are null.

    Without texts the table of changed answers is left out.
    """
    told: dict[str, Any] = {
        "clearhead_comparison": 1,
        "made": now(),
        "models": [
            {"name": each.name, "weights": weights_digest(each), "task": each.task}
            for each in models
        ],
        "versions": versions(),
        "summary": rows(found.summary()),
        "refused": found.refused,
    }
    if found.weights is not None:
        told["weights"] = {
            "matrices": rows(found.weights.matrices),
            "heads": rows(found.weights.heads),
            "unmatched": rows(found.weights.unmatched),
            "order": found.weights.order.tolist(),
        }
    if (layers := found.representations) is not None:
        told["representations"] = {
            "texts": layers.texts,
            "left_out": layers.left_out,
            "paired": layers.paired,
            "neighbours": layers.neighbours,
            "debiased": layers.debiased,
            "pooling": layers.pooling,
            "layers": rows(layers.table),
        }
    if (heads := found.heads) is not None:
        told["heads"] = {
            "texts": heads.texts,
            "left_out": heads.left_out,
            "order": heads.order.tolist(),
            "statistics": {name: rows(heads.table(name)) for name in heads.statistics},
        }
    if (answers := found.answers) is not None:
        told["answers"] = {
            "texts": answers.texts,
            "left_out": answers.left_out,
            "churn": answers.churn,
            "mcnemar_p": number(answers.p),
            "changes": answers.table["change"].value_counts().to_dict(),
            "calibration": rows(answers.calibration),
            "notes": list(answers.notes),
            "changed": rows(answers.changed()) if with_texts else [],
        }
    return as_json(told)


def comparison_report(
    found: Comparison,
    models: tuple[LoadedModel, LoadedModel],
    *,
    script: str,
    link: str = "/compare_models",
    with_texts: bool = True,
) -> Report:
    """The charts of a comparison with their values, as a report.

    `script` is the Python that makes it, under the name `comparison`.
    """
    page = _Page(found, models, script, link)
    figures = [page.weights(), page.layers(), page.heads(), page.answers(), page.calibration()]
    if with_texts:
        figures.append(page.changed())
    title = f"{found.names[0]} compared with {found.names[1]}"
    made = [each for each in figures if each is not None]
    if made and found.refused:  # a report has no other place for what it does not show
        told = [f"Not compared: {part}. {why}" for part, why in found.refused.items()]
        note = " ".join(filter(None, [made[0].note, *told]))
        made[0] = replace(made[0], note=note)
    return Report(title, tuple(made))


def comparison_document(report: Report) -> str:
    """The report as one HTML file without scripts."""
    return document(report, csv, now())


def _svg(chart: Any) -> bytes:
    return picture(chart, "svg")


class _Page:
    """What all charts of the report share."""

    def __init__(
        self, found: Comparison, models: tuple[LoadedModel, LoadedModel], script: str, link: str
    ) -> None:
        self.found = found
        options = dict(zip(("first", "second"), found.names))
        digests = {each.name: weights_digest(each) for each in models}
        self.figure = Origin(script, PAGE, link, options, digests, _svg).figure

    def weights(self) -> Figure | None:
        """Change of every matrix."""
        if self.found.weights is None:
            return None
        table = change_table(self.found.weights), "ic.change_table(comparison.weights)"
        chart = drawing.weights(self.found), "comparison.chart('weights')"
        told = weights_told(self.found.weights)
        return self.figure("Change of the weights", told, chart, table, told)

    def layers(self) -> Figure | None:
        """Likeness layer by layer."""
        layers = self.found.representations
        if layers is None:
            return None
        table = similarity_table(layers)
        chart = drawing.representations(layers), "comparison.chart('representations')"
        told = similarity_told(table)
        code = "ic.similarity_table(comparison.representations)"
        kind = "debiased" if layers.debiased else "centred"
        note = (
            f"{layers.texts:,} texts, {kind} linear CKA; RSA and the {layers.neighbours} nearest "
            f"neighbours over {layers.paired} texts. Intervals: 95%, jackknife over texts. "
            f"{left_out(layers.left_out, layers.texts)}"
        ).strip()
        return self.figure("Similarity of the layers", told, chart, (table, code), note)

    def heads(self) -> Figure | None:
        """Entropy of every head in both."""
        heads = self.found.heads
        if heads is None:
            return None
        table = heads.table(STATISTIC)
        told = heads_told(table)
        code = f"comparison.heads.table({STATISTIC!r})"
        draws = f"ic.chart({code}, 'compare_heads', {STATISTIC!r})"
        chart = two_sides(table, STATISTIC), draws
        note = (
            f"{heads.texts:,} texts. Paired t-test over texts, Benjamini–Hochberg over heads, "
            f"FDR 5%. {left_out(heads.left_out, heads.texts)}"
        ).strip()
        title = "Entropy of the heads of both models"
        return self.figure(title, told, chart, (table, code), note)

    def answers(self) -> Figure | None:
        """Agreement and accuracies."""
        answers = self.found.answers
        if answers is None:
            return None
        table = answers.summary()
        frame = table.rename(columns={"figure": "name"})
        frame = frame[~frame["name"].str.startswith("Expected")]
        chart = drawing.answers(answers), "comparison.chart('answers')"
        told = "; ".join(f"{row.name} {row.value:.1%}" for row in frame.itertuples(index=False))
        p = f"McNemar {p_value(answers.p)}." if answers.labelled else ""
        code = "comparison.answers.summary()"
        said = [p, left_out(answers.left_out, answers.texts), *answers.notes]
        note = " ".join(filter(None, said))
        return self.figure("Agreement and churn", f"{told}. {p}", chart, (table, code), note)

    def calibration(self) -> Figure | None:
        """Reliability of both."""
        answers = self.found.answers
        if answers is None or answers.calibration.empty:
            return None
        table = answers.calibration
        errors = [f for f in answers.figures if f.key.startswith("calibration_error")]
        told = "; ".join(f"{each.title}: {each.value:.3f}" for each in errors)
        chart = drawing.answer_calibration(answers), "comparison.answers.chart('calibration')"
        code = "comparison.answers.calibration"
        return self.figure("Reliability of both models", told, chart, (table, code))

    def changed(self) -> Figure | None:
        """The texts with another answer."""
        answers = self.found.answers
        if answers is None or not answers.churn:
            return None
        counts = answers.table["change"].value_counts()
        told = "; ".join(f"{count:,} {name}" for name, count in counts.items())
        table = answers.changed(), "comparison.answers.changed()"
        chart = drawing.answer_changes(answers), "comparison.answers.chart('changes')"
        return self.figure("Texts with another answer", told, chart, table)


def weights_told(weights: Any) -> str:
    """What the map of changes shows, in a sentence or two."""
    table = change_table(weights)
    changed = table.dropna(subset=["relative"])
    changed = changed[changed["relative"] > 0]
    frozen = int((table["change"] == 0).sum())
    said = f"{frozen} of {len(table)} matrices are exactly equal in both models"
    if len(changed):
        top = changed.loc[changed["relative"].idxmax()]
        said += (
            f"; largest change: {top['matrix']} {_where(top['layer'])}, "
            f"‖ΔW‖ / ‖W‖ = {top['relative']:.3f}"
        )
    if weights.reordered:
        layers = ", ".join(map(str, weights.reordered))
        said += f". Heads stand in another order in layer {layers}; they are compared as matched"
    return f"{said}."


def _where(layer: str) -> str:
    return "outside of the layers" if layer == OUTSIDE_NAME else f"of layer {layer}"


def similarity_told(table: pd.DataFrame) -> str:
    """The first and the last layer of each measure, in words."""
    told = []
    for name, part in table.groupby("measure", sort=False):
        known = part.dropna(subset=["value"])
        if len(known):
            first, last = known.iloc[0], known.iloc[-1]
            told.append(
                f"{name} from {first['value']:.2f} (layer {first['layer']}) to "
                f"{last['value']:.2f} (layer {last['layer']})"
            )
    return f"{'; '.join(told) or 'No layer can be compared'}."


def heads_told(table: pd.DataFrame) -> str:
    """How many heads changed, and which most."""
    real, tested = int(table["real"].sum()), int(table["p"].notna().sum())
    top = table.loc[table["distance"].idxmax()]
    return (
        f"{real} of {tested} tested heads changed significantly; largest Jensen-Shannon distance: "
        f"head {top['head']:.0f} of layer {top['layer']:.0f}, {top['distance']:.3f} nats."
    )
