"""Measures of what a classifier answers and why: predictions, attributions, heads, probes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from interp_core import attribution, heads
from interp_core.attribution.result import Attribution
from interp_core.attribution.tables import rank_correlation
from interp_core.comparison import mcnemar, probe
from interp_core.datasets import sentences
from interp_core.lessons.measures_attention import loaded

GRADIENTS = "integrated_gradients"


@lru_cache(maxsize=256)
def _explained(model: str, text: str, method: str, target: str, evaluations: int) -> Attribution:
    options: dict[str, Any] = {"target": target or None}
    if evaluations:
        options["evaluations"] = evaluations
    return attribution.attribute(loaded(model), text, method=method, **options)


def _words(model: str, text: str, method: str, target: str) -> tuple[list[str], np.ndarray]:
    """The words without special tokens, and their scores."""
    found = _explained(model, text, method, target, 0).by_word()
    kept = ~found.special
    return [word for word, keep in zip(found.tokens, kept) if keep], found.scores[kept]


def answer(model: str, *, text: str) -> str:
    """The label that the model gives."""
    return _explained(model, text, "saliency", "", 0).prediction.label


def probability(model: str, *, text: str, label: str) -> float:
    """The probability of a label."""
    table = _explained(model, text, "saliency", "", 0).prediction.to_frame()
    return float(table.set_index("label")["probability"][label])


def score(model: str, *, text: str, word: str, method: str = GRADIENTS, target: str = "") -> float:
    """A word's score, for a target label or the prediction; the first time it stands there."""
    words, scores = _words(model, text, method, target)
    return float(scores[words.index(word)])


def top_word(model: str, *, text: str, method: str = GRADIENTS, target: str = "") -> str:
    """The word with the largest score, whatever its sign."""
    words, scores = _words(model, text, method, target)
    return words[int(np.abs(scores).argmax())]


def score_sum(model: str, *, text: str, method: str = GRADIENTS, target: str = "") -> float:
    """The sum of all scores, special tokens included."""
    return float(_explained(model, text, method, target, 0).scores.sum())


def logit(model: str, *, text: str, target: str) -> float:
    """The logit of a label on the text."""
    return float(_explained(model, text, GRADIENTS, target, 0).value)


def baseline_logit(model: str, *, text: str, target: str) -> float:
    """The logit of a label on the baseline of the text."""
    value = _explained(model, text, GRADIENTS, target, 0).baseline_value
    assert value is not None  # gradients begin at one
    return float(value)


def evaluations(model: str, *, text: str, target: str = "") -> float:
    """How many texts integrated gradients gave the model before the error was small."""
    return int(_explained(model, text, GRADIENTS, target, 0).evaluations)


def agreement(model: str, *, text: str, first: str, second: str) -> float:
    """Rank correlation (Spearman) of the sizes of two methods' scores over the words."""
    one, two = (np.abs(_words(model, text, method, "")[1]) for method in (first, second))
    return rank_correlation(one, two)


def comprehensiveness(model: str, *, text: str, method: str, random: bool = False) -> float:
    """How far the prediction falls when the highest-scored words go; or random words instead."""
    found = attribution.faithfulness(
        loaded(model), _explained(model, text, method, "", 0)
    ).to_frame()
    line = found.set_index("measure").loc["comprehensiveness"]
    return float(line["random" if random else "value"])


@lru_cache(maxsize=4)
def _probes(model: str) -> pd.DataFrame:
    return probe(loaded(model))


def probes(model: str) -> float:
    """How many test sentences there are."""
    return len(_probes(model))


def probes_right(model: str, *, kind: str = "") -> float:
    """How many of the test sentences (of one kind) the model answers rightly."""
    found = _probes(model)
    return int(found["right"][(found["kind"] == kind) | (kind == "")].sum())


def probes_chance(model: str, *, other: str) -> float:
    """McNemar's p: how likely so large a difference of two models would be by chance."""
    return float(mcnemar(_probes(model)["right"], _probes(other)["right"]))


def million_parameters(model: str) -> float:
    """How many million parameters the model has."""
    return loaded(model).n_parameters / 1e6


@lru_cache(maxsize=4)
def _importance(model: str, method: str, texts: int) -> pd.DataFrame:
    return heads.head_importance(loaded(model), sentences()[:texts], method=method)


def important_head(model: str, *, method: str, texts: int, place: int = 1) -> str:
    """The head in that place when heads are ordered by importance, as layer.head."""
    line = _importance(model, method, texts).nlargest(place, "importance").iloc[-1]
    return f"{int(line['layer'])}.{int(line['head'])}"


def loss_change(model: str, *, texts: int, layer: int, head: int) -> float:
    """By how many nats the loss grows when a head's output is set to zero."""
    frame = _importance(model, "ablation", texts)
    return float(frame[(frame["layer"] == layer) & (frame["head"] == head)]["loss_change"].iloc[0])


def better_without(model: str, *, texts: int) -> float:
    """How many heads lower the loss when they are taken away, one at a time."""
    return int((_importance(model, "ablation", texts)["loss_change"] < 0).sum())


def importance_agreement(model: str, *, texts: int, gradient_texts: int) -> float:
    """Rank correlation of importance by gradient and by ablation over all heads."""
    one = _importance(model, "gradient", gradient_texts)["importance"]
    return rank_correlation(one, _importance(model, "ablation", texts)["importance"])
