"""Which points: the source, its filters, the layer. Every choice lives in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from interp_core.datasets import SAMPLES
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import sources
from interp_core.ui.embedding.question import (
    IMAGES,
    LAYERED,
    OWN,
    PICTURE_UNITS,
    PICTURES,
    SOURCES,
    UNITS,
    Points,
)
from interp_core.ui.images.question import MOST, SMALL, choose_several
from interp_core.ui.server import cache
from interp_core.ui.widgets import layout, sidebar, uploads
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of, within

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

KINDS = {
    "words": "whole words",
    "pieces": "subword tokens (##)",
    "all": "no special tokens",
    "everything": "everything",
}
ALL_WORDS = "all four"
WORDS = ("bank", "bass", "java", "spring", ALL_WORDS)
FIRST = 5_000  # entries of the vocabulary that are shown until somebody asks for more
FEW_IMAGES = 40  # for models of large images: each costs what a text of hundreds of tokens does
ABOUT = {
    "vocabulary": "The input vectors of the entries, before any layer.",
    "digits": (
        "360 images of 8 × 8 pixels, held out from the training of the built-in model `digits`; "
        f"for models of images larger than {SMALL} pixels a side a random sample of {FEW_IMAGES}."
    ),
    "images": (
        f"Photographs, or digits for models of small images, and your own images, up to {MOST}. "
        "They are drawn as thumbnails."
    ),
    "text": "The text in the sidebar, each line on its own.",
    "table": "CSV, TSV, JSON, Parquet, or one text per line: up to 50,000 rows.",
    "vectors": "TSV (with words in a second file), NPY, Parquet, safetensors, or the text files of "
    "word2vec and GloVe.",
}


def choose(model: LoadedModel, row: DeltaGenerator, *, depth: bool) -> Points | None:
    """The points, or None while the user has given no file.

    The controls stand in `row`. Without `depth` the view shows all layers and asks for none.
    """
    with row:
        offered = _offered(model)
        if "table" in offered:
            uploads.take_file("points", "table", SOURCES["table"])
        first = _first(model, offered)
        follow("points", first)
        keep_valid("points", offered)
        source = st.selectbox(
            "Data",
            offered,
            index=offered.index(first),
            format_func=SOURCES.get,
            key="points",
            width=190,
            help=_about(),
            **BOUND,
        )
        filters = FILTERS[source]() if source in FILTERS else ()
        if source == "digits" and _large(model):
            filters += (("sampled", FEW_IMAGES),)
        split = source in ("requests", "text", "table", *IMAGES)
        with layout.options():
            unit = _unit(model, source) if split else "mean"
        layer = _layer(model) if depth and source in LAYERED else None
    choice = sidebar.choice(model, text=source == "text")
    if source == "images":
        chosen = choose_several(model)
        if not chosen:
            return None
        filters = (("images", tuple((each.name, each.title) for each in chosen)),)
    data = sources.upload(source) if source in OWN else ""
    if source == "table":
        uploads.took_file("points")  # given here, it may be left
    if source in OWN and not data:
        st.info("Upload a file to start. It is processed on the Clearhead server only.")
        return None
    if source == "table":
        filters = _column(data)
    if source in OWN:
        filters += sources.called(source)
    if source == "text":
        filters = (("text", choice.text),)
    return Points(choice.model, cache.stamp(choice.model), source, layer, unit, filters, data)


def _offered(model: LoadedModel) -> list[str]:
    """Pictures for models that look at them, texts for the others."""
    if model.tokenizer is None:
        return sorted(PICTURES, key=lambda name: name != "images") if _large(model) else [*PICTURES]
    return [name for name in SOURCES if name == "vectors" or name not in PICTURES]


def _large(model: LoadedModel) -> bool:
    """Whether the model reads images of photographs' size."""
    return max(model.layout.pictures.size) > SMALL


def _first(model: LoadedModel, offered: list[str]) -> str:
    """What a visitor finds: texts that the model was made for, or words."""
    return "requests" if model.name in REQUESTS and "requests" in offered else offered[0]


def _about() -> str:
    lines = {SOURCES[name]: each.about for name, each in SAMPLES.items()}
    lines |= {SOURCES[name]: about for name, about in ABOUT.items()}
    return "\n".join(f"- **{title}**: {about}" for title, about in lines.items())


def _layer(model: LoadedModel) -> int:
    last = model.n_layers
    within("depth", last, last)
    return st.slider(
        "Layer",
        0,
        last,
        last,
        key="depth",
        width=160,
        help="0 = output of the embeddings; n = output of the n-th layer, which is layer "
        "n − 1 on the page “Attention heads”.",
        **BOUND,
    )


def _unit(model: LoadedModel, source: str) -> str:
    """What a point stands for; the tokens come first where there is one text."""
    titles = PICTURE_UNITS if source in IMAGES else UNITS
    if source in IMAGES and model.layout.pictures.class_place is None:
        titles = {unit: title for unit, title in titles.items() if unit != "first"}
        keep_valid(f"unit_{source}", list(titles))
    names = ["token", *UNITS] if source == "text" else list(titles)
    return st.selectbox(
        "Unit",
        list(dict.fromkeys(names)),
        format_func=titles.get,
        key=f"unit_{source}",
        **BOUND,
    )


def _word() -> tuple[tuple[str, object], ...]:
    word = one_of("Word", WORDS, key="sense_word")
    return () if word == ALL_WORDS else (("word", word),)


def _vocabulary() -> tuple[tuple[str, object], ...]:
    kind = st.selectbox(
        "Entries", list(KINDS), format_func=KINDS.get, key="entries", width=190, **BOUND
    )
    with layout.options():
        part = st.text_input("Containing", key="containing", **BOUND)
        first = st.number_input(
            "From rank",
            0,
            None,
            0,
            1000,
            key="rank_from",
            **BOUND,
            help="Position in the vocabulary. Most tokenizers list frequent entries first.",
        )
        last = st.number_input("To rank", 1, None, FIRST, 1000, key="rank_to", **BOUND)
    return (("kind", kind), ("contains", part), ("from", first), ("to", last))


REQUESTS = ("intents", "slots")  # built-in models of requests
FILTERS = {"ambiguous_words": _word, "vocabulary": _vocabulary}


def _column(data: str) -> tuple[tuple[str, object], ...]:
    names = sources.columns(data)
    first = uploads.column(names, names[0])
    names.sort(key=lambda name: name != first)
    keep_valid("text_column", names)
    with layout.options():
        column = st.selectbox("Text column", names, key="text_column", width=250, **BOUND)
    uploads.chose(column)
    return (("column", column),)
