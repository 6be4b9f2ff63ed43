"""What points can be coloured by, and the column that does it."""

from __future__ import annotations

import numpy as np
import pandas as pd

import interp_core as ic
from interp_core.attribution.prediction import predict_texts
from interp_core.drawing.points import Colouring, column_colouring, columns, grouped, is_amount
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors, label_names
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.embedding.results import quick, slow

CLUSTER, RELIABILITY, PREDICTION, CORRECT = (
    "k-means cluster",
    "reliability",
    "prediction",
    "correct",
)
CODED = {"label", "labels", "class", "target", "sentiment", "gold"}  # may hold numbers of labels
__all__ = ["Colouring", "colouring", "columns", "grouped"]


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
    # Images and files of vectors bring columns of that name with them.
    texts = drawing.points.source != "vectors" and _whole_texts(vectors)
    if name in (PREDICTION, CORRECT) and texts:
        return _predicted(name, drawing, vectors, model)
    return column_colouring(vectors, name)


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
