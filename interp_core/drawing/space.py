"""The space of the vectors as pictures: what a projection kept, geometry, lists of points."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.charts.offline import offline
from interp_core.charts.simple import below, dots, histogram, lines
from interp_core.embedding.projection import Projection
from interp_core.errors import BadInput

GEOMETRY = {
    "anisotropy": "anisotropy",
    "intrinsic": "intrinsic dimension",
    "norm": "mean norm",
}


def reliability(found: Projection) -> Any:
    """How many points keep how many of their nearest neighbours. Raises `BadInput` where the
    projection was not judged."""
    quality = found.quality
    if quality is None:
        raise BadInput("This projection was not judged: see `ic.judged`.")
    chart = histogram(
        pd.Series(found.reliability),
        mark=quality.chance,
        height=180,
        step=1 / quality.k,
        form=".0%",
        title=f"share of {quality.k} nearest neighbours preserved",
    )
    return offline(chart)


def column_histogram(
    table: pd.DataFrame,
    column: str,
    *,
    title: str | None = None,
    mark: float | None = None,
    mark_title: str = "",
    most: float | None = None,
) -> Any:
    """How many points have which value of a column, such as "conflict", "silhouette", "factor" or
    "listed"; larger values count as `most`. `mark` draws a line. Raises `BadInput`."""
    if column not in table or not pd.api.types.is_numeric_dtype(table[column]):
        raise BadInput(f"There is no column of numbers {column!r} in this table.")
    values = table[column].dropna()
    values = values if most is None else values.clip(upper=most)
    about: dict[str, Any] = {
        "title": title or column,
        "mark": mark,
        "mark_title": mark_title,
        "height": 160,
    }
    return offline(histogram(values, **about))


def geometry(table: pd.DataFrame) -> Any:
    """Anisotropy, intrinsic dimension and mean norm by layer; the table of `geometry`."""
    return offline(below(geometry_parts(table)))


def geometry_parts(table: pd.DataFrame) -> list[Any]:
    """The charts of `geometry`."""
    return [
        lines(table, x="layer", y=name, x_title="layer", y_title=title, height=200)
        for name, title in GEOMETRY.items()
    ]


def lengths(table: pd.DataFrame) -> Any:
    """The norm of vectors by their frequency rank; the table of `length_table`."""
    about: dict[str, Any] = {
        "x_title": "frequency rank (1: the first)",
        "y_title": "norm of the vector",
    }
    return offline(dots(table, x="rank", y="norm", **about))


def label_agreement(table: pd.DataFrame) -> Any:
    """How often neighbours have the same label, by layer; the table of `agreement_by_layer`."""
    titled = {"among neighbours": "observed", "by chance": "expected by chance"}
    long = table.rename(columns=titled).melt("layer", var_name="what", value_name="share")
    about: dict[str, Any] = {
        "colour": "what",
        "x_title": "layer",
        "y_title": "share",
        "form": ".0%",
    }
    return offline(lines(long, x="layer", y="share", **about))
