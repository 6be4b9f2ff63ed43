"""How far the picture may be trusted: its scores, and how much it owes to seed and method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.embedding.alignment import stable_share
from interp_core.embedding.projection import REDUCERS
from interp_core.embedding.quality import Quality
from interp_core.embedding.vectors import Vectors
from interp_core.models.record import LoadedModel
from interp_core.ui.embedding import drawing_choice, results, sources
from interp_core.ui.embedding.downloads import PointResult, result_of, steps
from interp_core.ui.embedding.question import SLOW, Drawing, Points, titled
from interp_core.ui.embedding.results import slow
from interp_core.ui.server import limits
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


MEANING = {
    "trustworthiness": (
        "penalises points that are near in the projection but not in the original space (1 = "
        "perfect)"
    ),
    "continuity": (
        "penalises points that are near in the original space but not in the projection (1 = "
        "perfect)"
    ),
    "neighbours preserved": "share of a point's nearest neighbours that are preserved",
    "no neighbour preserved": "share of points without any preserved neighbour",
}


def draw(asked: Points, model: LoadedModel, row: DeltaGenerator) -> PointResult | None:
    """Scores, their spread over points, and stability on demand."""
    wanted = drawing_choice.choose(asked, row)
    vectors = sources.vectors(asked)
    wanted = vectors and drawing_choice.complete(wanted, vectors)
    if wanted is None:
        return None
    if len(vectors) < 3:
        st.info("Projection quality needs at least three points.")
        return None
    picture = results.projection(wanted, vectors)
    picture = picture and results.judged(wanted, vectors, picture)
    if picture is None:
        return None
    _scores(picture.quality)
    chart = _spread(wanted, picture, steps(wanted, vectors, picture)[1].chart("reliability"))
    if wanted.method in SLOW:
        st.warning(
            "UMAP and t-SNE optimise local neighbourhoods only. Cluster sizes, gaps and long "
            "distances are not meaningful.",
            icon=":material/straighten:",
        )
    show(wanted, vectors)
    return result_of(wanted, vectors, picture, chart)


def _scores(quality: Quality) -> None:
    figures = (quality.trustworthiness, quality.continuity, quality.kept, quality.none_kept)
    with st.container(key="figures", horizontal=True):
        for (name, meaning), figure in zip(MEANING.items(), figures):
            share = name in ("neighbours preserved", "no neighbour preserved")
            st.metric(
                name.capitalize(),
                number(figure, ".0%" if share else ".3f"),
                help=meaning[0].upper() + meaning[1:] + ".",
            )


def _spread(wanted: Drawing, picture: ic.Projection, chart: Recipe) -> Recipe:
    """How many points keep how many of their neighbours."""
    quality = picture.quality
    figure(
        chart,
        title=f"Neighbours preserved by {titled(wanted)}",
        alt=f"Histogram of the share of {quality.k} nearest neighbours preserved: mean "
        f"{quality.kept:.0%}, expected by chance {quality.chance:.1%}; "
        f"{quality.none_kept:.0%} of the points preserve none.",
    )
    ranked = "all points"
    if quality.ranked < len(quality.reliability):
        ranked = f"a random sample of {quality.ranked:,} points"
    st.caption(
        f"Over the {quality.k} nearest neighbours of {ranked} (Venna & Kaski 2001). Line: "
        f"expected for a random projection, {quality.chance:.1%}; its trustworthiness is about "
        "0.5. In Projection, colour by “reliability” to see this value for each point."
    )
    return chart


AGAIN = "projector_stability"  # which picture was asked to be drawn again
SEEDS = (0, 1, 2)
METHODS = ("pca", "tsne", "umap")
TSNE_NEAR = 90  # neighbours that t-SNE reads
COLUMNS = {
    "shared": st.column_config.NumberColumn("shared neighbours", format="percent"),
    "chance": st.column_config.NumberColumn("expected by chance", format="percent"),
    "disparity": st.column_config.NumberColumn(
        "Procrustes disparity", format="%.2f", help="0: identical; 1: unrelated"
    ),
}


def show(wanted: Drawing, vectors: Vectors) -> None:
    """Would another seed, another method, have drawn the same neighbours?"""
    st.markdown("**Stability across seeds and methods**")
    key = (wanted, "stability")
    if st.session_state.get(AGAIN) != key:
        st.button(
            "Rerun with 3 seeds and every method",
            icon=":material/replay:",
            on_click=lambda: st.session_state.update({AGAIN: key}),
        )
        st.caption("Takes about six times as long as one projection.")
        return
    limits.check_points(len(vectors), "umap")  # it draws by all methods
    found = slow(
        key, "Rerunning the projection", lambda progress: _compared(wanted, vectors, progress)
    )
    if found is None:
        return
    table, steady = found
    st.dataframe(table.round(2), hide_index=True, column_config=COLUMNS)
    st.caption(
        f"Seeds use random initialisation. The projections of {len(SEEDS)} seeds agree on "
        f"{number(steady, '.0%')} of the neighbours; structure found with one seed "
        "only is probably an artefact."
    )


def _compared(
    wanted: Drawing, vectors: Vectors, progress: Callable[[int, int], object]
) -> tuple[pd.DataFrame, float]:
    """Each pair of pictures, and the share of neighbours that the seeds agree on."""
    wide = min(max(results.needed(wanted), TSNE_NEAR), len(vectors) - 1)
    knn = ic.find_neighbours(vectors, k=wide, metric=wanted.metric)
    common = {"dimensions": wanted.dimensions, "metric": wanted.metric}
    seeds, table = ic.over_seeds(
        vectors, seeds=SEEDS, method=wanted.method, knn=knn, **common, **dict(wanted.options)
    )
    progress(50, 100)
    pictures = {}
    for done, name in enumerate(METHODS, 1):
        drawn = ic.project(vectors, method=name, knn=knn, quality=False, **common)
        pictures[REDUCERS[name].title] = drawn.coordinates
        progress(50 + 50 * done // len(METHODS), 100)
    between = ic.compare_pictures(pictures)
    steady = float(stable_share([each.coordinates for each in seeds]).mean())
    return pd.concat([table, between], ignore_index=True), steady
