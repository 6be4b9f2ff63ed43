"""What the views of an audit share: rows that open an explanation, and figures in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.audit.figures import FDR, p_value
from interp_core.ui.audit.answers import Audited
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets import clicks, leads
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import counted, plain
from interp_core.ui.widgets.recipe import Recipe, builtin, calls, named, supplied, value

MOST_ROWS = 500
LABEL = 60  # characters of a text in the label of a link


def read_texts(audited: Audited) -> tuple[tuple[str, ...], Recipe]:
    """The texts that the model could read, and the same as part of recipes."""
    done = np.flatnonzero(audited.predictions.done).tolist()
    data = audited.data_recipe
    if len(done) < len(audited.data):
        data = data.take(done)
    texts = audited.data.take(done).texts
    return texts, supplied(named("texts", builtin(list)(data.texts)), lambda: list(texts))


def signed(number: float, form: str = "+.2f") -> str:
    """A number with its sign, the minus of text."""
    return f"{number:{form}}".replace("-", "−")


def percent(share: float) -> str:
    """A share with at most one decimal."""
    return f"{share:.1%}".replace(".0%", "%")


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with p- and q-values as they are read; those that are undefined are left out."""
    tests = {name: table[name] for name in ("p", "q") if name in table}
    told = {name: [_told(each) for each in values] for name, values in tests.items()}
    return table.assign(**told)


def _told(p: float) -> str | None:
    return None if p != p else p_value(p).removeprefix("p ").removeprefix("= ")


P = {
    "p": st.column_config.TextColumn(alignment="right"),
    "q": st.column_config.TextColumn(alignment="right", help="p after Benjamini–Hochberg"),
}


def explain_row(
    audited: Audited, frame: pd.DataFrame, texts: Sequence[str], *, key: str, note: str = ""
) -> None:
    """A table of which a chosen row offers its texts' explanations; `texts` are their columns."""
    shown = frame.head(MOST_ROWS)
    chosen = clicks.table(
        shown,
        key=key,
        height=min(320, 38 + 35 * max(len(shown), 1)),
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in shown
            if pd.api.types.is_float_dtype(shown[name])
        },
    )
    told = "Choose a row to explain its texts." if chosen is None else ""
    more = f" First {MOST_ROWS} of {len(frame):,} rows." if len(frame) > MOST_ROWS else ""
    if told or more or note:
        st.caption(f"{told}{more} {note}".strip())
    if chosen is None:
        return
    for name in texts:
        text = str(shown.iloc[chosen][name])
        if text:
            explanation_link(audited.asked.model, text)


def explanation_link(model: str, text: str) -> None:
    """A link to the attribution page with this model and text."""
    short = text if len(text) <= LABEL else f"{text[:LABEL]}…"
    leads.explain(model, text, f"Explain “{plain(short)}”")


def head_link(model: str, text: str, layer: int, head: int) -> None:
    """A link to the attention page with this head and text."""
    label = f"Open layer {layer}, head {head} with a text where it shows"
    leads.head(model, text, layer, head, label)


METHOD = "integrated_gradients"


def rests_on(audited: Audited, texts: list[str], spans: Recipe, *, key: tuple, group: str) -> None:
    """The attribution share of groups of words, and the attention lift of one by head."""
    given, model = (audited.model_recipe, named("texts", texts), spans), audited.model
    tokens = [costs.tokens(model, text) for text in texts]
    known = (*key, audited.key, tuple(texts))
    shares = jobs.follow(
        ("shares", *known),
        "Attributing the texts",
        named("shares", calls.attribution_shares(*given)),
        unit="texts",
        operations=lambda: sum(costs.attribution(model, each, METHOD) for each in tokens),
    )
    if shares is not None:
        st.dataframe(
            readable(value(shares).frame().dropna(subset=["lift"])),
            hide_index=True,
            placeholder="–",
            column_config={
                **P,
                "share": st.column_config.NumberColumn("share of attribution", format="percent"),
                "word share": st.column_config.NumberColumn("share of words", format="percent"),
                "lift": st.column_config.NumberColumn("lift", format="%.2f"),
            },
        )
        st.caption(
            f"Absolute integrated gradients of {counted(len(texts), 'text')}, summed by group of "
            "words; lift: share of attribution over share of words (1 = uniform), with a bootstrap "
            "interval over texts. p and q compare with content words of the same texts."
        )
    if not model.layout.attention_layers:
        return
    lift = jobs.follow(
        ("rests on", *known),
        "Attention of all heads",
        named("lift", calls.attention_lift(*given)),
        unit="texts",
        operations=lambda: costs.passes(model, sum(tokens)),
    )
    if lift is not None:
        _lift_map(lift.frame(), group)


def _lift_map(step: Recipe, group: str) -> None:
    """The attention lift of one group in every head."""
    frame = value(step)
    frame = frame[frame["group"] == group].reset_index(drop=True)
    top = frame.loc[frame["lift"].fillna(-1).idxmax()]
    figure(
        calls.chart(step, "head_lift", group),
        title=f"Attention lift of {group}",
        key="lift_map",
        alt=f"Attention lift of {group} by head; highest layer {top['layer']}, head {top['head']} "
        f"({top['lift']:.2f}).",
        table=step,
    )
    less = int(((frame["q"] <= FDR) & (frame["difference"] < 0)).sum())
    more = int(((frame["q"] <= FDR) & (frame["difference"] > 0)).sum())
    st.caption(
        f"One cell per head: attention that {group} receive over what uniform attention would give "
        f"(1 = uniform), mean of {int(frame['n'].max())} texts. Against content words of the same "
        f"texts: more in {more}, less in {less} of {len(frame)} heads (permutation test, FDR 5%)."
    )
