"""Both classifiers on the built-in sentences with negations, and what they cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.audit.figures import p_value
from interp_core.comparison import time_per_text
from interp_core.drawing.compare import probe_kinds
from interp_core.ui.comparison.question import Side, explain_by_both
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets import clicks
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, calls, value
from interp_core.ui.widgets.result import ViewResult

CHANCE = 0.05  # p below which a difference is called larger than chance


def draw(sides: tuple[Side, Side], text: str) -> ViewResult | None:
    """Accuracy by kind of negation, whether the difference means anything, speed and size."""
    steps = {side.name: _probed(side) for side in sides}
    if None in steps.values():
        return None
    found, table = list(value(steps).values()), calls.compare_probes(steps)
    kinds = probe_kinds(value(table))
    chart = calls.chart(table, "compare_probes")
    figure(chart, title="Accuracy by kind of negation", key="probe_bars", alt=_weakest(kinds))
    st.caption(_said(sides, found))
    wrong = ~(found[0]["right"] & found[1]["right"])
    shown = _joined(sides, found)[wrong]
    st.markdown(f"**{len(shown)} sentences that at least one model gets wrong**")
    shown = shown.reset_index(drop=True)
    columns = {"meant": "label"}
    chosen = clicks.table(shown, height=300, column_config=columns, key="probe_table")
    if chosen is not None:
        explain_by_both(sides, shown["text"][chosen])
    else:
        st.caption("Select a row to explain its text.")
    _costs(sides, text)
    return ViewResult(chart, table)


def _probed(side: Side) -> Recipe | None:
    return jobs.follow(
        ("probes", side.key),
        f"Negation test ({side.name})",
        calls.probe(side.recipe),
        unit="sentences",
        operations=lambda: costs.passes(
            side.model, sum(costs.tokens(side.model, text) for text in ic.negation_probes()["text"])
        ),
    )


def _joined(sides: tuple[Side, Side], found: list[pd.DataFrame]) -> pd.DataFrame:
    table = found[0][["text", "meant", "kind"]].copy()
    for side, each in zip(sides, found):
        signs = each["right"].map({True: "✓ ", False: "✗ "})
        table[side.name] = signs + each["prediction"].astype(str)
    return table


def _weakest(kinds: pd.DataFrame) -> str:
    parts = []
    for model, part in kinds.groupby("model", sort=False):
        worst = part.loc[part["right"].idxmin()]
        parts.append(f"lowest of {model}: {worst['kind']}, {worst['right']:.0%}")
    return f"Bars of the accuracy by kind of negation; {', '.join(parts)}."


def _said(sides: tuple[Side, Side], found: list[pd.DataFrame]) -> str:
    """What the figures support, and what they do not."""
    one, two = (each["right"] for each in found)
    p = ic.mcnemar(one, two)
    verdict = "significant" if p < CHANCE else "not significant"
    return (
        f"Correct: {sides[0].name} {one.sum()} of {len(one)}, {sides[1].name} {two.sum()} of "
        f"{len(two)}; the difference is {verdict} (McNemar {p_value(p)}). Chance level: 50%. "
        "These are constructed sentences: they show where a model fails, not how often it fails "
        "on real texts."
    )


def _costs(sides: tuple[Side, Side], text: str) -> None:
    st.markdown("**Size and speed**")
    rows = []
    for side in sides:
        seconds = jobs.run(
            ("seconds", side.key, text),
            f"Timing {side.name}",
            lambda progress, model=side.model: time_per_text(model, text),
        )
        rows.append(
            {
                "model": side.name,
                "parameters (M)": side.model.n_parameters / 1e6,
                "layers": side.model.n_layers,
                "heads per layer": side.model.n_heads,
                "latency for this text (ms)": None if seconds is None else 1000 * seconds,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "parameters (M)": st.column_config.NumberColumn(format="%.1f"),
            "latency for this text (ms)": st.column_config.NumberColumn(format="%.1f"),
        },
    )
    st.caption("Median of seven forward passes on one thread of this server, which may be busy.")
