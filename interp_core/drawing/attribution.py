"""Attributions as pictures: bars of words, and patches of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp_core.attribution.conductance import Conductance
from interp_core.attribution.erasure import Faithfulness
from interp_core.attribution.prediction import Prediction
from interp_core.attribution.result import Attribution
from interp_core.charts import attributions as charts
from interp_core.charts.heatmaps import token_keys
from interp_core.charts.offline import offline
from interp_core.charts.patches import overlay
from interp_core.charts.simple import beside
from interp_core.errors import BadInput
from interp_core.images.attribution import ImageAttribution
from interp_core.images.erasure import ImageFaithfulness

ORDERS = ("text", "size")
CURVES = ("deletion", "insertion")
LABELS = 8  # with bars
TOP_WORDS = 12  # with bars


def attribution(found: Attribution, *, words: bool = True, order: str = "text") -> Any:
    """One bar for each word, or for each token where not `words`.

    In the `order` of the "text", or by "size". Raises `BadInput` for another order.
    """
    if order not in ORDERS:
        raise BadInput(f"Unknown order {order!r}. Choose one of: {', '.join(ORDERS)}.")
    merged = found.by_word() if words else found
    return offline(score_bars(merged if has_words(merged) else found, order=order))


def has_words(shown: Attribution) -> bool:
    """Whether more than one word is left when tokens are merged."""
    return (~shown.special).sum() > 1


def score_bars(shown: Attribution, *, order: str = "text") -> Any:
    """The bars of these tokens or words."""
    frame = pd.DataFrame(
        {"key": token_keys(shown.tokens), "token": shown.tokens, "score": shown.scores}
    )
    return charts.bars(frame, title=score_unit(shown), order=order)


def score_unit(found: Attribution) -> str:
    """The unit of the scores."""
    return f"attribution ({found.unit})" if found.signed else "attribution (unsigned)"


def prediction(found: Prediction) -> Any:
    """The probabilities of the labels. Raises `BadInput` where the model gives none."""
    if found.probabilities is None:
        raise BadInput(f"This model predicts a number, {found.label}: it has no probabilities.")
    return probabilities(found.to_frame())


def probabilities(table: pd.DataFrame) -> Any:
    """The probabilities of the labels, at most eight."""
    return offline(charts.probabilities(table.head(LABELS)))


def conductance(found: Conductance) -> Any:
    """Words across, layers down: how much of the output difference flows through each."""
    names = ["embeddings" if n < 0 else f"after layer {n}" for n in found.layer_numbers]
    row, column = np.indices(found.scores.shape).reshape(2, -1)
    keys = token_keys(found.tokens)
    frame = pd.DataFrame(
        {
            "layer": [names[i] for i in row],
            "key": [keys[i] for i in column],
            "token": [found.tokens[i] for i in column],
            "score": found.scores.ravel(),
        }
    )
    about: dict[str, Any] = {"title": "conductance", "y_title": "", "rows": names}
    return offline(charts.grid(frame, x="key", y="layer", value="score", **about))


def method_table(table: pd.DataFrame) -> Any:
    """Scores of the words by several methods, each row scaled by its largest absolute score."""
    words, scores = list(table["word"]), table.drop(columns="word")
    scaled = scores / scores.abs().max().replace(0, 1)
    frame = scaled.assign(key=token_keys(words), token=words)
    long = frame.melt(["key", "token"], var_name="method", value_name="score")
    about: dict[str, Any] = {
        "title": "score / largest absolute score",
        "y_title": "",
        "rows": list(scores),
    }
    return offline(charts.grid(long, x="key", y="method", value="score", **about))


def two_methods(table: pd.DataFrame) -> Any:
    """The first two methods of a `method_table`, one point for each word."""
    named = table.rename(columns={"word": "token"})
    first, second = [name for name in named if name != "token"][:2]
    return offline(charts.against(named, x=first, y=second))


def method_agreement(table: pd.DataFrame) -> Any:
    """Kendall's rank correlation of every pair of methods."""
    return offline(charts.agreement(table))


def edit_table(table: pd.DataFrame, rows: Sequence[str] = ("original", "edited")) -> Any:
    """Scores of the words before and after an edit, and their difference; `rows` names both."""
    one, two = rows
    named = table.rename(columns={"word": "token", "original": one, "edited": two})
    long = named.assign(key=token_keys(table["word"])).melt(
        ["key", "token"], var_name="row", value_name="score"
    )
    about: dict[str, Any] = {"title": "score", "y_title": "", "rows": [one, two, "difference"]}
    return offline(charts.grid(long, x="key", y="row", value="score", **about))


def word_table(table: pd.DataFrame, label: str | None = None) -> Any:
    """The words with the largest mean scores for one class, function words left out.

    By default for the first class. Raises `BadInput` for a class that is not there.
    """
    classes = list(dict.fromkeys(table["class"]))
    label = classes[0] if label is None and classes else label
    if label not in classes:
        raise BadInput(f"Unknown class {label!r}. Choose one of: {', '.join(classes)}.")
    top = table[(table["class"] == label) & ~table["filler"].astype(bool)].head(TOP_WORDS)
    frame = pd.DataFrame(
        {"key": token_keys(top["word"]), "token": top["word"], "score": top["mean score"]}
    )
    return offline(charts.bars(frame.reset_index(drop=True), title="mean score"))


def faithfulness(found: Faithfulness | ImageFaithfulness, measured: str | None = None) -> Any:
    """Deletion and insertion curves beside random rankings; `measured` names the values."""
    parts = curves(found, measured or found.measure)
    return offline(beside(part.properties(title=name) for name, part in parts.items()))


def curves(found: Faithfulness | ImageFaithfulness, measured: str) -> dict[str, Any]:
    """The chart of each curve by its name."""
    table = found.curve
    more = {"unit": "patches"} if isinstance(found, ImageFaithfulness) else {}
    more |= {"title": f"target {measured}", "value": found.measure}
    return {name: charts.curves(table[table["curve"] == name], **more) for name in CURVES}


def pixels(
    table: pd.DataFrame,
    *,
    title: str = "attribution by pixel",
    signed: bool = True,
    aspect: float = 1.0,
) -> Any:
    """The score of each pixel, or square of pixels; the table of `pixel_table`."""
    drawn = table.rename(columns={"score": "value"})
    return offline(overlay(drawn, None, title=title, signed=signed, aspect=aspect))


def image_attribution(found: ImageAttribution, *, aspect: float = 1.0) -> Any:
    """The score of each patch, where it lies in the picture; `aspect` is width by height of one."""
    frame = found.to_frame().rename(columns={"score": "value"})
    about: dict[str, Any] = {
        "title": "attribution by patch",
        "signed": found.signed,
        "aspect": aspect,
    }
    return offline(overlay(frame, None, **about))
