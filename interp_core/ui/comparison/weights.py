"""What changed in the weights: a map of layers and matrices, and of heads."""

from __future__ import annotations

import streamlit as st

from interp_core.compare.tables import OUTSIDE_NAME
from interp_core.compare.weights import WeightComparison
from interp_core.compare_report import weights_told
from interp_core.drawing.compare import VALUES
from interp_core.ui.comparison.question import Side
from interp_core.ui.server import jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult

ROWS = {"matrices": "Matrices", "all": "All parameters"}
TOUCHED = 2_000  # operations for each weight: products with vectors, bound by memory


def draw(sides: tuple[Side, Side], _: object) -> ViewResult | None:
    """Change of every matrix and head, and the parameters that only one model has."""
    with layout.controls():
        shown = one_of("Value", VALUES, key="versus_value")
        rows = one_of("Rows", ROWS, key="versus_rows")
    step = jobs.follow(
        ("weights", *(side.key for side in sides)),
        "Comparing the weights",
        named("weights", calls.compare_weights(sides[0].recipe, sides[1].recipe)),
        unit="steps",
        operations=lambda: TOUCHED * sum(side.model.n_parameters for side in sides),
    )
    if step is None:
        return None
    found: WeightComparison = value(step)
    about = {"vectors": True} if rows == "all" else {}
    made = calls.change_table(step, **about)
    table = value(made)
    told = weights_told(found)
    chart = step.chart("weights", shown, **about)
    figure(
        chart,
        title="Change of the weights",
        key="versus_weights",
        alt=f"Map of {VALUES[shown]} by layer and matrix, {len(table)} cells. {told}",
    )
    st.caption(
        f"{plain(told)} One cell per parameter, ΔW = {plain(sides[1].name)} − "
        f"{plain(sides[0].name)}. ‖·‖: Frobenius norm. 0: exactly equal (frozen). Stable rank: "
        "‖ΔW‖² divided by the square of its largest singular value; 1: a change in one direction."
    )
    _outside(table)
    _heads(step, found)
    _unmatched(found)
    return ViewResult(chart, made)


def _heads(step, found: WeightComparison) -> None:  # noqa: ANN001 - a recipe
    if found.heads.empty:
        st.caption("Change by head is not known for this architecture.")
        return
    made = calls.head_changes(step)
    table = value(made)
    st.markdown("**Change by head**")
    top = table.loc[table["relative"].idxmax()]
    figure(
        step.chart("heads"),
        title="Change of the weights by head",
        key="versus_weight_heads",
        table=made,
        alt=f"Map of ‖ΔW‖ / ‖W‖ of {len(table)} heads; largest: head {top['head']:.0f} of layer "
        f"{top['layer']:.0f}, {top['relative']:.3f}.",
    )
    st.caption(
        "One cell per head: its parts of the query, key, value and output matrices together. Heads "
        "that stand in another order are compared with their counterparts (least total distance)."
    )


def _outside(table) -> None:  # noqa: ANN001 - a data frame
    """Embeddings, and what stands behind the last layer: on a scale of their own."""
    outside = table[table["layer"] == OUTSIDE_NAME]
    if len(outside) in (0, len(table)):
        return
    st.markdown("**Outside of the layers**")
    st.dataframe(
        outside[["parameter", "shape", "relative", "stable_rank"]],
        hide_index=True,
        placeholder="–",
        height="content",
        column_config={
            "relative": st.column_config.NumberColumn(VALUES["relative"], format="%.4f"),
            "stable_rank": st.column_config.NumberColumn("stable rank", format="%.1f"),
        },
    )


def _unmatched(found: WeightComparison) -> None:
    if len(found.unmatched):
        st.markdown(f"**{len(found.unmatched)} parameters without a counterpart**")
        st.dataframe(found.unmatched, hide_index=True, height="content", key="versus_unmatched")
