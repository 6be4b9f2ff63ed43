"""Axes of the user's own: each runs from the mean of some points to the mean of others."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import streamlit as st

from interp_core.analysis.point_names import has_tokens
from interp_core.analysis.vectors import Vectors
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.projector.asked import Drawing
from interp_core.ui.projector.colouring import label_columns

NAMES = ("Across", "Up", "Deep")
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
        st.info("Say where each axis begins and ends: its ends are means of points.")
        return None
    options = (("axes", ends), *(() if by == WORDS else (("by", by),)))
    return replace(asked, options=options)


def _by(asked: Drawing, vectors: Vectors) -> str:
    labels = [name for name in label_columns(vectors) if len(_names(vectors, name)) >= LEAST_GROUPS]
    offered = [WORDS, *labels] if asked.points.source in WORD_PAIRS else [*labels, WORDS]
    key = f"axis_by_{asked.points.source}"
    keep_valid(key, offered)
    return st.selectbox("Ends are means of", offered, key=key, width=230, **BOUND)


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
        label, first, key=key, width=205, help="Words among the points, separated by commas.",
        **BOUND,
    )  # fmt: skip


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
