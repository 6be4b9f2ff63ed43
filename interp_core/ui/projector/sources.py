"""From what was asked for to vectors, at one layer or at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

import interp_core as ic
from interp_core.analysis.digit_pictures import digit_labels, digit_picture, held_out
from interp_core.analysis.vectors import Vectors
from interp_core.models.record import LoadedModel
from interp_core.ui import cache
from interp_core.ui.projector import own_files
from interp_core.ui.projector.asked import Points
from interp_core.ui.projector.store import quick, slow

LAYERS_BYTES = 96 * 2**20  # up to here all layers are computed at once, and the slider is instant
LAYER_POINTS = 2_000  # most points of the views that show all layers
TOKEN_LETTERS = 4  # letters of a token, roughly


def vectors(points: Points) -> Vectors | None:
    """The vectors at the chosen layer; None when the user stopped it."""
    if points.source == "vectors":
        return own_files.ready_vectors(points.data)
    if points.source == "vocabulary":
        return quick(points, lambda: _vocabulary(points))
    texts, extra = texts_of(points)
    model = cache.model(points.model)
    if _bytes(points, texts, model) <= LAYERS_BYTES:
        whole = _computed(replace(points, layer=None), texts, extra, "all")
        return whole and quick((points, "at"), lambda: ic.at_layer(whole, points.layer))
    return _computed(points, texts, extra, points.layer)


def thinned(points: Points) -> Points:
    """The points for views of all layers: at most 2,000 texts, a stated random sample of more."""
    texts, _ = texts_of(points)
    model = cache.model(points.model)
    if len(texts) <= LAYER_POINTS and _bytes(points, texts, model) <= LAYERS_BYTES:
        return points
    kept = LAYER_POINTS
    while kept > 50 and _bytes(points, texts[:kept], model) > LAYERS_BYTES:
        kept //= 2
    return replace(points, filters=(*points.filters, ("sampled", min(kept, len(texts)))))


def all_layers(points: Points) -> Vectors | None:
    """Vectors at every layer, one layer after the other; None when the user stopped it."""
    texts, extra = texts_of(points)
    return _computed(replace(points, layer=None), texts, extra, "all")


def texts_of(points: Points) -> tuple[list[str], pd.DataFrame]:
    """The texts, and a frame with what else is known of each."""
    texts, extra = TEXTS[points.source](points)
    count = points.value("sampled")
    if count is None:
        return texts, extra
    rows = np.sort(np.random.default_rng(0).permutation(len(texts))[:count])
    return [texts[row] for row in rows], extra.iloc[rows].reset_index(drop=True)


def _sample(points: Points) -> tuple[list[str], pd.DataFrame]:
    frame = ic.sample_table(points.source)
    word = points.value("word")
    if word:
        frame = frame[frame["word"] == word].reset_index(drop=True)
    return list(frame["text"]), frame.drop(columns="text")


def _lines(points: Points) -> tuple[list[str], pd.DataFrame]:
    texts = [line for line in str(points.value("text", "")).splitlines() if line.strip()]
    if not texts:
        raise ic.BadInput("Write a text into the sidebar, one or more lines.")
    return texts, pd.DataFrame({"line": range(1, len(texts) + 1)})


def _rows(points: Points) -> tuple[list[str], pd.DataFrame]:
    frame = own_files.table(points.data)
    column = points.value("column")
    texts = frame[column].fillna("").astype(str).str.strip()
    keep = texts != ""
    if not keep.any():
        raise ic.BadInput(f"The column {column!r} holds no texts. Choose another one.")
    rest = frame.drop(columns=column)[keep].reset_index(drop=True)
    return list(texts[keep]), rest


def _digits(points: Points) -> tuple[list[str], pd.DataFrame]:
    """Names of the pictures in the place of texts."""
    labels, numbers = digit_labels(), held_out()[1]
    texts = [f"a {labels[number]} (digit {number})" for number in numbers]
    return texts, pd.DataFrame({"digit": labels[numbers].astype(str), "number": numbers})


TEXTS: dict[str, Callable[[Points], tuple[list[str], pd.DataFrame]]] = {
    "word_groups": _sample,
    "ambiguous_words": _sample,
    "requests": _sample,
    "text": _lines,
    "table": _rows,
    "digits": _digits,
}


def _bytes(points: Points, texts: list[str], model: LoadedModel) -> int:
    rows = len(texts)
    if points.unit == "token":
        rows = sum(len(text) for text in texts) // TOKEN_LETTERS + 2 * rows
    dim = int(getattr(model.model.config.get_text_config(), "hidden_size", 1024))
    return rows * (model.n_layers + 1) * dim * 4


def _computed(
    key: Points, texts: list[str], extra: pd.DataFrame, layer: int | str
) -> Vectors | None:
    def compute(progress: Callable[[int, int], object]) -> Vectors:
        model = cache.model(key.model)
        if key.source == "digits":
            return _of_pictures(key, texts, extra, layer, progress)
        if key.source == "ambiguous_words":
            found = ic.word_vectors(
                model, texts, list(extra["word"]), layer=layer, progress=progress
            )
        else:
            pooling = None if key.unit == "token" else key.unit
            found = ic.token_vectors(
                model, texts, layer=layer, pooling=pooling, truncate=True, progress=progress
            )
        return _described(found, extra)

    return slow(("layers", key, layer), "Reading the texts", compute, unit="texts")


def _of_pictures(
    key: Points,
    texts: list[str],
    extra: pd.DataFrame,
    layer: int | str,
    progress: Callable[[int, int], object],
) -> Vectors:
    images = [digit_picture(int(number)) for number in extra["number"]]
    pooling = "patch" if key.unit == "token" else key.unit
    model = cache.model(key.model)
    found = ic.image_vectors(model, images, layer=layer, pooling=pooling, progress=progress)
    frame = found.frame.rename(columns={"picture": "row"})
    names = [texts[row] for row in frame["row"]]
    frame["text"] = [
        f"{name}, patch {patch}" if patch else name for name, patch in zip(names, frame["patch"])
    ]
    right = frame["prediction"].to_numpy() == extra["digit"].to_numpy()[frame["row"]]
    frame["answer"] = np.where(right, "right", "wrong")
    told = Vectors(found.values, frame.drop(columns="patch"), found.notes)
    return _described(told, extra.drop(columns="number"))


def _described(found: Vectors, extra: pd.DataFrame) -> Vectors:
    """The vectors with the columns of the table they came from, under names of their own."""
    same = {name: f"{name} (of the file)" for name in extra if name in found.frame}
    told = extra.drop(columns="word", errors="ignore") if "sense" in extra else extra
    told = told.rename(columns=same).iloc[found.frame["row"]].reset_index(drop=True)
    return Vectors(found.values, pd.concat([found.frame, told], axis=1), found.notes)


def _vocabulary(points: Points) -> Vectors:
    found = ic.vocabulary_vectors(cache.model(points.model))
    frame = found.frame
    keep = (frame["rank"] >= points.value("from", 0)) & (frame["rank"] < points.value("to", 10**9))
    kind = points.value("kind", "all")
    if kind == "words":
        keep &= frame["whole_word"] & frame["letters"]
    elif kind == "pieces":
        keep &= frame["kind"] == "piece"
    elif kind == "everything":
        keep |= frame["rank"] < 0
    part = str(points.value("contains", "")).casefold()
    if part:
        keep &= frame["text"].str.casefold().str.contains(part, regex=False)
    if not keep.any():
        raise ic.BadInput("No entry of the vocabulary fits. Loosen the filters.")
    return found.take(keep.to_numpy())
