"""What points can be coloured by, and the column that does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import interp_core as ic
from interp_core.attribution.prediction import predict_texts
from interp_core.charts.points import OTHER
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors, label_names
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.embedding.results import quick, slow

MOST_GROUPS = 12  # colours and shapes that stay apart; the rest becomes "other"
MOST_NAMES = 60  # columns with more different values label nothing
CLUSTER, RELIABILITY, PREDICTION, CORRECT = (
    "k-means cluster",
    "reliability",
    "prediction",
    "correct",
)
INTERNAL = {"text", "token", "position", "layer", "row", "id", "tokens", "special"}
AMOUNTS = {"rank", "length", "norm"}  # of the vocabulary: never groups, however few
TITLES = {"rank": "frequency rank"}
PREFERRED = ("intent", "sense", "group", "digit", "label", "class", "rank")
CODED = {"label", "labels", "class", "target", "sentiment", "gold"}  # may hold numbers of labels


@dataclass(frozen=True)
class Colouring:
    """`values` (n,), "nominal" or "quantitative", and what they are called."""

    values: pd.Series
    kind: str
    title: str


def columns(vectors: Vectors) -> list[str]:
    """Columns of the frame that say something about groups or amounts."""
    found = [name for name in vectors.frame if name not in INTERNAL and _tells(vectors, name)]
    return sorted(found, key=lambda name: name not in PREFERRED)


def _tells(vectors: Vectors, name: str) -> bool:
    column = vectors.frame[name]
    if column.isna().all():
        return False
    if is_amount(column):
        return column.nunique() > 1
    return 1 < column.astype(str).nunique() <= MOST_NAMES


def is_amount(column: pd.Series) -> bool:
    """Numbers, unless they are a few whole ones, as labels are often coded."""
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        return False
    values = column.dropna()
    whole = bool(np.isfinite(values).all()) and bool((values == values.round()).all())
    return column.name in AMOUNTS or not whole or values.nunique() > MOST_GROUPS


def label_columns(vectors: Vectors) -> list[str]:
    """The columns of names among them: what conflicts and label mixes are counted by."""
    return [name for name in columns(vectors) if not is_amount(vectors.frame[name])]


def choices(vectors: Vectors, model: LoadedModel | None) -> list[str]:
    """What can be chosen, the most telling first."""
    found = [*columns(vectors), CLUSTER, RELIABILITY]
    if model is not None and model.task == "sequence-classification" and _whole_texts(vectors):
        found.append(PREDICTION)
        if correct_column(vectors, model):
            found.append(CORRECT)
    return found


def correct_column(vectors: Vectors, model: LoadedModel) -> str | None:
    """The column whose values are labels of the model."""
    for name in label_columns(vectors):
        if gold(vectors, name, model) is not None:
            return name
    return None


def gold(vectors: Vectors, name: str, model: LoadedModel) -> pd.Series | None:
    """The model's labels (n,) that a column holds by name or by number; None when it does not."""
    given = label_names(vectors.frame[name]).str.strip().str.casefold()
    known = {label.casefold(): label for label in model.labels}
    if name.casefold() in CODED and not set(given) & set(known):
        known = {str(number): label for number, label in enumerate(model.labels)}
    found = given.map(known)
    return found.where(found.notna(), "") if set(given) <= {*known, ""} else None


def colouring(
    name: str | None,
    drawing: Drawing,
    vectors: Vectors,
    drawn: Projection,
    model: LoadedModel | None,
) -> Colouring | None:
    """The column; None when there is nothing to colour by (yet)."""
    if name is None:
        return None
    if name == CLUSTER:
        found = quick(
            (drawing.points, "kmeans", drawing.metric),
            lambda: ic.clusters(vectors, metric=drawing.metric, seed=0)["cluster"],
        )
        return Colouring(grouped((found + 1).astype(str)), "nominal", "cluster")
    if name == RELIABILITY:
        if drawn.reliability is None:
            return None
        return Colouring(pd.Series(drawn.reliability), "quantitative", "neighbours preserved")
    if name in (PREDICTION, CORRECT):
        return _predicted(name, drawing, vectors, model)
    values = vectors.frame[name]
    title = TITLES.get(name, name)
    if is_amount(values):
        amounts = values.astype(float).replace([np.inf, -np.inf], np.nan)
        return Colouring(amounts, "quantitative", title)
    return Colouring(grouped(values), "nominal", title)


def grouped(values: pd.Series) -> pd.Series:
    """The largest groups by name, the rest as "other"."""
    names = label_names(values).replace("", "(none)")
    counts = names.value_counts()
    if len(counts) <= MOST_GROUPS:
        return names
    return names.where(names.isin(counts.index[: MOST_GROUPS - 1]), OTHER)


def _predicted(name: str, drawing: Drawing, vectors: Vectors, model) -> Colouring | None:  # noqa: ANN001
    texts = list(vectors.frame["text"])
    found = slow(
        (drawing.points, PREDICTION),
        "Predicting",
        lambda progress: predict_texts(model, texts, progress=progress),
        unit="texts",
    )
    if found is None:
        return None
    said = found["prediction"].astype(str)
    if name == PREDICTION:
        return Colouring(grouped(said), "nominal", "prediction")
    own = gold(vectors, correct_column(vectors, model), model)
    right = np.where(own == "", "(none)", np.where(said == own, "correct", "wrong"))
    return Colouring(pd.Series(right), "nominal", "prediction is")


def _whole_texts(vectors: Vectors) -> bool:
    return "position" in vectors.frame and bool((vectors.frame["position"] == -1).all())
