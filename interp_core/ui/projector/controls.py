"""The controls of the projector; every choice lives in the address."""

from __future__ import annotations

import streamlit as st

from interp_core.analysis.reducers import REDUCERS
from interp_core.analysis.samples import SAMPLES
from interp_core.models.record import LoadedModel
from interp_core.ui import cache
from interp_core.ui.attributions.asked import BOUND
from interp_core.ui.choices import keep_valid
from interp_core.ui.projector import own_files
from interp_core.ui.projector.asked import LAYERED, OWN, SOURCES, UNITS, Drawing, Points

KINDS = {
    "words": "whole words",
    "pieces": "word pieces (##)",
    "all": "all but special",
    "everything": "everything",
}
WORDS = ("bank", "bass", "java", "spring")


def points(model: LoadedModel, choice, row, *, depth: bool = True) -> Points | None:  # noqa: ANN001
    """Which points: source, filters, layer. None while the user has given no file.

    The controls stand in the container `row`. Without `depth` the view shows all layers, and
    nothing is asked about them.
    """
    with row:
        source = st.selectbox(
            "Points",
            list(SOURCES),
            format_func=SOURCES.get,
            key="points",
            width=250,
            help=_about(),
            **BOUND,
        )
        filters = FILTERS[source]() if source in FILTERS else ()
        unit = _unit(model, source) if source in ("requests", "text", "table") else "mean"
        layer = _layer(model) if depth and source in LAYERED else None
    data = ""
    if source in OWN:
        data = own_files.upload(source)
        if not data:
            st.info("Upload a file to see its points. Nothing leaves this machine.")
            return None
    if source == "table":
        filters = _columns(data)
    if source == "text":
        filters = (("text", choice.text),)
    files = cache.stamp(choice.model)
    return Points(choice.model, files, source, layer, unit, filters, data)


def _about() -> str:
    return "\n".join(f"- **{each.title}**: {each.about}" for each in SAMPLES.values())


def _methods() -> str:
    return "\n".join(f"- **{each.title}**: {each.about}" for each in REDUCERS.values())


def _layer(model: LoadedModel) -> int:
    last = model.n_layers
    if st.session_state.get("depth", 0) > last:
        del st.session_state["depth"]
    return st.slider(
        "Layer",
        0,
        last,
        last,
        key="depth",
        width=200,
        help="0 is the output of the embeddings, before the first layer.",
        **BOUND,
    )


def _unit(model: LoadedModel, source: str) -> str:
    names = list(UNITS)
    if source == "text":
        names = ["token", *names[:-1]]
    return st.selectbox(
        "One point for each", names, format_func=UNITS.get, key=f"unit_{source}", width=230, **BOUND
    )


def _word() -> tuple[tuple[str, object], ...]:
    word = st.segmented_control("Word", WORDS, key="sense_word", **BOUND)
    return (("word", word),) if word else ()


def _vocabulary() -> tuple[tuple[str, object], ...]:
    kind = st.selectbox(
        "Entries", list(KINDS), format_func=KINDS.get, key="entries", width=170, **BOUND
    )
    part = st.text_input("Containing", key="containing", width=120, **BOUND)
    first = st.number_input(
        "From rank",
        0,
        None,
        0,
        1000,
        key="rank_from",
        width=130,
        help="Most tokenizers list frequent entries first: a rough frequency rank.",
        **BOUND,
    )
    last = st.number_input("To rank", 1, None, 5000, 1000, key="rank_to", width=130, **BOUND)
    return (("kind", kind), ("contains", part), ("from", first), ("to", last))


FILTERS = {"ambiguous_words": _word, "vocabulary": _vocabulary}


def _columns(data: str) -> tuple[tuple[str, object], ...]:
    names = own_files.columns(data)
    keep_valid("text_column", names)
    column = st.selectbox("Column with the texts", names, key="text_column", width=250, **BOUND)
    return (("column", column),)


def drawing(asked: Points, row, *, solid: bool = True) -> Drawing:  # noqa: ANN001
    """How the points become a picture; `solid` offers three dimensions."""
    with row:
        methods = [name for name in REDUCERS if name != "axis" or asked.source != "requests"]
        keep_valid("reducer", methods)
        method = st.selectbox(
            "Method",
            methods,
            format_func=lambda n: REDUCERS[n].title,
            key="reducer",
            width=130,
            help=_methods(),
            **BOUND,
        )
        dimensions = 2
        if solid:
            dimensions = st.segmented_control(
                "Dimensions",
                [2, 3],
                default=2,
                required=True,
                format_func="{}-D".format,
                key="dimensions",
                **BOUND,
            )
        with st.popover("Settings", icon=":material/tune:"):
            metric = nearness()
            seed = st.number_input(
                "Seed",
                0,
                2**31 - 1,
                0,
                key="seed",
                **BOUND,
                help="The same seed gives the same picture.",
            )
            options = OPTIONS[method]()
    if method == "axis":
        options = _axes(dimensions)
    return Drawing(asked, method, dimensions, metric, int(seed), options)


def nearness() -> str:
    """Which metric says what is near."""
    return st.segmented_control(
        "Nearness",
        ["cosine", "euclidean"],
        default="cosine",
        required=True,
        key="nearness",
        **BOUND,
        help="Cosine compares directions alone.",
    )


def _pca() -> tuple:
    return ()


def _umap() -> tuple:
    near = st.slider(
        "Neighbours",
        2,
        100,
        15,
        key="umap_neighbours",
        **BOUND,
        help="Few show detail, many the whole.",
    )
    tight = st.slider(
        "Least distance",
        0.0,
        1.0,
        0.1,
        0.05,
        key="umap_distance",
        **BOUND,
        help="How tightly points may pack.",
    )
    return (("neighbours", near), ("min_dist", tight))


def _tsne() -> tuple:
    value = st.slider(
        "Perplexity",
        2,
        100,
        30,
        key="perplexity",
        **BOUND,
        help="About how many neighbours each point cares for.",
    )
    return (("perplexity", float(value)),)


OPTIONS = {"pca": _pca, "umap": _umap, "tsne": _tsne, "axis": _pca}


def _axes(dimensions: int) -> tuple:
    """The ends of each axis, as typed."""
    names = ("Across", "Up", "Deep")[:dimensions]
    axes = []
    for place, name in enumerate(names):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            ends = [
                st.text_input(
                    f"{name}: {side}",
                    default,
                    key=f"axis_{place}_{end}",
                    width=260,
                    help="Words among the points, separated by commas; their mean counts.",
                    **BOUND,
                )
                for end, (side, default) in enumerate(
                    zip(("from", "to"), _defaults(place), strict=True)
                )
            ]
        axes.append(tuple(_words(end) for end in ends))
    return (("axes", tuple(axes)),)


def _defaults(place: int) -> tuple[str, str]:
    group = DEFAULTS.get(st.session_state.get("points", "word_groups"), DEFAULTS["word_groups"])
    return group[place % len(group)]


DEFAULTS = {
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


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
