"""Several methods side by side on one scale, how far they agree, and what each does and costs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.methods import METHODS
from interp_core.attribution.result import MISLEADING
from interp_core.attribution.tables import disagreements
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked, cost, explained
from interp_core.ui.attribution.text import largest, units_said
from interp_core.ui.server import costs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

MATRIX = 620  # px of the matrix of methods
DEFAULT = ["integrated_gradients", "leave_one_out", "saliency", "rollout", "raw_attention"]


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """The grid of methods, their agreement, and attention against the chosen method."""
    methods = ic.attribution_methods(model)
    follow("methods", [name for name in DEFAULT if name in methods])
    keep_valid("methods", list(methods))
    with layout.controls():
        chosen = st.multiselect(
            "Methods",
            list(methods),
            default=[name for name in DEFAULT if name in methods],
            format_func=lambda name: methods[name].title,
            key="methods",
            wrap=True,  # else the last ones fade out below the cross that clears all
            **BOUND,
        )
    if not chosen:
        st.info("Choose one or more methods.")
        return None
    found, questions = [], [asked.with_method(name) for name in chosen]
    dear = sum(map(cost, questions))
    if not costs.agreed(("methods", *questions), "Computing these methods", dear):
        return None
    for each in questions:
        if (each := explained(each, agreed=True)) is None:
            return None
        found.append(each)
    found, chosen = _drawn(found)
    if not found:
        return None
    compared = calls.method_table(named("found", found))
    table = value(compared)
    scores, words = table.drop(columns="word"), list(table["word"])
    chart = calls.chart(compared, "method_table")
    first, whole = scores.columns[0], value(found[0])
    figure(
        chart,
        title=f"Scores of the words by {len(chosen)} methods",
        alt=f"Scores of {len(words)} words by {', '.join(scores)}. Largest by {first.lower()}: "
        f"{largest(words, scores[first])}.",
    )
    st.caption(
        "Each row is scaled by its largest absolute score: compare patterns, not magnitudes. "
        "“–” marks negative scores (signed methods only). Special tokens are excluded. "
        f"{units_said(whole, whole.sequence)}"
    )
    if len(chosen) > 1:
        _agreement(compared, scores)
        _against(found, table)
    return ViewResult(chart, compared)


def _drawn(steps: list[Recipe]) -> tuple[list[Recipe], list[str]]:
    """The explanations that hold, and their methods; a notice names those that do not."""
    wrong = [each for each in map(value, steps) if each.misleads]
    if wrong:
        said = [f"{METHODS[each.method].title} ({each.sum_error:.0%})" for each in wrong]
        st.error(
            "Not drawn, because the scores miss the output difference by more than "
            f"{MISLEADING:.0%}: {', '.join(said)}.",
            icon=":material/error:",
        )
    kept = [each for each in steps if not value(each).misleads]
    return kept, [value(each).method for each in kept]


def _agreement(compared: Recipe, scores: pd.DataFrame) -> None:
    """A matrix of all pairs of methods."""
    table = calls.method_agreement(compared.drop(columns="word"))
    found = value(table)
    known = found.dropna(subset=["kendall"])
    if not len(known):
        st.caption("Agreement is undefined: a method gives every word the same score.")
        return
    st.markdown("**Agreement between methods**")
    most, least = (known.loc[at] for at in (known["kendall"].idxmax(), known["kendall"].idxmin()))
    said = " and ".join(
        f"{what} for {row['first']} and {row['second'].lower()} ({number(row['kendall'], '.2f')})"
        for what, row in (("highest", most), ("lowest", least))
    )
    figure(
        calls.chart(table, "method_agreement"),
        title="Agreement between methods",
        alt=f"Matrix of Kendall's rank correlation of {scores.shape[1]} methods: {said}.",
        room=MATRIX,
        table=table,
    )
    st.caption(
        "Kendall's τ of the absolute scores of the words (1: the same ranking; 0: unrelated). "
        "Hover for Spearman's ρ and the overlap of the top three words."
    )


def _against(found: list[Recipe], table: pd.DataFrame) -> None:
    """The first method against another, word by word; `found` are those of the table."""
    words, (first, *others) = list(table["word"]), list(table.columns[1:])
    left, right = st.columns([1, 1], gap="large")
    with left:
        bound = {"key": "against", **BOUND}
        keep_valid("against", others)
        other = st.selectbox(f"Compare {first} with", others, **bound)
        pair = [found[0], found[1 + others.index(other)]]
        both = calls.method_table(named("found", pair))
        figure(
            calls.chart(both, "two_methods"),
            title=f"Compare {first} with {other.lower()}",
            alt=f"{len(words)} words as points. Largest by {first.lower()}: "
            f"{largest(words, table[first])}; by {other.lower()}: {largest(words, table[other])}.",
            table=both,
        )
        st.caption("One point per word, named where there is room; hover over the others.")
    with right:
        st.markdown("**Largest disagreements**")
        far = disagreements(table[first], table[other])
        for place, row in far.iterrows():
            st.markdown(
                f"- **{plain(words[place])}**: rank {row['first']} by {first.lower()}, "
                f"{row['second']} by {other.lower()}"
            )
        st.caption(
            "Attention shows which tokens are attended to; gradient and perturbation methods "
            "show which tokens the output depends on. A token can receive attention without "
            "affecting the output, or affect it through other tokens."
        )


MEASURED = Path(__file__).with_name("plausibility.csv")


def notes_table(model: LoadedModel) -> pd.DataFrame:
    """One row for each method of this model, with its measured plausibility."""
    methods = ic.attribution_methods(model)
    about = pd.DataFrame(
        {
            "name": list(methods),
            "method": [entry.title for entry in methods.values()],
            "description": [entry.description for entry in methods.values()],
            "cost": [entry.cost for entry in methods.values()],
            "complete": [entry.complete for entry in methods.values()],
            "signed": [entry.signed for entry in methods.values()],
        }
    )
    return about.merge(pd.read_csv(MEASURED), on="name", how="left").drop(columns="name")


def method_notes(model: LoadedModel) -> None:
    """The table and what its figures mean."""
    st.dataframe(notes_table(model), hide_index=True)
    st.caption(
        "The last three columns measure plausibility: agreement with human word labels on 60 "
        "dev sentences of the Stanford Sentiment Treebank, for `sentiment` (rank correlation "
        "of signed scores; of absolute scores; how often an opinion word outranks a neutral "
        "word; random: 0, 0, 0.5). Plausibility is not faithfulness."
    )
