"""Words and heads: what rests on negation, intensifiers, fillers and lists of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.audit.figures import FDR, SMALL, p_value
from interp_core.audit.head_lift import HeadLift
from interp_core.audit.predictions import is_right
from interp_core.audit.reading import MOST_TEXTS, SEED
from interp_core.audit.record import REGRESSION, TOKENS
from interp_core.audit.word_groups import GROUPS, AttributionShares
from interp_core.ui.audit.answers import Audited
from interp_core.ui.audit.explaining import head_link, signed
from interp_core.ui.server import costs, jobs, limits
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import Recipe, builtin, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

SAMPLES = (50, 100, 200)
OWN = "own words"
MEASURES = {
    "lift": "Lift over content words",
    "change": "Wrong minus right answers",
    "alignment": "Agreement with attribution",
}
HEAD = "word_head"
METHOD = "integrated_gradients"


@dataclass(frozen=True)
class _Texts:
    """Some of the audited texts, and whether each was answered rightly, as values and recipes."""

    texts: list[str]
    given: Recipe
    right: np.ndarray | None
    judged: Recipe | None

    @classmethod
    def of(cls, audited: Audited, places: list[int], name: str) -> _Texts:
        """The texts at these places."""
        data, answers = audited.data.take(places), audited.predictions.take(places)
        step = named(name, audited.data_recipe.take(places))
        texts = list(data.texts)
        given = supplied(named("texts", builtin(list)(step.texts)), lambda: texts)
        if data.kind == REGRESSION:
            return cls(texts, given, None, None)
        judged = named("right", calls.is_right(step, audited.predictions_recipe.take(places)))
        right = is_right(data, answers)
        return cls(texts, given, right, supplied(judged, lambda: right))

    @property
    def both(self) -> bool:
        """Whether some answers are right and some wrong."""
        return self.right is not None and 0 < int(self.right.sum()) < len(self.right)


def draw(audited: Audited) -> ViewResult | None:
    """Attribution share by group of words, and attention lift by head."""
    if not audited.model.layout.attention_layers:
        st.info("This model has no attention maps. Choose a transformer.")
        return None
    with layout.controls():
        written = st.text_input(
            "Own words",
            key="own_words",
            width=320,
            max_chars=2_000,
            placeholder="hotel, room",
            help="A group of your own: words or phrases, separated by commas.",
            **BOUND,
        )
        most = limits.at_most(SAMPLES[-1], "texts")
        counts = [count for count in SAMPLES if count <= most] or [most]
        count = counts[0]
        if audited.data.kind != TOKENS:  # every word has an answer of its own there
            count = st.selectbox(
                "Texts to attribute",
                counts,
                key="attributed",
                width=150,
                **BOUND,
                help="Drawn at random (seed 0). Attention is measured over all texts.",
            )
    words = [word.strip() for word in written.split(",") if word.strip()]
    own = {OWN: words} if words else {}
    done = np.flatnonzero(audited.predictions.done)
    drawn = np.random.default_rng(SEED).permutation(done)[:count]
    sample = _Texts.of(audited, sorted(drawn.tolist()), "sample")
    shares = None
    if audited.data.kind != TOKENS:
        shares = _shares(audited, own, sample)
        if shares is None:
            return None
        _shares_chart(shares, sample)
    every = _Texts.of(audited, done[:MOST_TEXTS].tolist(), "read")
    return _heads(audited, own, every, sample, shares)


def _spans(texts: Recipe, own: dict[str, list[str]]) -> Recipe:
    return named("spans", builtin(list)(calls.group_spans(texts, own)))


def _shares(audited: Audited, own: dict[str, list[str]], sample: _Texts) -> Recipe | None:
    step = calls.attribution_shares(
        audited.model_recipe, sample.given, _spans(sample.given, own), method=METHOD
    )
    tokens = [costs.tokens(audited.model, text) for text in sample.texts]
    return jobs.follow(
        ("words", audited.key, tuple(own.get(OWN, ())), len(sample.texts)),
        "Attributing the texts",
        named("shares", step),
        unit="texts",
        operations=lambda: sum(costs.attribution(audited.model, n, METHOD) for n in tokens),
    )


def _shares_chart(step: Recipe, sample: _Texts) -> None:
    found: AttributionShares = value(step)
    made = step.frame(*([sample.judged] if sample.both else []))
    table = value(made)
    known = table.dropna(subset=["lift"])
    if known.empty:
        st.info("No text of the sample has an attribution.")
        return
    chart = calls.chart(made, "word_groups")
    top = known.loc[known["lift"].idxmax()]
    figure(
        chart,
        title="Attribution by group of words",
        key="word_shares",
        alt=f"Points of the attribution of {len(known)} groups of words with intervals; highest "
        f"{top['group']} ({top['lift']:.2f} times its share of words).",
        table=made,
    )
    told = [_verdict(row) for row in known.to_dict("records") if row["q"] <= FDR]
    st.caption(
        "One point per group of words: share of the absolute attribution over share of the words, "
        f"mean of the texts that have such a word; interval: bootstrap over texts, 95%. "
        f"Grey: fewer than {SMALL} texts. {len(found.share):,} texts, "
        f"{found.method.replace('_', ' ')}. Against content words of the same texts (FDR 5%): "
        f"{'; '.join(told) or 'no group differs'}."
    )


def _verdict(row: dict) -> str:
    return f"{row['group']} {row['lift']:.2f} ({p_value(row['q'], 'q')})"


def _heads(
    audited: Audited,
    own: dict[str, list[str]],
    every: _Texts,
    sample: _Texts,
    shares: Recipe | None,
) -> ViewResult | None:
    st.markdown("**Attention lift by head**")
    offered = {"lift", *(["change"] if every.both else []), *(["alignment"] if shares else [])}
    measures = {name: title for name, title in MEASURES.items() if name in offered}
    groups = [*GROUPS, *own]
    if shares is None:
        row = layout.controls()
    else:
        row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        keep_valid("word_measure", list(measures))
        measure = one_of("Measure", measures, key="word_measure")
        keep_valid("word_group", groups)
        group = st.selectbox(
            "Group", groups, key="word_group", width=220, disabled=measure == "alignment", **BOUND
        )
    aligned = measure == "alignment"
    read = sample if aligned else every
    more = {"scores": shares.scores} if aligned else {}
    spans = _spans(read.given, own)
    step = jobs.follow(
        ("lift", audited.key, tuple(own.get(OWN, ())), len(read.texts), aligned),
        "Attention of all heads",
        named("lift", calls.attention_lift(audited.model_recipe, read.given, spans, **more)),
        unit="texts",
        operations=lambda: costs.passes(
            audited.model, sum(costs.tokens(audited.model, text) for text in read.texts)
        ),
    )
    return None if step is None else _map(audited, step, measure, group, read, row)


def _map(
    audited: Audited,
    step: Recipe,
    measure: str,
    group: str,
    read: _Texts,
    row: Any,
) -> ViewResult | None:
    found: HeadLift = value(step)
    if measure == "alignment":
        table, column, q = step.alignment_frame(), "correlation", "q"
    else:
        table = step.frame(*([read.judged] if read.both else []))
        column, q = ("change", "q wrong") if measure == "change" else ("difference", "q")
    frame = value(table)
    if measure != "alignment":
        frame = frame[frame["group"] == group].reset_index(drop=True)
    if not frame[column].notna().any():
        st.info("No text has a word of this group on both sides. Choose another group.")
        return None
    with row:
        chosen = _chosen(frame, column)
    if measure == "alignment":
        chart = calls.chart(table, "head_alignment", chosen=chosen)
    else:
        chart = calls.chart(table, "head_lift", group, measure=column, chosen=chosen)
    low, high = frame.loc[frame[column].idxmin()], frame.loc[frame[column].idxmax()]
    figure(
        chart,
        title=MEASURES[measure] + ("" if measure == "alignment" else f": {group}"),
        key="word_map",
        selection_mode="head",
        on_select=lambda: _click(frame),
        alt=f"Map of {len(frame)} heads; lowest {_named(low, column)}, highest "
        f"{_named(high, column)}.",
    )
    count = int((frame[q] <= FDR).sum())
    st.caption(
        f"{_explained(measure, group, frame)} {count} of {len(frame)} heads significant "
        "(*; permutation test, FDR 5% over all groups and heads)."
    )
    _open(audited, found, chosen, measure, group, read.texts)
    return ViewResult(chart, table)


def _chosen(frame: pd.DataFrame, column: str) -> tuple[int, int]:
    """The head of the list, at first the one with the largest value."""
    names = [f"{layer}.{head}" for layer, head in zip(frame["layer"], frame["head"])]
    strongest = names[int(frame[column].abs().fillna(-1).to_numpy().argmax())]
    follow(HEAD, strongest)
    keep_valid(HEAD, names)
    name = st.selectbox(
        "Head",
        names,
        index=names.index(strongest),
        key=HEAD,
        width=120,
        **BOUND,
        help="Layer and head, from 0; a click in the chart chooses one.",
    )
    layer, _, head = name.partition(".")
    return int(layer), int(head)


def _click(frame: pd.DataFrame) -> None:
    hit = clicks.mark("word_map", "head", layer=set(frame["layer"]), head=set(frame["head"]))
    if hit:
        st.session_state[HEAD] = f"{hit[0]}.{hit[1]}"


def _named(row: pd.Series, column: str) -> str:
    return f"layer {row['layer']}, head {row['head']} ({signed(row[column])})"


def _explained(measure: str, group: str, frame: pd.DataFrame) -> str:
    n = int(frame["n"].max())
    if measure == "alignment":
        return (
            "One cell per head: Spearman correlation of received attention (over uniform) with the "
            f"absolute attribution of the tokens, mean of {n:,} texts."
        )
    base = (
        "Attention lift: attention that the words receive over what uniform attention would give "
        "them (1 = uniform)."
    )
    if measure == "change":
        wrong = int(frame["n wrong"].max())
        return (
            f"{base} Colour: mean of {wrong:,} wrongly minus {n - wrong:,} rightly answered texts."
        )
    return f"{base} Colour: lift of {group} minus that of content words, mean of {n:,} texts."


def _open(
    audited: Audited,
    found: HeadLift,
    chosen: tuple[int, int],
    measure: str,
    group: str,
    texts: list[str],
) -> None:
    """A link to the chosen head with the text where it shows most."""
    layer, head = found.layers.index(chosen[0]), chosen[1]
    if measure == "alignment":
        shown = found.alignment[:, layer, head]
    else:
        shown = found.lift[:, found.names.index(group), layer, head]
    if np.isfinite(shown).any():
        head_link(audited.asked.model, texts[int(np.nanargmax(shown))], chosen[0], head)
