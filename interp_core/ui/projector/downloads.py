"""Downloads of the projector, and a script that draws the picture again."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.vectors import Vectors
from interp_core.ui import downloads
from interp_core.ui.projector import drawing
from interp_core.ui.projector.asked import OWN, Drawing
from interp_core.ui.projector.frames import names
from interp_core.ui.projector.shown import Drawn

MIMES = {"tsv": "text/tab-separated-values", "npy": "application/octet-stream"}
FORMATS = ("tsv", "npy", "parquet", "safetensors")


def show(drawn: Drawn, view: str) -> None:
    """The table behind the picture, the downloads and the script."""
    downloads.section("Download and reproduce", ":material/download:", lambda: _offer(drawn, view))


def _offer(drawn: Drawn, view: str) -> None:
    offers: dict[str, tuple] = {}
    if drawn.chart is not None:
        offers |= downloads.pictures(drawn.chart, f"projector_{view}")
    offers["Table (CSV)"] = (
        f"projector_{view}.csv",
        "text/csv",
        lambda: downloads.csv(drawn.table),
    )
    offers["Neighbours (CSV)"] = (
        "neighbours.csv",
        "text/csv",
        lambda: downloads.csv(neighbour_table(drawn)),
    )
    downloads.buttons(offers, key="projector")
    st.markdown("**Vectors**, for other tools: the TSV pair opens in the TensorFlow projector.")
    downloads.buttons(_vectors(drawn.vectors), key="vectors")
    st.code(script(drawn.asked), language="python")


def _vectors(vectors: Vectors) -> dict[str, tuple]:
    """A button for each file; of formats with two files the second is made alike."""
    offers = {}
    for kind in FORMATS:
        offers[kind.upper() if kind != "parquet" else "Parquet"] = (
            f"vectors.{kind}",
            MIMES.get(kind, "application/octet-stream"),
            lambda kind=kind: ic.dump_vectors(vectors, kind)[f"vectors.{kind}"],
        )
    offers["Metadata (TSV)"] = (
        "metadata.tsv",
        MIMES["tsv"],
        lambda: ic.dump_vectors(vectors, "tsv")["metadata.tsv"],
    )
    return offers


def neighbour_table(drawn: Drawn) -> pd.DataFrame:
    """One row for each point and neighbour: point, text, rank, neighbour, its text, distance."""
    vectors, metric = drawn.vectors, drawn.asked.metric
    k = min(drawing.NEAR, len(vectors) - 1)
    knn = drawing.neighbours(drawn.asked.points, vectors, metric, k)
    called = names(vectors, 300)
    count = len(vectors)
    near = knn.indices.ravel()
    return pd.DataFrame(
        {
            "point": [row for row in range(count) for _ in range(k)],
            "text": [called[row] for row in range(count) for _ in range(k)],
            "rank": list(range(1, k + 1)) * count,
            "neighbour": near,
            "neighbour text": [called[row] for row in near],
            f"{metric} distance": knn.distances.ravel(),
        }
    )


def script(asked: Drawing) -> str:
    """Python that draws the same picture with `interp_core`."""
    points = asked.points
    head = ["import interp_core as ic", ""]
    if points.source not in ("vectors",):
        head.append(f"model = ic.load_model({points.model!r})")
    call = f"ic.project(vectors, method={asked.method!r}, dimensions={asked.dimensions}, "
    call += f"metric={asked.metric!r}, seed={asked.seed}{_keywords(dict(asked.options))})"
    return "\n".join(
        [
            *head,
            *_making(points),
            f"picture = {call}",
            "print(picture.coordinates, picture.trustworthiness)",
        ]
    )


def _making(points: Any) -> list[str]:
    """The lines that make the vectors."""
    layer = f"layer={points.layer}"
    if points.source == "vectors":
        return ['vectors = ic.read_vectors("your vectors")']
    if points.source == "vocabulary":
        return _vocabulary(points)
    if points.source == "ambiguous_words":
        rows = ['table = ic.sample_table("ambiguous_words")']
        if points.value("word"):
            rows.append(f"table = table[table['word'] == {points.value('word')!r}]")
        return [
            *rows,
            f"vectors = ic.word_vectors(model, list(table['text']), list(table['word']), {layer})",
        ]
    pooling = None if points.unit == "token" else points.unit
    if points.source == "text":
        texts = f"{str(points.value('text')).splitlines()!r}"
    elif points.source in OWN:
        texts = "texts"
    else:
        texts = f"list(ic.sample_table({points.source!r})['text'])"
    first = ["texts = [...]  # the column of your file"] if points.source in OWN else []
    return [*first, f"vectors = ic.token_vectors(model, {texts}, {layer}, pooling={pooling!r})"]


def _vocabulary(points: Any) -> list[str]:
    lines = ["vectors = ic.vocabulary_vectors(model)", "frame = vectors.frame"]
    low, high = points.value("from", 0), points.value("to", 10**9)
    lines.append(f"keep = (frame['rank'] >= {low}) & (frame['rank'] < {high})")
    kind, part = points.value("kind"), points.value("contains")
    tests = {
        "words": "keep &= frame['whole_word'] & frame['letters']",
        "pieces": "keep &= frame['kind'] == 'piece'",
        "everything": "keep |= frame['rank'] < 0",
    }
    if kind in tests:
        lines.append(tests[kind])
    if part:
        lines.append(
            f"keep &= frame['text'].str.casefold().str.contains({part.casefold()!r}, regex=False)"
        )
    return [*lines, "vectors = vectors.take(keep.to_numpy())"]


def _keywords(options: dict) -> str:
    return "".join(f", {name}={value!r}" for name, value in options.items())
