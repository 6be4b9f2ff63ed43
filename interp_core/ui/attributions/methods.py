"""Several methods side by side on one scale, and how far they agree."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.agreement import agreement, disagreements
from interp_core.charts.attributions import against, grid
from interp_core.charts.axes import token_keys
from interp_core.models.record import LoadedModel
from interp_core.ui.attributions.asked import Asked, explained
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.plain import plain

DEFAULT = ["integrated_gradients", "leave_one_out", "saliency", "rollout", "raw_attention"]


def draw(asked: Asked, model: LoadedModel) -> tuple[alt.TopLevelMixin, pd.DataFrame] | None:
    """The grid of methods, their agreement, and attention against the chosen method."""
    methods = ic.attribution_methods(model)
    keep_valid("methods", list(methods))
    chosen = st.multiselect(
        "Methods", list(methods), default=[name for name in DEFAULT if name in methods],
        format_func=lambda name: methods[name].title, key="methods", **BOUND,
    )  # fmt: skip
    if not chosen:
        st.info("Choose one or more methods.")
        return None
    titles, scores = {}, {}
    for name in chosen:
        found = explained(asked.with_method(name))
        if found is None:
            return None
        titles[name] = methods[name].title
        scores[titles[name]] = found.by_word()
    first = next(iter(scores.values()))
    kept = ~first.special
    table = pd.DataFrame({title: each.scores[kept] for title, each in scores.items()})
    words = [word for word, keep in zip(first.tokens, kept) if keep]
    chart = _grid(table, words)
    st.altair_chart(chart, width="stretch", alt="Scores of each word by each method.")
    st.caption(
        "Each row is divided by its own largest size, so rows compare in shape, not in unit. "
        "A dash marks scores against the target; unsigned methods have none. Special tokens are "
        "left out."
    )
    if len(chosen) > 1:
        _agreement(table)
        _against(table, words)
    return chart, table.assign(word=words)


def _grid(table: pd.DataFrame, words: list[str]) -> alt.TopLevelMixin:
    scaled = table / table.abs().max().replace(0, 1)
    frame = scaled.assign(key=token_keys(words), token=words)
    long = frame.melt(["key", "token"], var_name="method", value_name="score")
    return grid(long, x="key", y="method", value="score", title="share of the largest",
                y_title="", rows=list(table.columns))  # fmt: skip


def _agreement(table: pd.DataFrame) -> None:
    st.markdown("**How far do they agree?** Rank correlation of sizes, and how many of the three "
                "largest words two methods share.")  # fmt: skip
    columns = {
        "kendall": st.column_config.NumberColumn("Kendall τ", format="%.2f"),
        "spearman": st.column_config.NumberColumn("Spearman ρ", format="%.2f"),
        "overlap": st.column_config.NumberColumn("top-3 overlap", format="percent"),
    }
    st.dataframe(agreement(table), hide_index=True, column_config=columns)


def _against(table: pd.DataFrame, words: list[str]) -> None:
    left, right = st.columns([1, 1], gap="large")
    with left:
        bound = {"key": "against", **BOUND}
        keep_valid("against", list(table.columns[1:]))
        other = st.selectbox(f"{table.columns[0]} against", list(table.columns[1:]), **bound)
        frame = table[[table.columns[0], other]].assign(token=words)
        st.altair_chart(against(frame, x=table.columns[0], y=other), width="stretch",
                        alt=f"{table.columns[0]} against {other}")  # fmt: skip
    with right:
        st.markdown("**Where they disagree most**")
        far = disagreements(table[table.columns[0]], table[other])
        for place, row in far.iterrows():
            st.markdown(
                f"- {plain(words[place])}: rank {row['first']} by {table.columns[0].lower()}, "
                f"{row['second']} by {other.lower()}"
            )
        st.caption(
            "Attention says where information is read, gradients and removals what the output "
            "depends on. A word that is read and not used ranks high in the first only; a word "
            "whose effect travels through other tokens ranks high in the second only."
        )
