"""What the answers rest on at each checkpoint, and how much attributions still move."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.training_dynamics import labelled
from interp_core.training_dynamics.explanations import METHOD, CheckpointAttributions
from interp_core.ui.server import jobs, limits
from interp_core.ui.server.costs import BACKWARD
from interp_core.ui.training_dynamics import question
from interp_core.ui.training_dynamics.question import Course
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

COUNTS = (20, 40, 100)
EVALUATIONS = 20  # about how many an attribution of a short text takes


def draw(found: Course) -> ViewResult | None:
    """Movement from each checkpoint to the next, and the share of groups of words."""
    if found.missing:
        st.info(found.missing)
        return None
    with layout.controls():
        most = limits.at_most(COUNTS[-1], "texts")
        count = st.selectbox(
            "Texts to attribute",
            [each for each in COUNTS if each <= most] or [most],
            key="dynamics_attributed",
            width=150,
            help="Drawn at random from the held-out texts (seed 0).",
            **BOUND,
        )
    step = calls.checkpoint_attributions(found.recipe, found.held_out, limit=count)
    made = jobs.follow(
        ("attributions of checkpoints", found.asked, count),
        "Attributing the texts at all checkpoints",
        named("attributions", step),
        unit="texts",
        operations=lambda: found.passes(count, BACKWARD * EVALUATIONS),
    )
    if made is None:
        return None
    result: CheckpointAttributions = value(made)
    question.broken(found, result.broken)
    chart, table = _movement(made, result)
    _groups(made, result)
    return ViewResult(chart, table)


def _movement(made: Recipe, result: CheckpointAttributions):  # noqa: ANN202 - chart and recipe
    table = made.movement()
    frame = value(table)
    drawn = frame.assign(at=[f"{one:,} → {two:,}" for one, two in zip(frame["from"], frame["to"])])
    drawn = drawn.rename(columns={"measure": "series"})
    chart = made.chart()
    last = drawn.iloc[-1]
    figure(
        chart,
        title="Change of attributions from each checkpoint to the next",
        alt=f"Distances over {drawn['at'].nunique()} steps; last {last['at']}: {last['series']} "
        f"{last['value']:.2f} ({last['low']:.2f} to {last['high']:.2f}).",
    )
    st.caption(
        f"One point per pair of neighbouring checkpoints: mean of {int(frame['n'].max()):,} texts; "
        f"interval: bootstrap over texts, 95%. {METHOD.replace('_', ' ').capitalize()}, "
        "refined until complete, for each text’s true class. 0: the same scores; 1: "
        "unrelated."
    )
    if result.settling():
        st.markdown(plain(result.settling()))
    return chart, table


def _groups(made: Recipe, result: CheckpointAttributions) -> None:
    st.markdown("**Attribution by group of words**")
    table = made.frame()
    frame = value(table)
    known = frame[frame["lift"].notna()]
    if known.empty:
        return
    drawn = labelled(known).rename(columns={"group": "series", "lift": "value"})
    last = drawn[drawn["at"] == drawn["at"].iloc[-1]]
    figure(
        made.chart("groups"),
        title="Attribution by group of words over the training",
        table=table,
        alt="Attribution lift at the last checkpoint: "
        + "; ".join(f"{row['series']} {row['value']:.2f}" for row in last.to_dict("records")),
    )
    counts = ", ".join(
        f"{row['series']} {int(row['n'])}" for row in last.sort_values("n").to_dict("records")
    )
    st.caption(
        "One line per group: share of the absolute attribution over share of the words (1: as much "
        f"as its words); interval: bootstrap over texts, 95%. Texts with such a word: {counts}."
    )
