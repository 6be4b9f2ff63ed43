"""How alike the layers of two models are: CKA, RSA and common neighbours, with intervals."""

from __future__ import annotations

import streamlit as st

from interp_core.charts.compare import LABELS, MEASURES, layer_cell
from interp_core.compare.representations import RepresentationComparison
from interp_core.compare_report import similarity_told
from interp_core.ui.comparison import over_texts
from interp_core.ui.comparison.question import Side
from interp_core.ui.server import jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult

POOLINGS = {"mean": "Mean of tokens", "first": "First token", "last": "Last token"}
COMPARED = 1.2  # of the bare passes


def draw(sides: tuple[Side, Side], choose) -> ViewResult | None:  # noqa: ANN001 - of `corpus`
    """Likeness layer by layer, and every layer against every layer."""
    with layout.controls():
        asked = over_texts.controls(choose)
        pooling = one_of("Text vector", POOLINGS, key="versus_pooling")
    if asked is None:
        return None
    texts, made = over_texts.given(asked)
    more = {} if pooling == "mean" else {"pooling": pooling}
    step = named("found", calls.compare_representations(*_models(sides), made, **more))
    step = jobs.follow(
        ("representations", *(side.key for side in sides), asked, pooling),
        "Comparing the representations",
        step,
        unit="%",
        operations=lambda: COMPARED * over_texts.passes(sides, texts),
    )
    if step is None:
        return None
    found: RepresentationComparison = value(step)
    table_step = calls.similarity_table(step)
    table = value(table_step)
    chart = step.chart()
    told = similarity_told(table)
    figure(
        chart,
        title="Similarity of the layers",
        key="versus_layers",
        alt=f"Lines with intervals of three measures by layer. {told}",
    )
    st.caption(
        f"One point per layer and measure, over {found.texts:,} texts{_left_out(found)}. 1: the "
        f"same up to rotation and scale. CKA: linear, {_estimate(found)}. RSA: "
        "Spearman’s ρ of the cosine distances of all pairs of texts. Neighbours: share of the "
        f"{found.neighbours} nearest texts in common; dotted: expected by chance. RSA and "
        f"neighbours over {found.paired} texts. Bands: 95%, jackknife over texts."
    )
    if found.layers[0] != found.layers[1]:
        st.caption(
            f"{plain(sides[0].name)} has {found.layers[0] - 1} layers and {plain(sides[1].name)} "
            f"{found.layers[1] - 1}: layers are compared by relative depth."
        )
    _every_pair(sides, step, found)
    return ViewResult(chart, table_step)


def _models(sides: tuple[Side, Side]) -> tuple:
    return tuple(side.recipe for side in sides)


def _left_out(found: RepresentationComparison) -> str:
    return f" ({found.left_out:,} left out)" if found.left_out else ""


def _estimate(found: RepresentationComparison) -> str:
    if found.debiased:
        return "debiased, as texts are fewer than dimensions (Nguyen et al. 2021)"
    return "centred (Kornblith et al. 2019)"


def _every_pair(sides: tuple[Side, Side], step, found: RepresentationComparison) -> None:  # noqa: ANN001
    st.markdown("**Every layer against every layer**")
    measure = one_of("Measure", MEASURES, key="versus_measure")
    table = found.table
    if table[measure].notna().any():
        top = table.loc[table[measure].idxmax()]
        told = (
            f"highest: layer {top['first_layer']:.0f} and layer {top['second_layer']:.0f}, "
            f"{top[measure]:.2f}"
        )
    else:
        told = "no pair can be compared"
    names = tuple(side.name for side in sides)
    about = {} if names == tuple(found.names) else {"names": names}
    figure(
        step.chart("every_layer", measure, **about),
        title=f"{MEASURES[measure]} of every pair of layers",
        key="versus_pairs",
        room=found.layers[1] * layer_cell(max(found.layers)) + LABELS,
        table=step.table,
        alt=f"Map of {MEASURES[measure]} of {len(table)} pairs of layers; {told}.",
    )
    st.caption(
        "One cell per pair of layers; 0: embeddings. Similar layers beside the diagonal mean that "
        "one model does earlier what the other does later."
    )
