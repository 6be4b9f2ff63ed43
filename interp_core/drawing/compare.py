"""Comparisons of two models as pictures; pages and reports draw the same."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.audit.figures import SMALL
from interp_core.charts import compare as charts
from interp_core.charts.audit import intervals
from interp_core.charts.offline import offline
from interp_core.compare.answers import AnswerComparison
from interp_core.compare.heads import HeadComparison
from interp_core.compare.representations import RepresentationComparison
from interp_core.compare.tables import change_table, similarity_table
from interp_core.compare.weights import WeightComparison
from interp_core.compare.whole import PARTS, Comparison
from interp_core.errors import BadInput
from interp_core.heads.catalogue import STATISTICS

DISTANCE = "js_distance"  # "distance" is how far a head looks


def weights(found: WeightComparison | Comparison) -> Any:
    """‖ΔW‖ / ‖W‖ of every matrix, by layer."""
    return offline(charts.change_map(change_table(_part(found, "weights"))))


def representations(found: RepresentationComparison | Comparison) -> Any:
    """Likeness of the layers of both, layer by layer, with 95% intervals."""
    layers = _part(found, "representations")
    return offline(charts.layer_similarity(similarity_table(layers), chance=layers.chance))


def heads(found: HeadComparison | Comparison, statistic: str = DISTANCE) -> Any:
    """Every head: the distance of its attention, or the change of a `statistic`. Raises `BadInput`
    for an unknown one."""
    return offline(heads_chart(_part(found, "heads"), statistic))


def heads_chart(found: HeadComparison, statistic: str) -> Any:
    """The map of layer × head; real changes are framed."""
    if statistic == DISTANCE:
        table = found.table("entropy")
        frame = table.assign(value=table["distance"], se=table["distance_se"]).drop(columns="real")
        return charts.head_change_map(frame, title="Jensen-Shannon distance (nats)")
    table = found.table(statistic)
    title = f"change of {STATISTICS[statistic].axis}"
    frame = table.assign(value=table["difference"])
    return charts.head_change_map(frame, title=title, signed=True, form="+.4f")


def answers(found: AnswerComparison | Comparison) -> Any:
    """Agreement, churn and accuracies, with 95% intervals."""
    return offline(answers_chart(_part(found, "answers").summary()))


def answers_chart(table: pd.DataFrame) -> Any:
    """The shares of an answer comparison's summary."""
    frame = table[~table["figure"].str.startswith("Expected")].rename(columns={"figure": "name"})
    return intervals(frame.assign(small=frame["n"] < SMALL), title="share of texts")


DRAW = {"weights": weights, "representations": representations, "heads": heads, "answers": answers}


def first_part(found: Comparison) -> Any:
    """The first part that was compared. Raises `BadInput` where none was."""
    for name in PARTS:
        if getattr(found, name) is not None:
            return DRAW[name](found)
    raise BadInput(f"Nothing could be compared. {' '.join(found.refused.values())}")


def _part(found: Any, name: str) -> Any:
    if not isinstance(found, Comparison):
        return found
    part = getattr(found, name)
    if part is None:
        raise BadInput(f"The {name} were not compared. {found.refused.get(name, '')}".strip())
    return part
