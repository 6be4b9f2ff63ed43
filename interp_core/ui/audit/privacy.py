"""Personal data: what is found, and what changes without it."""

from __future__ import annotations

import streamlit as st

from interp_core.audit.figures import FDR, SMALL
from interp_core.audit.privacy import GROUP, Privacy
from interp_core.audit.scoring import check_answers
from interp_core.ui.audit.answers import Audited
from interp_core.ui.audit.explaining import P, explain_row, percent, read_texts, readable, rests_on
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND
from interp_core.ui.widgets.downloads import section
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import counted, dots
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

EDITS = 6  # texts that are scored for each text with personal data, about
TAGGERS = {"": "Rules and lists", "slots": "Rules, lists and `slots`"}
SHOWN = 100  # texts whose attention is measured


def draw(audited: Audited) -> ViewResult | None:
    """Changes by kind of personal data, the texts, and the heads that attend to it."""
    check_answers(audited.model)
    with layout.controls():
        tagger = st.selectbox(
            "Find by",
            list(TAGGERS),
            format_func=TAGGERS.get,
            key="tagger",
            width=260,
            accept_new_options=True,
            **BOUND,
            help="Rules find e-mail, telephone, card and account numbers, dates and addresses. "
            "Names and places come from short lists of frequent ones: most others are missed. Or "
            "the folder of a token-classification model whose labels name people, places, dates or "
            "addresses.",
        )
    texts, given = read_texts(audited)
    options = {"tagger": cache.model_recipe(tagger, "tagger")} if tagger else {}
    step = calls.measure_privacy(audited.model_recipe, given, **options)
    step = jobs.follow(
        ("privacy", audited.key, tagger, cache.stamp(tagger) if tagger else ""),
        "Masking personal data",
        named("privacy", step),
        unit="%",
        operations=lambda: (
            EDITS
            * costs.passes(audited.model, sum(costs.tokens(audited.model, text) for text in texts))
        ),
    )
    if step is None:
        return None
    found: Privacy = value(step)
    result = _kinds(step, found, tagged=bool(tagger))
    _rows(audited, found, texts)
    _resting(audited, found, texts)
    return result


def _kinds(step: Recipe, found: Privacy, *, tagged: bool) -> ViewResult:
    table = found.kinds
    chart = step.chart("kinds")
    worst = table.loc[table["change"].idxmax()]
    figure(
        chart,
        title="Change without personal data",
        key="privacy_chart",
        alt=f"Points of the mean change of the probability by {len(table)} kinds of personal data; "
        f"largest {worst['kind']} ({worst['change']:.3f}).",
    )
    st.caption(
        "One point per kind of personal data: mean absolute change of the answer's probability "
        "when it is replaced by a placeholder; interval: bootstrap over texts, 95%. Tick: "
        f"equally many other words masked. Grey: fewer than {SMALL} texts. "
        + " ".join(found.notes)
        + (" Names and places: short lists of frequent ones." if not tagged else "")
    )
    shares = ("flips", "flips low", "flips high", "control flips")
    st.dataframe(
        readable(table.round(dict.fromkeys(shares, 3))),
        hide_index=True,
        placeholder="–",
        column_config={
            **P,
            **{name: st.column_config.NumberColumn(format="percent") for name in shares},
            **{
                name: st.column_config.NumberColumn(format="%.4f")
                for name in ("change", "low", "high", "control change")
            },
        },
    )
    named_by = table[table["q"] <= FDR]
    st.caption(
        "Significant (more change than by other words, FDR 5%): "
        f"{', '.join(named_by['kind']) or 'none'}."
    )
    return ViewResult(chart, step.kinds)


def _rows(audited: Audited, found: Privacy, texts: tuple[str, ...]) -> None:
    rows = found.rows
    order = rows["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = rows.loc[order].reset_index(drop=True)
    shown.insert(0, "text", [texts[place] for place in shown["place"]])
    for name in ("flip", "control flip"):
        shown[name] = dots(shown[name])
    flips = percent(rows["flip"].mean())
    st.markdown(f"**{counted(len(rows), 'text')} with personal data** ({flips} flip)")
    explain_row(
        audited,
        shown.drop(columns="place"),
        ("text",),
        key="privacy_rows",
        note="Texts stay in this session and are never logged.",
    )


def _resting(audited: Audited, found: Privacy, texts: tuple[str, ...]) -> None:
    """The attribution and the attention that personal data receives, beside other words."""

    def drawn() -> None:
        places = found.rows["place"].tolist()[:SHOWN]
        some, spans = [texts[place] for place in places], [found.spans[place] for place in places]
        rests_on(audited, some, named("spans", spans), key=("privacy",), group=GROUP)

    section("What rests on personal data", ":material/visibility:", drawn)
