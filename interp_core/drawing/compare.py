"""Comparisons of two models as pictures; pages and reports draw the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from interp_core.audit.figures import SMALL
from interp_core.charts import compare as charts
from interp_core.charts.audit import intervals
from interp_core.charts.comparison import accuracy_bars, grouped_bars, reach_lines
from interp_core.charts.heatmaps import heatmap, token_keys
from interp_core.charts.offline import offline
from interp_core.charts.simple import beside
from interp_core.compare.answers import AnswerComparison
from interp_core.compare.heads import HeadComparison
from interp_core.compare.one_text import MapComparison
from interp_core.compare.representations import RepresentationComparison
from interp_core.compare.tables import change_table, similarity_table
from interp_core.compare.weights import WeightComparison, head_changes
from interp_core.compare.whole import PARTS, Comparison
from interp_core.errors import BadInput
from interp_core.heads.catalogue import STATISTICS

MOST = 40  # tokens a side of a map
VALUES = {"relative": "‖ΔW‖ / ‖W‖", "stable_rank": "Stable rank of ΔW"}
WORDS = {"score": "integrated gradients (logit)", "sensitivity": "share of gradient norm"}
DISTANCE = "js_distance"  # "distance" is how far a head looks


def weights(
    found: WeightComparison | Comparison, value: str = "relative", *, vectors: bool = False
) -> Any:
    """‖ΔW‖ / ‖W‖ of every matrix, by layer; or the "stable_rank" of its change.

    With `vectors` also of biases and norms. Raises `BadInput` for another `value`.
    """
    if value not in VALUES:
        raise BadInput(f"Unknown value {value!r}. Choose one of: {', '.join(VALUES)}.")
    table = change_table(_part(found, "weights"), vectors=vectors)
    return offline(charts.change_map(table, value=value, title=VALUES[value]))


def weight_heads(found: WeightComparison | Comparison) -> Any:
    """‖ΔW‖ / ‖W‖ of every head. Raises `BadInput` where heads are not known."""
    part = _part(found, "weights")
    if part.heads.empty:
        raise BadInput("Change by head is not known for this architecture.")
    table = head_changes(part)
    drawn = table.assign(value=table["relative"])
    return offline(charts.head_change_map(drawn, title=VALUES["relative"]))


def representations(found: RepresentationComparison | Comparison) -> Any:
    """Likeness of the layers of both, layer by layer, with 95% intervals."""
    layers = _part(found, "representations")
    return offline(charts.layer_similarity(similarity_table(layers), chance=layers.chance))


def every_layer(
    found: RepresentationComparison | Comparison,
    measure: str | None = None,
    *,
    names: tuple[str, str] | None = None,
) -> Any:
    """Every layer of the first against every layer of the second. Raises `BadInput` for an unknown
    measure."""
    part = _part(found, "representations")
    measure = next(iter(charts.MEASURES)) if measure is None else measure
    if measure not in charts.MEASURES:
        raise BadInput(f"Unknown measure {measure!r}. Choose one of: {', '.join(charts.MEASURES)}.")
    return offline(charts.layer_by_layer(part.table, value=measure, names=names or part.names))


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


def answer_changes(found: AnswerComparison | Comparison) -> Any:
    """How many texts have the same answer, and how many which change."""
    counts = _part(found, "answers").table["change"].value_counts()
    ends = dict.fromkeys(("value", "low", "high", "n"), counts.to_numpy())
    frame = pd.DataFrame({"name": counts.index, **ends, "small": False})
    return offline(intervals(frame, title="texts", form="d"))


def answer_calibration(found: AnswerComparison | Comparison) -> Any:
    """Accuracy by confidence of both. Raises `BadInput` without labels."""
    table = _part(found, "answers").calibration
    if table.empty:
        raise BadInput("Calibration needs texts with labels.")
    return offline(charts.reliability_of_both(table))


def moved_attention(found: MapComparison) -> Any:
    """The share of attention that goes elsewhere, head by head."""
    table = found.heads()
    drawn = table.assign(value=table["difference"], matched=table["head"])
    return offline(charts.head_change_map(drawn, title="share moved", form=".0%"))


def both_maps(found: MapComparison, layer: int | None = None, head: int = 0) -> Any:
    """One head's map in both models, and second − first; at most 40 tokens a side."""
    layer = found.layers[0] if layer is None else layer
    parts = map_parts(found, layer, head)
    return offline(beside(parts, apart=True))


def map_parts(found: MapComparison, layer: int, head: int) -> list[Any]:
    """The charts of `both_maps`: first, second, second − first."""
    table, count = found.table(layer, head), min(len(found.tokens), MOST)
    table = table[(table["query_position"] < count) & (table["key_position"] < count)]
    keys = token_keys(found.tokens)
    table = table.assign(
        x=[keys[i] for i in table["key_position"]], y=[keys[i] for i in table["query_position"]]
    )
    high = float(table[["first", "second"]].to_numpy().max())
    bound = float(table["difference"].abs().max()) or 1.0
    columns = {"first": (0.0, high), "second": (0.0, high), "difference": (-bound, bound)}
    return [
        heatmap(
            table,
            x="x",
            y="y",
            value=column,
            title="difference" if column == "difference" else "attention",
            signed=column == "difference",
            domain=domain,
            compact=True,
        )
        for column, domain in columns.items()
    ]


def attribution_difference(table: pd.DataFrame) -> Any:
    """What each word counts for in the second model and not in the first."""
    drawn = table.assign(key=token_keys(list(table["word"])))
    return offline(charts.signed_bars(drawn, value="difference", title="second − first (logit)"))


def lens_of_both(table: pd.DataFrame, label: str | None = None) -> Any:
    """The probability of a label after every layer of both models; the table of `compare_lens`."""
    shown = table if label is None else table[table["label"] == label]
    if shown.empty:
        known = ", ".join(dict.fromkeys(table["label"]))
        raise BadInput(f"Unknown label {label!r}. Choose one of: {known}.")
    return offline(charts.lens_of_both(shown))


def compared_words(table: pd.DataFrame, column: str = "score") -> Any:
    """The words of both models by "score" or "sensitivity"; the table of `compare_words`."""
    if column not in WORDS:
        raise BadInput(f"Unknown column {column!r}. Choose one of: {', '.join(WORDS)}.")
    keys = [f"{place}|{word}" for place, word in zip(table["place"], table["word"])]
    drawn = table.rename(columns={"word": "token"}).assign(key=keys)
    return offline(grouped_bars(drawn, y=column, title=WORDS[column]))


def compared_reach(table: pd.DataFrame) -> Any:
    """The effect of a word as neutral words are put in between; the table of `compare_reach`."""
    return offline(reach_lines(table))


def compared_probes(table: pd.DataFrame) -> Any:
    """Accuracy of both models by kind of negation; the table of `compare_probes`."""
    return offline(accuracy_bars(probe_kinds(table)))


def probe_kinds(table: pd.DataFrame) -> pd.DataFrame:
    """model, kind, right (share), count."""
    groups = table.groupby(["model", "kind"], sort=False)["right"]
    return groups.agg(right="mean", count="size").reset_index()


DRAW: dict[str, Callable[..., Any]] = {
    "weights": weights,
    "representations": representations,
    "heads": heads,
    "answers": answers,
}


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
