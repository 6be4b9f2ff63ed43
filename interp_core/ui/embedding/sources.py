"""From what was asked for to vectors, at one layer or at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.photographs import photo_url
from interp_core.datasets import digit_picture
from interp_core.embedding.vectors import MAX_POINTS, Vectors
from interp_core.files.form import FileOptions
from interp_core.files.tables import read_table, text_columns
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding.question import IMAGES, Points
from interp_core.ui.embedding.results import kept, quick, slow
from interp_core.ui.images.question import again
from interp_core.ui.server import cache, costs, limits
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import BESIDE, Recipe, builtin, calls, named, supplied, value
from interp_core.ui.widgets.uploads import (
    ABOUT,
    LOST,
    holds_file,
    options,
    session_file,
    told,
    uploader,
)

LAYERS_BYTES = 96 * 2**20  # up to here all layers are computed at once, and the slider is instant
LAYER_POINTS = 2_000  # most points of the views that show all layers
TOKEN_LETTERS = 4  # letters of a token, roughly
THUMBNAILS = 40  # points up to which images are drawn themselves
THUMBNAIL_SIDE = 96  # px of a thumbnail, twice what is drawn, for dense screens
PATCH = {"token": "patch"}  # what a part of a picture is called


def vectors(points: Points) -> Vectors | None:
    """The vectors at the chosen layer; None when the user stopped it."""
    if points.source == "vectors":
        return ready_vectors(points.data)
    if points.source == "vocabulary":
        return quick(points, lambda: value(_made(points, "vectors", None)))
    if _bytes(points, list(table_of(points)["text"])) <= LAYERS_BYTES:
        whole = _computed(replace(points, layer=None), "all")
        return whole and quick((points, "at"), lambda: ic.at_layer(whole, points.layer))
    return _computed(points, points.layer)


def thinned(points: Points) -> Points:
    """The points for views of all layers: at most 2,000 texts, a stated random sample of more."""
    texts = list(table_of(points)["text"])
    if points.source == "images":
        _check_size(points, texts)
        return points
    if len(texts) <= LAYER_POINTS and _bytes(points, texts) <= LAYERS_BYTES:
        return points
    kept, least = min(LAYER_POINTS, len(texts)), 2 if points.source in IMAGES else 50
    while kept > least and _bytes(points, texts[:kept]) > LAYERS_BYTES:
        kept //= 2
    return replace(points, filters=(*points.filters, ("sampled", kept)))


def _check_size(points: Points, texts: list[str]) -> None:
    need = _bytes(points, texts)
    if need > LAYERS_BYTES:
        raise ic.BadInput(
            f"The vectors of {len(texts)} images at all layers would take {need / 2**20:,.0f} MiB "
            f"(limit: {LAYERS_BYTES / 2**20:,.0f}). Choose fewer images, or one point for each "
            "image as “Unit”, under “Options”."
        )


def all_layers(points: Points) -> Vectors | None:
    """Vectors at every layer, one layer after the other; None when the user stopped it."""
    return _computed(replace(points, layer=None), "all")


def table_of(points: Points) -> pd.DataFrame:
    """The texts (column text), with what else is known of each."""
    if points.source == "images":
        return pd.DataFrame({"text": image_names(points)})
    return value(_table_step(points))


def image_names(points: Points) -> list[str]:
    """What the chosen images are called."""
    return [title.removeprefix("the ") for _, title in points.value("images")]


def thumbnails(points: Points, vectors: Vectors) -> tuple[str, ...]:
    """Data URLs of the images of the points; nothing for patches, texts and many points."""
    if points.source not in IMAGES or points.unit == "token" or len(vectors) > THUMBNAILS:
        return ()

    def made() -> tuple[str, ...]:
        if points.source == "images":
            images = [each.image for each in again(points.value("images"))]
        else:
            images = [digit_picture(int(number)) for number in table_of(points)["number"]]
        return tuple(photo_url(each, THUMBNAIL_SIDE) for each in images)

    return quick((replace(points, layer=None), "thumbnails"), made)


def _table_step(points: Points) -> Recipe:
    """How the table is made."""
    if points.source == "text":
        step = calls.line_table(points.value("text", ""))
    elif points.source == "table":
        file = calls.read_table(points.value("file"), **dict(points.value("options", ())))
        file = supplied(named("file", file, comment=BESIDE), lambda: table(points.data))
        step = calls.text_rows(file, points.value("column"))
    elif points.source == "digits":
        step = calls.digit_table()
    else:
        step = named("points", calls.sample_table(points.source))
        if points.value("word"):
            step = step[step["word"].eq(points.value("word"))]
    if count := points.value("sampled"):
        step = step.sample(count, random_state=0).sort_index()
    return named("points", step)


def recipe(
    points: Points,
    found: Vectors,
    *,
    layer: int | str | None = None,
    name: str = "vectors",
    columns: bool = True,
) -> Recipe:
    """The vectors that were `found` as part of recipes, which call them `name`.

    `layer` "all" comes in place of the chosen one; without `columns` the vectors know only their
    own texts.
    """
    return supplied(_made(points, name, layer or points.layer, columns=columns), lambda: found)


def _made(
    points: Points, name: str, layer: int | str | None, *, columns: bool = True, **more: Any
) -> Recipe:
    """How the vectors are made; `more` are arguments of the reading that no script shows."""
    if points.source == "vectors":
        words = {"metadata": points.value("words")} if points.value("words") else {}
        options = {**words, **dict(points.value("options", ()))}
        return named(name, calls.read_vectors(points.value("file"), **options), comment=BESIDE)
    model = cache.model_recipe(points.model)
    if points.source == "vocabulary":
        contains = points.value("contains")
        part = {"kind": points.value("kind", "all"), **({"contains": contains} if contains else {})}
        ranks = (points.value("from", 0), points.value("to", 10**9))
        entries = named("entries", calls.vocabulary_vectors(model))
        return named(name, calls.vocabulary_part(entries, **part, ranks=ranks))
    if points.source == "images":
        pictures = named("pictures", [each.recipe for each in again(points.value("images"))])
        how = {"pooling": PATCH.get(points.unit, points.unit), "names": image_names(points)}
        read = named(name, calls.image_vectors(model, pictures, layer=layer, **how))
        return supplied(read, partial(value, read, **more)) if more else read
    table = _table_step(points)
    if points.source == "digits":
        pooling = PATCH.get(points.unit, points.unit)
        read = calls.digit_vectors(model, table, layer=layer, pooling=pooling)
    elif points.source == "ambiguous_words":
        read = calls.word_vectors(model, *(_listed(table, "text", "word")), layer=layer)
    else:
        how = {"pooling": None if points.unit == "token" else points.unit, "truncate": True}
        read = calls.token_vectors(model, *_listed(table, "text"), layer=layer, **how)
    columns = columns and points.source != "digits"
    read = named("states" if columns else name, read)
    if more:
        read = supplied(read, partial(value, read, **more))
    return named(name, calls.with_columns(read, table)) if columns else read


def _listed(table: Recipe, *columns: str) -> list[Recipe]:
    return [builtin(list)(table[column]) for column in columns]


def _bytes(points: Points, texts: list[str]) -> int:
    model = cache.model(points.model)
    rows = len(texts)
    if points.source in IMAGES:
        rows *= _patches(points, model) if points.unit == "token" else 1
    elif points.unit == "token":
        rows = sum(len(text) for text in texts) // TOKEN_LETTERS + 2 * rows
    dim = int(getattr(model.model.config.get_text_config(), "hidden_size", 1024))
    return rows * (model.n_layers + 1) * dim * 4


def _patches(points: Points, model: LoadedModel) -> int:
    """How many patches the model makes of the first image, of all as a rule."""
    if model.layout.pictures is None:
        return 1  # reading the images refuses this model in a sentence
    if points.source == "images":
        first = again(points.value("images")[:1])[0]
        name, image = first.name, first.image
    else:
        number = int(table_of(points)["number"].iloc[0])
        name, image = f"digit {number}", digit_picture(number)
    wide, high = cache.as_seen(points.model, name, image).size
    return int(np.prod(model.layout.pictures.grid(high, wide)))


def _computed(key: Points, layer: int | str) -> Vectors | None:
    def compute(progress: Callable[[int, int], object]) -> Vectors:
        return value(_made(key, "vectors", layer, progress=progress))

    def dear() -> float:
        model = cache.model(key.model)
        if pictures:
            return costs.passes(model, len(table_of(key)) * _patches(key, model))
        return costs.passes(model, sum(costs.tokens(model, text) for text in table_of(key)["text"]))

    pictures = key.source in IMAGES
    return slow(
        ("layers", key, layer),
        "Running the model on the images" if pictures else "Reading the texts",
        compute,
        unit="images" if pictures else "texts",
        operations=dear,
    )


VECTORS = ["tsv", "csv", "txt", "vec", "npy", "parquet", "safetensors", "gz"]
HELD = {"table": "projector_table", "vectors": "projector_vectors"}
FIELDS = {"table": "projector_table_file", "vectors": "projector_vectors_file"}  # to upload in
NOT_LINKED = "The link restores the settings, not the file."


def upload(source: str) -> str:
    """The uploader; returns the digest of what this session holds, "" when there is nothing."""
    held = HELD[source]
    chosen = f"{held}_options"
    just_given = st.session_state.get(FIELDS[source])
    here = just_given or held in st.session_state or (source == "table" and holds_file())
    name = just_given.name if just_given else st.session_state.get(held, ("",))[0]
    title = f"File: {plain(name)}" if name else "File"
    with st.expander(title, expanded=not here, icon=":material/upload_file:"):
        about = st.container()
        if source == "table":
            given = session_file(ABOUT, key=FIELDS[source])
            asked = options("projector_table")
            found = None if given is None else _table(given, asked)
        else:
            found, asked = _vectors()
        if found is not None:
            told(_notes(source, found[1]))
    if found is not None:
        st.session_state[held], st.session_state[chosen] = found, tuple(asked.chosen().items())
    name, key, *_ = st.session_state.get(held, ("", ""))
    if key and kept().peek((source, key)) is None:
        del st.session_state[held]
        st.info(LOST)
        return ""
    if key:
        about.caption(f"From {plain(name)}. {NOT_LINKED}")
    return key


def called(source: str) -> tuple[tuple[str, str], ...]:
    """What the file that this session holds is called, and the file with its words, if any."""
    name, _, *words = st.session_state[HELD[source]]
    chosen = st.session_state.get(f"{HELD[source]}_options")
    options = (("options", chosen),) if chosen else ()
    return (("file", _bare(name)), *(("words", _bare(each)) for each in words), *options)


def _notes(source: str, key: str) -> list[str]:
    """What was assumed about the file."""
    found = kept().peek((source, key))
    return list(found.attrs.get("notes", []) if source == "table" else getattr(found, "notes", []))


def _bare(name: str) -> str:
    """Without folders."""
    return name.replace("\\", "/").rpartition("/")[2]


def _table(given: Any, asked: FileOptions) -> tuple[str, ...]:
    key = digest(given.name.encode(), given.getvalue(), repr(asked.chosen()).encode())

    def read() -> pd.DataFrame:
        given.seek(0)
        return read_table(given, limit=limits.at_most(MAX_POINTS, "rows"), **vars(asked))

    quick(("table", key), read)
    return given.name, key


def _vectors() -> tuple[tuple[str, ...] | None, FileOptions]:
    given = uploader(
        "TSV, NPY, Parquet, safetensors, or the text files of word2vec and GloVe",
        VECTORS,
        key=FIELDS["vectors"],
    )
    words = uploader(
        "metadata.tsv (words and labels, for TSV and NPY)",
        ["tsv", "txt"],
        key="projector_words_file",
    )
    asked = options("projector_vectors", table=False)
    if given is None:
        return None, asked
    parts = [given.name.encode(), given.getvalue(), *([words.getvalue()] if words else [])]
    parts.append(repr(asked.chosen()).encode())
    key = digest(*parts)

    def read() -> Vectors:
        given.seek(0)
        if words:
            words.seek(0)
        return ic.read_vectors(given, metadata=words, encoding=asked.encoding)

    quick(("vectors", key), read)
    return (given.name, key, *([words.name] if words else [])), asked


def table(key: str) -> pd.DataFrame:
    """The uploaded table. Raises `BadInput` when it is gone."""
    found = kept().peek(("table", key))
    if found is None:
        raise ic.BadInput("Upload a file with texts to start.")
    return found


def ready_vectors(key: str) -> Vectors:
    """The uploaded vectors. Raises `BadInput` when they are gone."""
    found = kept().peek(("vectors", key))
    if found is None:
        raise ic.BadInput("Upload a file with vectors to start.")
    return found


def columns(key: str) -> list[str]:
    """The columns of the uploaded table, those with the longest texts first."""
    frame = table(key)
    texts = text_columns(frame)
    return [*texts, *(name for name in frame if name not in texts)]
