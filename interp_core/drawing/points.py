"""Projections as pictures: points in the plane with names, groups and true neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from interp_core.charts.export import INK
from interp_core.charts.label_placement import label_levels, names_apart
from interp_core.charts.offline import offline
from interp_core.charts.points import OTHER
from interp_core.charts.scatter import EDGE, GROUP, LABEL_HEIGHT, LABEL_WIDTH, Look, scatter
from interp_core.embedding.neighbours import Neighbours, find_neighbours
from interp_core.embedding.projection import Projection, project
from interp_core.embedding.vectors import Vectors, has_tokens, label_names, make_vectors, truncate
from interp_core.embedding.vectors import point_labels as names
from interp_core.errors import BadInput

SHOWN_LETTERS = 120  # of a text on hover
LABEL_LETTERS = 26
WORD_LETTERS = 3  # shorter texts are labelled last: single signs say little
AXES = ["x", "y", "z"]
NEAR_LINES = 10
SEARCHED = 10_000  # points whose neighbours are searched for a chart
MOST_DRAWN = 8_000  # what the chart moves fluently
COLOUR, NEAR = "_colour", "near"  # columns that `scatter` reads
MOST_GROUPS = 12  # colours and shapes that stay apart; the rest becomes "other"
MOST_NAMES = 60  # columns with more different values label nothing
INTERNAL = {"text", "token", "position", "layer", "row", "id", "tokens", "special"}
AMOUNTS = {"rank", "length", "norm"}  # of the vocabulary: never groups, however few
TITLES = {"rank": "frequency rank"}
PREFERRED = ("intent", "sense", "group", "digit", "label", "class", "rank")
OWN = ("row", "x", "y", "z", "found")  # columns of the frame that no tooltip shows
LABELS = ("points", "groups", "none")


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


def column_colouring(vectors: Vectors, name: str) -> Colouring:
    """The colouring by a column of the vectors' frame."""
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


def point_frame(
    vectors: Vectors, drawn: Projection, found: np.ndarray, rows: np.ndarray
) -> pd.DataFrame:
    """row, x, y (and z), text, found of the rows that are drawn."""
    axes = AXES[: drawn.dimensions]
    frame = pd.DataFrame(drawn.coordinates[rows].astype(np.float32), columns=axes)
    frame.insert(0, "row", rows.astype(np.int32))
    called = names(vectors, SHOWN_LETTERS)
    frame["text"] = [called[row] for row in rows]
    frame["found"] = found[rows]
    return frame


def near_column(knn: Neighbours, rows: np.ndarray) -> list[str]:
    """The true neighbours of each row, separated by spaces."""
    few = knn.indices[rows, :NEAR_LINES]
    return [" ".join(map(str, line)) for line in few.tolist()]


def drawn_rows(count: int, found: np.ndarray, marked: int | None) -> np.ndarray:
    """All rows, or a random sample with what was searched for and the marked point in it."""
    if count <= MOST_DRAWN:
        return np.arange(count)
    sample = np.random.default_rng(0).choice(count, MOST_DRAWN, replace=False)
    wanted: list[Any] = [sample, np.flatnonzero(found)[:500], [] if marked is None else [marked]]
    return np.unique(np.concatenate(wanted).astype(np.int64))


def point_labels(frame: pd.DataFrame, vectors: Vectors) -> pd.DataFrame:
    """x, y, label, level: texts beside points, as many as find room; whole words come first."""
    labels = labels_of(frame, vectors, frame["row"])
    texts = labels["label"].tolist()
    short_ones = np.array([len(text) < WORD_LETTERS for text in texts])
    order = np.lexsort((short_ones, ~frame["found"].to_numpy()))
    inside = 1 + 2 * EDGE  # around the points there is room
    labels["level"] = label_levels(
        labels[["x", "y"]].to_numpy(),
        texts,
        order=order,
        width=LABEL_WIDTH / inside,
        height=LABEL_HEIGHT / inside,
    )
    return labels[labels["level"] >= 0]


def labels_of(frame: pd.DataFrame, vectors: Vectors, rows: Sequence[int]) -> pd.DataFrame:
    """The axes, label, level 0: the names of these rows of the vectors."""
    column = vectors.frame["token" if has_tokens(vectors) else "text"]
    places = frame.set_index("row")[AXES[: 2 + ("z" in frame)]].loc[list(rows)]
    texts = [truncate(column.iloc[row], LABEL_LETTERS) for row in rows]
    return places.reset_index(drop=True).assign(label=texts, level=0)


