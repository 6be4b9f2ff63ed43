"""Two classifiers side by side: reach of a word, negation probes, costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.attribution.prediction import predict_texts
from interp_core.attribution.what_if import replace_span
from interp_core.datasets import DATA
from interp_core.errors import BadInput
from interp_core.inputs.batching import read_all
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.attribution.result import Attribution
    from interp_core.models.record import LoadedModel


# Neutral about any film; repeated as often as needed and cut at a word.
NEUTRAL = (
    "It was on a Tuesday in the middle of the week , and the bus came at ten past six , as it does "
    "on most days of the year ."
)
FILLER = tuple(NEUTRAL.split())
DISTANCES = (0, 2, 4, 8, 16, 32, 64, 96)  # words between the text and the end


@dataclass(frozen=True)
class Reach:
    """`frame`: distance (filler words), effect (change of the logit by the word), share (of the
    effect at distance 0). `half` is the first distance at which less than half is left, or None."""

    frame: pd.DataFrame
    half: int | None


def word_reach(
    model: LoadedModel,
    text: str,
    span: tuple[int, int],
    *,
    target: int,
    before: bool = False,
    distances: Sequence[int] = DISTANCES,
    progress: Callable[[int, int], object] | None = None,
) -> Reach:
    """What a word still counts for when neutral words are put between it and the end.

    The effect is logit(text + filler) − logit(text without the characters of `span` + filler) of
    label number `target`; `before` puts the filler in front instead. Distances beyond what the
    model reads are left out. Raises `BadInput` for a span outside of the text or an empty rest.
    """
    start, end = span
    if not 0 <= start < end <= len(text):
        raise BadInput(f"The text has no characters {start} to {end}. Choose a word of it.")
    without = replace_span(text, span)
    if not without.strip():
        raise BadInput("Without this word the text is empty. Choose a text of two words or more.")
    rows = []
    for place, distance in enumerate(distances):
        pair = [_with_filler(each, distance, before) for each in (text, without)]
        if len(model.tokenizer(pair[0])["input_ids"]) > model.max_tokens:
            break
        one, two = (logits_of(model, [each])[0, target] for each in pair)
        rows.append((distance, float(one - two)))
        report(progress, place + 1, len(distances))
    frame = pd.DataFrame(rows, columns=["distance", "effect"])
    first = frame["effect"].iloc[0]
    frame["share"] = frame["effect"] / first if first else np.nan
    below = frame.loc[frame["share"] < 0.5, "distance"]
    return Reach(frame, int(below.iloc[0]) if len(below) else None)


def _with_filler(text: str, words: int, before: bool) -> str:
    filler = " ".join(FILLER[place % len(FILLER)] for place in range(words))
    parts = (filler, text) if before else (text, filler)
    return " ".join(part for part in parts if part)


def logits_of(model: LoadedModel, texts: Sequence[str]) -> np.ndarray:
    """(texts, labels) float64."""
    encoded, _ = read_all(model, texts)
    with torch.inference_mode():
        lines = [model.model(**each.inputs).logits[0].double().cpu() for each in encoded]
    return torch.stack(lines).numpy()


def negation_probes() -> pd.DataFrame:
    """The built-in sentences: text, meant ("positive" or "negative"), kind of negation."""
    return pd.read_csv(DATA / "negation_probes.tsv", sep="\t")


def probe(model: LoadedModel, progress: Callable[[int, int], object] | None = None) -> pd.DataFrame:
    """The probes with the model's prediction, probability and whether it is right.

    Raises `BadInput` for a model that has no labels "positive" and "negative".
    """
    known = {label.casefold() for label in model.labels}
    if not {"positive", "negative"} <= known:
        raise BadInput(
            f"{model.name!r} has no labels positive and negative, so the negation test does "
            "not apply."
        )
    probes = negation_probes()
    said = predict_texts(model, list(probes["text"]), progress=progress)
    right = said["prediction"].str.casefold() == probes["meant"]
    return pd.concat([probes, said], axis=1).assign(right=right)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Exact p that two models are equally good on the same texts (McNemar 1947).

    Only texts on which one is right and the other wrong say anything; 1 where there are none.
    """
    from scipy.stats import binomtest

    one, two = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    wins, losses = int((one & ~two).sum()), int((~one & two).sum())
    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def time_per_text(model: LoadedModel, text: str, *, repeats: int = 7) -> float:
    """Median time of one forward pass of this text, in seconds, after one to warm up."""
    encoded, _ = read_all(model, [text])
    times = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            start = time.perf_counter()
            model.model(**encoded[0].inputs)
            times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def compare_words(
    scores: Mapping[str, Attribution], slopes: Mapping[str, Attribution]
) -> pd.DataFrame:
    """One row for each model and word: model, place, word, score, sensitivity.

    Both map a model's name to its attribution of one text. `score` is that of `scores`, in logits;
    `sensitivity` is that of `slopes` (gradient norms) as a share of the text's sum.
    """
    parts = []
    for name, found in scores.items():
        words, sharp = found.by_word(), slopes[name].by_word().scores
        parts.append(
            pd.DataFrame(
                {
                    "model": name,
                    "place": np.arange(len(words.tokens)),
                    "word": list(words.tokens),
                    "score": words.scores,
                    "sensitivity": sharp / (sharp.sum() or 1.0),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def compare_reach(found: Mapping[str, Reach]) -> pd.DataFrame:
    """One row for each model and distance: model, distance (words), effect (logits), share."""
    return _stacked({name: reach.frame for name, reach in found.items()})


def compare_probes(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each model and sentence of `probe`: model, text, meant, kind, prediction, …"""
    return _stacked(found)


def _stacked(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(frames, names=["model"]).reset_index("model")
    return table.reset_index(drop=True)
