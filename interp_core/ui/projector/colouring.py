"""What points can be coloured by, and the column that does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import interp_core as ic
from interp_core.analysis.picture import Projection
from interp_core.analysis.predicted import predict_texts
from interp_core.analysis.vectors import Vectors
from interp_core.charts.scatter import OTHER
from interp_core.models.record import LoadedModel
from interp_core.ui.projector.asked import Drawing
from interp_core.ui.projector.store import quick, slow

MOST_GROUPS = 12  # colours and shapes that stay apart; the rest becomes "other"
MOST_NAMES = 60  # columns with more different values label nothing
CLUSTER, RELIABILITY, PREDICTION, CORRECT = (
    "k-means cluster",
    "reliability",
    "prediction",
    "correct",
)
INTERNAL = {"text", "token", "position", "layer", "row", "id", "tokens", "word"}
KNOWN = {"rank": "frequency rank", "length": "length", "norm": "norm", "kind": "kind"}
PREFERRED = ("intent", "sense", "group", "label", "class", "rank")


@dataclass(frozen=True)
class Colouring:
    """`values` (n,), "nominal" or "quantitative", and what they are called."""

    values: pd.Series
    kind: str
    title: str


def columns(vectors: Vectors) -> list[str]:
    """Columns of the frame that say something about groups or amounts."""
    found = []
    for name in vectors.frame:
        column = vectors.frame[name]
        if name in INTERNAL - {"word"} or column.isna().all():
            continue
        if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
            found += [name] if column.nunique() > 1 else []
        elif 1 < column.astype(str).nunique() <= MOST_NAMES:
            found.append(name)
    return sorted(found, key=lambda name: name not in PREFERRED)


def label_columns(vectors: Vectors) -> list[str]:
    """The columns of names among them: what conflicts and label mixes are counted by."""
    return [name for name in columns(vectors) if not _numeric(vectors.frame[name])]


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
    known = {label.casefold() for label in model.labels}
    for name in label_columns(vectors):
        if set(vectors.frame[name].astype(str).str.casefold()) <= known:
            return name
    return None


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
        return Colouring(pd.Series(drawn.reliability), "quantitative", "neighbours kept")
    if name in (PREDICTION, CORRECT):
        return _predicted(name, drawing, vectors, model)
    values = vectors.frame[name]
    if _numeric(values):
        return Colouring(values.astype(float), "quantitative", KNOWN.get(name, name))
    return Colouring(grouped(values), "nominal", KNOWN.get(name, name))


def grouped(values: pd.Series) -> pd.Series:
    """The largest groups by name, the rest as "other"."""
    names = values.fillna("").astype(str).replace("", "(none)")
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
    own = vectors.frame[correct_column(vectors, model)].astype(str)
    right = said.str.casefold().to_numpy() == own.str.casefold().to_numpy()
    return Colouring(pd.Series(np.where(right, "correct", "wrong")), "nominal", "prediction is")


def _whole_texts(vectors: Vectors) -> bool:
    return "position" in vectors.frame and bool((vectors.frame["position"] == -1).all())


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and column.dtype != bool