def group_labels(frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """The axes, label, level −1: each group's name at the middle of its points."""
    axes = AXES[: 2 + ("z" in frame)]
    middles = frame.groupby(groups.to_numpy())[axes].median().reset_index(names="label")
    if len(axes) == 2:
        span = np.ptp(frame[axes].to_numpy(), axis=0)
        middles[axes] = names_apart(middles[axes].to_numpy(), list(middles["label"]), span)
    return middles.assign(level=GROUP)


NO_LABELS = pd.DataFrame({"x": [], "y": [], "label": [], "level": []})


EXTRA_TIPS = 4


def with_details(frame: pd.DataFrame, vectors: Vectors, columns: list[str]) -> pd.DataFrame:
    """The frame with the first columns of the table, for the tooltip."""
    told = vectors.frame.iloc[frame["row"]].reset_index(drop=True)
    kept = {name: told[name] for name in columns[:EXTRA_TIPS]}
    cut = {
        name: column
        if pd.api.types.is_numeric_dtype(column)
        else column.map(lambda t: truncate(t, 60))
        for name, column in kept.items()
    }
    own = {*frame, COLOUR, NEAR}
    taken = {name: f"{name} " if name in own else name for name in cut}
    return frame.assign(**{taken[name]: column for name, column in cut.items()})


def projection(
    found: Projection,
    vectors: Vectors | None = None,
    *,
    colour: str | pd.DataFrame | None = "",
    labels: str = "points",
    search: Sequence[int] = (),
    picked: int | None = None,
) -> Any:
    """The points of a projection; hover for their names, click one for its true neighbours.

    `vectors` are those that were projected: without them points are numbers. `colour` names a
    column of `vectors.frame`, by default the first that tells groups or amounts, or is
    "reliability", or the table of `clusters` or `predict_texts`; None: none.
    `labels`: "points", "groups" or "none". `search` are rows to outline, `picked` one to mark.
    Raises `BadInput`.
    """
    knn = found.knn
    if vectors is None:
        vectors = make_vectors(found.coordinates)
    elif knn is None and 2 < len(vectors) <= SEARCHED:
        knn = find_neighbours(vectors, k=min(NEAR_LINES, len(vectors) - 1), metric=found.metric)
    if len(vectors) != len(found.coordinates):
        raise BadInput(
            f"The projection has {len(found.coordinates):,} points and there are {len(vectors):,} "
            "vectors: give those that were projected."
        )
    if labels not in LABELS:
        raise BadInput(f"Unknown labels {labels!r}. Choose one of: {', '.join(LABELS)}.")
    colours = _colouring(colour, found, vectors)
    hits = np.isin(np.arange(len(vectors)), list(search))
    rows = drawn_rows(len(vectors), hits, picked)
    flat = found if found.dimensions == 2 else _from_front(found)
    frame = scene_frame(vectors, flat, hits, rows, colours, knn=knn)
    named = NO_LABELS
    if labels == "points":
        named = point_labels(frame, vectors)
    elif labels == "groups" and colours is not None and colours.kind == "nominal":
        named = group_labels(frame, colours.values.iloc[rows])
    return offline(scatter(frame, named, look(frame, colours, axes_of(found), picked=picked)))


def _colouring(
    colour: str | pd.DataFrame | None, found: Projection, vectors: Vectors
) -> Colouring | None:
    if isinstance(colour, pd.DataFrame):
        if "cluster" in colour:
            return Colouring(grouped((colour["cluster"] + 1).astype(str)), "nominal", "cluster")
        if "prediction" in colour:
            return Colouring(grouped(colour["prediction"].astype(str)), "nominal", "prediction")
        raise BadInput("Points are coloured by a table of `clusters` or of `predict_texts`.")
    told = columns(vectors)
    colour = (told[0] if told else None) if colour == "" else colour
    if colour is None:
        return None
    if colour in vectors.frame:
        return column_colouring(vectors, colour)
    if colour == "reliability" and found.reliability is not None:
        values = pd.Series(found.reliability)
        return Colouring(values, "quantitative", "neighbours preserved")
    raise BadInput(f"There is no column {colour!r}; there are: {', '.join(vectors.frame)}.")


def vectors(found: Vectors, **options: Any) -> Any:
    """The vectors in the plane of their first two principal components; see `projection`."""
    return projection(project(found, method="pca"), found, **options)


def scene_frame(
    vectors: Vectors,
    found: Projection,
    hits: np.ndarray,
    rows: np.ndarray,
    colours: Colouring | None,
    *,
    knn: Neighbours | None,
) -> pd.DataFrame:
    """The points with their tooltips, colours and neighbours."""
    frame = with_details(point_frame(vectors, found, hits, rows), vectors, columns(vectors))
    if colours is not None:
        frame[COLOUR] = colours.values.to_numpy()[rows]
    if knn is not None:
        frame[NEAR] = near_column(knn, rows)
    return frame


def look(
    frame: pd.DataFrame,
    colours: Colouring | None,
    axes: tuple[str, str],
    *,
    inks: tuple[str, str] = INK["light"],
    **more: Any,
) -> Look:
    """How the points of `scene_frame` are drawn."""
    hidden = (*OWN, COLOUR, NEAR)
    return Look(
        colour=None if colours is None else COLOUR,
        kind="nominal" if colours is None else colours.kind,
        title="" if colours is None else colours.title,
        axes=axes,
        tooltip=tuple(column for column in frame if column not in hidden),
        ink=inks[0],
        paper=inks[1],
        **more,
    )


def axes_of(found: Projection) -> tuple[str, str]:
    """What the axes of a PCA are; nothing for other methods."""
    if found.explained is None:
        return "", ""
    first, second = (
        f"PC {number} ({share:.1%} of variance)"
        for number, share in enumerate(found.explained[:2], 1)
    )
    return first, second


def _from_front(found: Projection) -> Projection:
    """The first two of three dimensions."""
    return replace(found, coordinates=found.coordinates[:, :2], dimensions=2)
