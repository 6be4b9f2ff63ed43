"""How points become a picture: method, dimensions, settings. Every choice lives in the address."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import streamlit as st

from interp_core.embedding.projection import REDUCERS
from interp_core.embedding.vectors import Vectors, has_tokens
from interp_core.ui.embedding.colouring import label_columns
from interp_core.ui.embedding.question import Drawing, Points
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, keep_valid, one_of

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def choose(asked: Points, row: DeltaGenerator, *, solid: bool = True, own: bool = True) -> Drawing:
    """The drawing; `solid` offers three dimensions, `own` the axes of one's own."""
    methods = [name for name in REDUCERS if own or name != "axis"]
    keep_valid("reducer", methods)
    with row:
        method = st.selectbox(
            "Method",
            methods,
            format_func=lambda name: REDUCERS[name].title,
            key="reducer",
            width=120,
            help=_methods(),
            **BOUND,
        )
    with layout.options():
        dimensions = _dimensions() if solid else 2
        metric = _nearness()
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            0,
            key="seed",
            help="The same seed reproduces the same projection.",
            **BOUND,
        )
        options = OPTIONS[method]() if method in OPTIONS else ()
    return Drawing(asked, method, dimensions, metric, int(seed), options)


def nearness() -> str:
    """Which metric says what is near, for views without a picture."""
    with layout.options():
        return _nearness()


def _methods() -> str:
    return "\n".join(f"- **{each.title}**: {each.about}" for each in REDUCERS.values())


def _dimensions() -> int:
    return one_of("Dimensions", {2: "2-D", 3: "3-D"}, key="dimensions")


def _nearness() -> str:
    return one_of(
        "Distance metric",
        ("cosine", "euclidean"),
        key="nearness",
        help="Metric for nearest neighbours. Cosine ignores vector length.",
    )


def _umap() -> tuple[tuple[str, object], ...]:
    near = st.slider(
        "Neighbours",
        2,
        100,
        15,
        key="umap_neighbours",
        help="Low values preserve local structure, high values global structure.",
        **BOUND,
    )
    tight = st.slider(
        "Minimum distance (min_dist)",
        0.0,
        1.0,
        0.1,
        0.05,
        key="umap_distance",
        help="Minimum spacing of points in the projection.",
        **BOUND,
    )
    return (("neighbours", near), ("min_dist", tight))


def _tsne() -> tuple[tuple[str, object], ...]:
    value = st.slider(
        "Perplexity",
        2,
        100,
        30,
        key="perplexity",
        help="Effective number of neighbours per point.",
        **BOUND,
    )
    return (("perplexity", float(value)),)


OPTIONS = {"umap": _umap, "tsne": _tsne}
NAMES = ("x-axis", "y-axis", "z-axis")
SIDES = ("from", "to")
WORDS = "words"
LEAST_GROUPS = 3  # fewer give no two different axes
WORD_PAIRS = {
    "word_groups": (
        ("Paris, Berlin, Rome", "France, Germany, Italy"),
        ("sadness, fear", "joy, love"),
        ("walk, eat", "walked, ate"),
    ),
    "vocabulary": (
        ("man, he, father", "woman, she, mother"),
        ("bad, poor", "good, rich"),
        ("old", "new"),
    ),
}


def complete(asked: Drawing, vectors: Vectors) -> Drawing | None:
    """The drawing with its axes; None while an end is empty."""
    if asked.method != "axis":
        return asked
    by = _by(asked, vectors)
    ends = _words(asked, vectors) if by == WORDS else _groups(asked, vectors, by)
    if not all(end for pair in ends for end in pair):
        st.info("Define each axis by the words at its two ends.")
        return None
    options = (("axes", ends), *(() if by == WORDS else (("by", by),)))
    return replace(asked, options=options)


def _by(asked: Drawing, vectors: Vectors) -> str:
    labels = [name for name in label_columns(vectors) if len(_names(vectors, name)) >= LEAST_GROUPS]
    offered = [WORDS, *labels] if asked.points.source in WORD_PAIRS else [*labels, WORDS]
    key = f"axis_by_{asked.points.source}"
    keep_valid(key, offered)
    return st.selectbox("Define axes by", offered, key=key, width=230, **BOUND)


def _names(vectors: Vectors, column: str) -> list[str]:
    """The groups, the largest first."""
    return list(vectors.frame[column].astype(str).value_counts().index)


def _groups(asked: Drawing, vectors: Vectors, by: str) -> tuple:
    names = _names(vectors, by)
    pairs = list(combinations(names, 2))
    axes = []
    for place in range(asked.dimensions):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = [
                _group(f"{NAMES[place]}: {side}", names, first, f"group_{place}_{side}")
                for side, first in zip(SIDES, pairs[place % len(pairs)])
            ]
        axes.append(tuple((name,) for name in chosen))
    return tuple(axes)


def _group(label: str, names: list[str], first: str, key: str) -> str:
    keep_valid(key, names)
    return st.selectbox(label, names, names.index(first), key=key, width=205, **BOUND)


def _words(asked: Drawing, vectors: Vectors) -> tuple:
    pairs = WORD_PAIRS.get(asked.points.source) or _first_words(vectors)
    axes = []
    for place in range(asked.dimensions):
        key = f"axis_{asked.points.source}_{place}"
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = [
                _typed(f"{NAMES[place]}: {side}", first, f"{key}_{side}")
                for side, first in zip(SIDES, pairs[place % len(pairs)])
            ]
        axes.append(tuple(_parts(end, vectors) for end in typed))
    return tuple(axes)


def _typed(label: str, first: str, key: str) -> str:
    return st.text_input(
        label,
        first,
        key=key,
        width=205,
        help="Words of the data, separated by commas.",
        **BOUND,
    )


def _first_words(vectors: Vectors) -> list[tuple[str, str]]:
    """Pairs of the first different points, so that there is a picture to begin with."""
    column = "token" if has_tokens(vectors) else "text"
    names = vectors.frame[column].astype(str).str.strip().drop_duplicates()
    return list(combinations(names[names != ""].head(4), 2)) or [("", "")]


def _parts(typed: str, vectors: Vectors) -> tuple[str, ...]:
    """The words; a text with commas that is itself a point stays whole."""
    column = "token" if has_tokens(vectors) else "text"
    known = set(vectors.frame[column].astype(str).str.strip().str.casefold())
    whole = (typed.strip(),)
    if whole[0].casefold() in known:
        return whole
    return tuple(word.strip() for word in typed.split(",") if word.strip())
