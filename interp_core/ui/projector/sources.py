"""From what was asked for to vectors, at one layer or at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

import interp_core as ic
from interp_core.analysis.vectors import Vectors
from interp_core.models.record import LoadedModel
from interp_core.ui import cache
from interp_core.ui.projector import own_files
from interp_core.ui.projector.asked import Points
from interp_core.ui.projector.store import quick, slow

LAYERS_BYTES = 96 * 2**20  # up to here all layers are computed at once, and the slider is instant
LAYER_POINTS = 2_000  # most points of the views that show all layers
TOKEN_LETTERS = 4  # letters of a token, roughly
PATCH = {"token": "patch"}  # what a part of a picture is called


def vectors(points: Points) -> Vectors | None:
    """The vectors at the chosen layer; None when the user stopped it."""
    if points.source == "vectors":
        return own_files.ready_vectors(points.data)
    if points.source == "vocabulary":
        return quick(points, lambda: _vocabulary(points))
    table = table_of(points)
    if _bytes(points, list(table["text"])) <= LAYERS_BYTES:
        whole = _computed(replace(points, layer=None), table, "all")
        return whole and quick((points, "at"), lambda: ic.at_layer(whole, points.layer))
    return _computed(points, table, points.layer)


def thinned(points: Points) -> Points:
    """The points for views of all layers: at most 2,000 texts, a stated random sample of more."""
    texts = list(table_of(points)["text"])
    if len(texts) <= LAYER_POINTS and _bytes(points, texts) <= LAYERS_BYTES:
        return points
    kept = LAYER_POINTS
    while kept > 50 and _bytes(points, texts[:kept]) > LAYERS_BYTES:
        kept //= 2
    return replace(points, filters=(*points.filters, ("sampled", min(kept, len(texts)))))


def all_layers(points: Points) -> Vectors | None:
    """Vectors at every layer, one layer after the other; None when the user stopped it."""
    return _computed(replace(points, layer=None), table_of(points), "all")


def table_of(points: Points) -> pd.DataFrame:
    """The texts (column text), with what else is known of each."""
    table = TABLES[points.source](points)
    count = points.value("sampled")
    return table if count is None else table.sample(count, random_state=0).sort_index()


def _sample(points: Points) -> pd.DataFrame:
    table = ic.sample_table(points.source)
    word = points.value("word")
    return table[table["word"] == word] if word else table


def _rows(points: Points) -> pd.DataFrame:
    return ic.text_rows(own_files.table(points.data), str(points.value("column")))


TABLES: dict[str, Callable[[Points], pd.DataFrame]] = {
    "word_groups": _sample,
    "ambiguous_words": _sample,
    "requests": _sample,
    "text": lambda points: ic.line_table(str(points.value("text", ""))),
    "table": _rows,
    "digits": lambda _: ic.digit_table(),
}


def _bytes(points: Points, texts: list[str]) -> int:
    model = cache.model(points.model)
    rows = len(texts)
    if points.unit == "token":
        rows = sum(len(text) for text in texts) // TOKEN_LETTERS + 2 * rows
    dim = int(getattr(model.model.config.get_text_config(), "hidden_size", 1024))
    return rows * (model.n_layers + 1) * dim * 4


def _computed(key: Points, table: pd.DataFrame, layer: int | str) -> Vectors | None:
    def compute(progress: Callable[[int, int], object]) -> Vectors:
        model = cache.model(key.model)
        more = {"layer": layer, "progress": progress}
        if key.source == "digits":
            pooling = PATCH.get(key.unit, key.unit)
            return ic.digit_vectors(model, table, pooling=pooling, **more)
        return ic.with_columns(_read(model, key, table, more), table)

    return slow(("layers", key, layer), "Reading the texts", compute, unit="texts")


def _read(model: LoadedModel, key: Points, table: pd.DataFrame, more: dict) -> Vectors:
    texts = list(table["text"])
    if key.source == "ambiguous_words":
        return ic.word_vectors(model, texts, list(table["word"]), **more)
    pooling = None if key.unit == "token" else key.unit
    return ic.token_vectors(model, texts, pooling=pooling, truncate=True, **more)


def _vocabulary(points: Points) -> Vectors:
    return ic.vocabulary_part(
        ic.vocabulary_vectors(cache.model(points.model)),
        kind=str(points.value("kind", "all")),
        contains=str(points.value("contains") or ""),
        ranks=(points.value("from", 0), points.value("to", 10**9)),
    )
