"""What heads attend to at each checkpoint, and which of the changes are larger than noise."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.training_dynamics import measured
from interp_core.heads.catalogue import STATISTICS
from interp_core.heads.tables import role_table
from interp_core.training_dynamics.explanations import CheckpointHeads
from interp_core.ui.server import jobs
from interp_core.ui.training_dynamics import question
from interp_core.ui.training_dynamics.question import Course
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, list_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

TEXTS = 100


def draw(found: Course) -> ViewResult | None:
    """A statistic's change since the first checkpoint, head by head, and the roles over time."""
    if found.missing:
        st.info(found.missing)
        return None
    step = calls.checkpoint_heads(found.recipe, found.held_out, limit=TEXTS)
    made = jobs.follow(
        ("heads of checkpoints", found.asked),
        "Heads of all checkpoints",
        named("heads", step),
        unit="texts",
        operations=lambda: found.passes(TEXTS),
    )
    if made is None:
        return None
    heads: CheckpointHeads = value(made)
    question.broken(found, heads.broken)
    statistic, at = _choices(heads)
    chart, table = _map(heads, made, statistic, at)
    _roles(made)
    return ViewResult(chart, table)


def _choices(heads: CheckpointHeads) -> tuple[str, int]:
    known = {name: title.capitalize() for name, title in measured(heads).items()}
    steps = [each.step for each in heads.checkpoints[1:]]
    with layout.controls():
        statistic = list_of("Statistic", known, key="dynamics_statistic", width=260)
        follow("dynamics_step", steps[-1])
        keep_valid("dynamics_step", steps)
        at = st.selectbox(
            "Checkpoint",
            steps,
            index=len(steps) - 1,
            key="dynamics_step",
            format_func=lambda step: f"step {step:,}",
            width=140,
            **BOUND,
        )
    return statistic, at


def _map(heads: CheckpointHeads, made: Recipe, statistic: str, at: int):  # noqa: ANN202
    table = made.changes(statistic)
    frame = value(table)
    frame = frame[frame["step"] == at].reset_index(drop=True)
    title = STATISTICS[statistic].title
    chart = made.chart("changes", statistic, at)
    top = frame.loc[frame["difference"].abs().fillna(-1).idxmax()]
    count = int(frame["real"].sum())
    first = heads.checkpoints[0].step
    figure(
        chart,
        title=f"Change of heads since the first checkpoint: {title}",
        key="dynamics_heads",
        alt=f"Map of {len(frame)} heads; largest change: layer {top['layer']}, head {top['head']} "
        f"({top['difference']:+.3f}); {count} changes are significant.",
    )
    st.caption(
        f"One cell per head: {title} at step {at:,} minus step {first:,}, mean of "
        f"{heads.statistics[0].texts:,} held-out texts. {count} of {len(frame)} changes are "
        "significant (*; z-test, Benjamini–Hochberg, FDR 5%; the same texts are taken as "
        "independent, so the test is cautious)."
    )
    return chart, table


def _roles(made: Recipe) -> None:
    """How many heads have which role at each checkpoint."""
    st.markdown("**Roles of heads**")
    table = made.roles()
    frame = value(table)
    last = frame[frame["step"] == frame["step"].max()]
    changed = int(last["changed"].sum())
    figure(
        made.chart("roles"),
        title="Roles of heads over the training",
        table=table,
        alt="Number of heads by role at the last checkpoint: "
        + "; ".join(f"{row['role']} {row['heads']}" for row in last.to_dict("records")),
    )
    named_roles = len(role_table())
    st.caption(
        f"One line per role (of {named_roles}; “none”: no role): number of heads. At the last "
        f"checkpoint {changed} heads have another role than at the first. Roles are thresholds on "
        "mean attention, so heads near one change easily."
    )
