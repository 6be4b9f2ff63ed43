"""The result of a view of the projector, and what of it can be downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors, point_labels
from interp_core.ui.embedding import results, sources
from interp_core.ui.embedding.question import Drawing
from interp_core.ui.widgets import downloads
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied
from interp_core.ui.widgets.result import ViewResult

BYTES = "application/octet-stream"
TSV = "text/tab-separated-values"
WITH_TABLE = ("checks", "shape")  # views that show their table themselves
FORMATS = {"TSV": "tsv", "NPY": "npy", "Parquet": "parquet", "safetensors": "safetensors"}


@dataclass(frozen=True, kw_only=True)
class PointResult(ViewResult):
    """A view's result with the question and the vectors; `chart` is None in WebGL."""

    asked: Drawing
    vectors: Vectors


def result_of(asked: Drawing, vectors: Vectors, picture: Projection, chart: Any) -> PointResult:
    """The result of a view that shows a picture of the vectors."""
    table = calls.point_table(*steps(asked, vectors, picture))
    return PointResult(chart, table, asked=asked, vectors=vectors)


def steps(asked: Drawing, vectors: Vectors, picture: Projection) -> tuple[Recipe, Recipe]:
    """The vectors and their picture as parts of recipes."""
    made = sources.recipe(asked.points, vectors)
    unjudged = picture.quality is None and len(vectors) > 2
    step = named("picture", asked.call(made, **({"quality": False} if unjudged else {})))
    return made, supplied(step, lambda: picture)


def show(drawn: PointResult, view: str) -> None:
    """The table behind the picture, the neighbours, the vectors and the script."""
    shown = view not in WITH_TABLE
    offer = partial(_offer, drawn, view)
    downloads.foot(drawn.table, drawn.script, offer, shows_numbers=shown)


def _offer(drawn: PointResult, view: str) -> None:
    offers: dict[str, tuple] = {}
    if drawn.chart is not None:
        offers |= downloads.pictures(drawn.picture, f"projector_{view}")
    offers["Table (CSV)"] = (
        f"projector_{view}.csv",
        "text/csv",
        lambda: downloads.csv(drawn.table),
    )
    if len(drawn.vectors) > 1:
        offers["Neighbours (CSV)"] = (
            "neighbours.csv",
            "text/csv",
            lambda: downloads.csv(neighbour_table(drawn)),
        )
    downloads.buttons(offers, key="projector")
    st.markdown(
        "**Vectors**, for other tools: TSV and its metadata open in the TensorFlow projector."
    )
    downloads.buttons(_vectors(drawn.vectors), key="vectors")


def _vectors(vectors: Vectors) -> dict[str, tuple]:
    """A button for each format, and one for the words that TSV and NPY keep in a second file."""
    offers = {}
    for title, kind in FORMATS.items():
        name = f"vectors.{kind}"
        offers[title] = (
            name,
            TSV if kind == "tsv" else BYTES,
            lambda kind=kind, name=name: ic.dump_vectors(vectors, kind)[name],
        )
    offers["Metadata (TSV)"] = (
        "metadata.tsv",
        TSV,
        lambda: ic.dump_vectors(vectors, "tsv")["metadata.tsv"],
    )
    return offers


def neighbour_table(drawn: PointResult) -> pd.DataFrame:
    """One row for each point and neighbour: point, text, rank, neighbour, its text, distance."""
    vectors, metric = drawn.vectors, drawn.asked.metric
    knn = results.neighbours_now(drawn.asked.points, vectors, metric)
    called = np.array(point_labels(vectors, 300), dtype=object)
    count = len(vectors)
    point, near = np.repeat(np.arange(count), knn.k), knn.indices.ravel()
    return pd.DataFrame(
        {
            "point": point,
            "text": called[point],
            "rank": np.tile(np.arange(1, knn.k + 1), count),
            "neighbour": near,
            "neighbour text": called[near],
            f"{metric} distance": knn.distances.ravel(),
        }
    )
