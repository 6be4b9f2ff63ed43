"""Exchanged terms: what a nationality, a name or a gender does to the answer."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.audit.bias import SEARCHED, Bias
from interp_core.audit.figures import SMALL
from interp_core.audit.lexicons import find_lexicon
from interp_core.audit.scoring import check_answers
from interp_core.drawing.audit import term_ends
from interp_core.ui.audit.answers import Audited
from interp_core.ui.audit.explaining import (
    P,
    explain_row,
    percent,
    read_texts,
    readable,
    rests_on,
    signed,
)
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.downloads import section
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, builtin, calls, named, value
from interp_core.ui.widgets.result import ViewResult

SOURCES = {"templates": "Built-in templates", "texts": "Texts of the data"}
SHARED = 96  # texts whose attributions are summed
EXCHANGED = "exchanged terms"


def draw(audited: Audited) -> ViewResult | None:
    """Terms and contrasts of a list, the pairs of texts, and what rests on the terms."""
    check_answers(audited.model)
    lists = {name: each.title for name, each in ic.term_lists().items()}
    with layout.controls():
        name = st.selectbox(
            "Terms",
            list(lists),
            format_func=lists.get,
            key="terms",
            width=210,
            index=list(lists).index("nationalities"),
            **BOUND,
        )
        source = one_of("Texts", SOURCES, key="bias_texts")
        labels = list(audited.model.labels)
        usual = min(1, len(labels) - 1)
        follow("bias_label", labels[usual])
        keep_valid("bias_label", labels)
        wide = layout.room(labels, 140)
        label = st.selectbox("Label", labels, index=usual, key="bias_label", width=wide, **BOUND)
    step = _measured(audited, name, source, label)
    if step is None:
        return None
    found: Bias = value(step)
    for note in found.notes:
        st.caption(note)
    result = _terms(step, found) if found.templates else None
    other = _contrasts(step, found, main=result is None)
    _pairs(audited, found)
    _resting(audited, found)
    _associated(audited, found)
    _about(found)
    return result or other


def _measured(audited: Audited, name: str, source: str, label: str) -> Recipe | None:
    known = find_lexicon(name)
    options = {"target": label}
    if source == "texts":
        texts, options["texts"] = read_texts(audited)
        texts = texts[:SEARCHED]
        tokens = sum(costs.tokens(audited.model, text) for text in texts)
    else:
        words = len(known.terms) + len(known.neutral)
        tokens = words * sum(costs.tokens(audited.model, each) for each in known.templates)
    step = calls.measure_bias(audited.model_recipe, name, **options)
    return jobs.follow(
        ("bias", audited.key, name, source, label),
        "Exchanging terms",
        named("bias", step),
        unit="texts",
        operations=lambda: costs.passes(audited.model, tokens),
    )


def _terms(step: Recipe, found: Bias) -> ViewResult:
    """The terms with the lowest and the highest logit in the same templates."""
    table = found.terms.sort_values("difference", ignore_index=True)
    ends, chart = term_ends(found), step.chart("terms")
    low, high = table.iloc[0], table.iloc[-1]
    figure(
        chart,
        title=f"{found.lexicon.title}: logit of {found.target}",
        key="bias_terms",
        alt=f"Points of {len(ends)} terms with intervals; lowest {low['term']} "
        f"({signed(low['difference'])}), highest {high['term']} ({signed(high['difference'])}).",
    )
    share = found.terms[f"share {found.target}"].mean()
    st.caption(
        f"One point per term: mean difference of its logit of “{plain(found.target)}” from all "
        f"terms in the same {int(low['n'])} templates; interval: bootstrap over templates, 95%. "
        f"Grey: not significant (signs of templates turned, FDR 5%). {percent(share)} of all texts "
        f"are answered “{plain(found.target)}”; with {plain(low['term'])} "
        f"{percent(low[f'share {found.target}'])}, with {plain(high['term'])} "
        f"{percent(high[f'share {found.target}'])}."
    )
    return ViewResult(chart, step.terms)


def _contrasts(step: Recipe, found: Bias, *, main: bool) -> ViewResult:
    """Group against group, beside what neutral words give."""
    table = found.contrasts
    chart = step.chart("contrasts")
    strongest = table.loc[table["difference"].abs().idxmax()]
    figure(
        chart,
        title=f"{found.lexicon.title}: groups compared",
        key="bias_contrasts",
        alt=f"Points of {len(table)} comparisons of groups with intervals; largest "
        f"{strongest['b']} − {strongest['a']} ({signed(strongest['difference'])}).",
        table=None if main else step.contrasts,
    )
    control = "control words in the same templates" if found.templates else "terms of one group"
    st.caption(
        "One point per pair of groups: mean change of the logit when a term is exchanged for one "
        "of the other group with equally many tokens; interval: bootstrap over terms and texts, "
        f"95%. Grey: not significant against turned signs and against {control} (FDR 5%), which "
        f"alone give {signed(strongest['null low'])} to {signed(strongest['null high'])} for "
        f"{int(strongest['pairs'])} pairs. {percent(found.pairs['flip'].mean())} of "
        f"{len(found.pairs):,} exchanges flip the answer."
    )
    if table["n"].min() < SMALL:
        st.caption(f"Some comparisons rest on fewer than {SMALL} pairs of texts.")
    return ViewResult(chart, step.contrasts)


def _pairs(audited: Audited, found: Bias) -> None:
    """The pairs of texts whose answer flips; a row opens both explanations."""
    flipped = found.pairs[found.pairs["flip"]]
    order = flipped["difference"].abs().sort_values(ascending=False, kind="stable").index
    shown = flipped.loc[order, ["text a", "answer a", "text b", "answer b", "difference"]]
    st.markdown(f"**{len(shown):,} exchanges that flip the answer**")
    if len(shown):
        explain_row(audited, shown.reset_index(drop=True), ("text a", "text b"), key="bias_pairs")


def _resting(audited: Audited, found: Bias) -> None:
    """The share of attribution and the attention that the terms receive, beside content words."""

    def drawn() -> None:
        every = list(dict.fromkeys([*found.pairs["text a"], *found.pairs["text b"]]))
        texts = every[:: max(1, len(every) // SHARED)][:SHARED]  # of all groups alike
        own = {EXCHANGED: list(found.lexicon.terms)}
        spans = named("spans", builtin(list)(calls.group_spans(named("texts", texts), own)))
        rests_on(audited, texts, spans, key=("bias", found.lexicon.name), group=EXCHANGED)
        st.caption(
            "A large share neither proves nor rules out bias: what counts is the change above."
        )

    section("Do the terms overshadow the context?", ":material/balance:", drawn)


def _about(found: Bias) -> None:
    def drawn() -> None:
        st.markdown(
            f"**Terms.** {plain(found.lexicon.source)}. Lists of our own, not a census: they find "
            "a lean of the model, they do not prove that there is none."
        )

    section("About the lists", ":material/menu_book:", drawn)


def _associated(audited: Audited, found: Bias) -> None:
    """WEAT in several kinds of vectors, with how far they differ."""

    def drawn() -> None:
        name = found.lexicon.name
        step = jobs.follow(
            ("association", audited.asked.model, audited.asked.files, name),
            "Association of vectors",
            named("association", calls.word_association(audited.model_recipe, name)),
            unit="%",
            operations=lambda: costs.passes(audited.model, 24 * (len(found.lexicon.terms) + 28)),
        )
        if step is None:
            return
        table = value(step)
        number = st.column_config.NumberColumn
        config = {"effect": number("effect size d", format="%.2f")}
        st.dataframe(readable(table), hide_index=True, column_config=config | P)
        spans = table.groupby(["a", "b"], sort=False)["effect"].agg(["min", "max"])
        a, b = (spans["max"] - spans["min"]).idxmax()
        widest = spans.loc[(a, b)]
        st.caption(
            "WEAT effect size d: how much nearer group b is to pleasant than to unpleasant words "
            "than group a, in standard deviations over terms; p: terms divided at random. "
            f"**Unstable:** for {plain(b)} − {plain(a)} it is {signed(widest['min'])} to "
            f"{signed(widest['max'])}, depending on the vectors alone, and it says nothing about "
            "answers. Read it beside the changes above, never instead. Sentence pairs as in "
            "CrowS-Pairs need a model that predicts masked words; a classifier does not."
        )

    section("Appendix: association of vectors (WEAT)", ":material/hub:", drawn)
