"""The card of one head: figures with their uncertainty, its role, where it looks, examples."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.heads.catalogue import STATISTICS, offered, undefined
from interp_core.ui.heads import corpus
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.server import cache, jobs
from interp_core.ui.widgets import leads, sidebar
from interp_core.ui.widgets.downloads import section
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import calls, value

EXAMPLE_TEXTS = 100
SHOWN = 8
TOP = ("entropy_normalised", "confidence", "distance", "share_first", "consistency", "importance")


def show(asked: Asked, state: ic.CorpusState, frame: pd.DataFrame, chosen: tuple[int, int]) -> None:
    """The card."""
    layer, head = chosen
    line = frame[(frame["layer"] == layer) & (frame["head"] == head)].iloc[0]
    with st.container(border=True):
        st.markdown(f"**Layer {layer}, head {head}: {_role(line)}**")
        with st.container(horizontal=True):
            for name in (each for each in TOP if each in offered(frame)):
                entry = STATISTICS[name]
                st.metric(
                    entry.title,
                    number(line[name], entry.digits),
                    help=entry.about,
                    delta=_error(line, name),
                    delta_color="off",
                    delta_arrow="off",
                )
        left, right = st.columns(2)
        with left:
            _profile(asked, state, layer, head)
        with right:
            st.caption("All statistics (mean ± SE over texts)")
            if lacking := undefined(frame):
                st.caption(lacking)
            st.dataframe(_figures(line, frame), hide_index=True, height=230)
        _link(asked, layer, head)
    section(
        "Typical texts and tokens",
        ":material/article:",
        lambda: _examples(asked, state.statistics, layer, head),
    )


def _profile(asked: Asked, state: ic.CorpusState, layer: int, head: int) -> None:
    st.caption("Attention by relative position (key − query)")
    table = calls.profile_frame(corpus.statistics(asked, state), layer, head)
    numbers = value(table)
    top = numbers.loc[numbers["share"].idxmax()]
    figure(
        calls.chart(table, "profile_frame"),
        title=f"Attention of layer {layer}, head {head} by relative position",
        alt=f"Bars of the share of attention by offset of the key from the query; most at "
        f"{number(top['offset'], '+.0f')}: {top['share']:.0%}.",
        table=table,
    )


def _role(line: pd.Series) -> str:
    if line["role"] == "none":
        return "no role"
    table = ic.role_table().set_index("role")
    statistic, above = table.loc[line["role"], ["statistic", "above"]]
    entry = STATISTICS.get(statistic)
    title = entry.title if entry else statistic
    return f"{line['role']} ({title} {line[statistic]:.2f}, above {above:.2g})"


def _error(line: pd.Series, name: str) -> str | None:
    error = line.get(f"{name}_se")
    return None if error is None or pd.isna(error) else f"± {error:.2g}"


def _figures(line: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    names = offered(frame)
    table = pd.DataFrame(
        {
            "statistic": [STATISTICS[name].axis for name in names],
            "mean": [line[name] for name in names],
            "± SE": [line.get(f"{name}_se") for name in names],
            "SD over texts": [line.get(f"{name}_std") for name in names],
            "uniform baseline": [line.get(f"{name}_base") for name in names],
        }
    )
    return table.dropna(axis="columns", how="all")


def _link(asked: Asked, layer: int, head: int) -> None:
    text = sidebar.chosen().text
    label = "Show this head's attention for the sidebar text"
    leads.head(asked.model, text, layer, head, label)
    query = {"model": asked.model, "text": text, "view": "Ablation", "switched": f"{layer}.{head}"}
    leads.lead("attention_heads", "Switch this head off and compare the prediction", query)


def _examples(asked: Asked, statistics: ic.HeadStatistics, layer: int, head: int) -> None:
    def compute(progress) -> tuple[pd.DataFrame, pd.DataFrame, int]:  # noqa: ANN001
        model, texts = cache.model(asked.model), corpus.texts(asked, EXAMPLE_TEXTS)
        progress(0, 2)
        typical = ic.typical_texts(model, texts, statistics, layer, head)
        progress(1, 2)
        return typical, ic.typical_tokens(model, texts, layer, head, limit=SHOWN), len(texts)

    found = jobs.run(("typical", asked, layer, head), "Typical texts", compute, unit="steps")
    if found is None:
        return
    typical, tokens, count = found
    left, right = st.columns([2, 1])
    left.caption("Most representative texts")
    left.dataframe(
        typical[["text", "deviation"]].head(SHOWN),
        hide_index=True,
        column_config={"deviation": st.column_config.NumberColumn(format="%.2f")},
    )
    right.caption("Most attended tokens (1 = uniform attention)")
    right.dataframe(
        tokens,
        hide_index=True,
        column_config={"received": st.column_config.NumberColumn(format="%.1f")},
    )
    st.caption(f"Over the first {count:,} texts.")
