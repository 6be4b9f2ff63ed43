"""Below the map: sums by unit, Shapley values, a contrast of two answers, faithfulness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.generated_text.attribution import GENERATION_METHODS, STEPS
from interp_core.generated_text.faithful import MOST_STEPS, RANKINGS
from interp_core.generated_text.shapley import EXACT, ORDERS
from interp_core.generated_text.tables import unit_names
from interp_core.ui.language.question import Asked
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets.choices import BOUND, keep_valid, list_of, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

MORE = {
    "sums": "Sums",
    "shapley": "Shapley values",
    "contrast": "Contrast of two answers",
    "faithfulness": "Faithfulness",
    "cross": "Cross attention",
}
RIVAL, AGAINST = "lm_rival", "lm_against"


def below(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    """What is chosen below the map, for the chosen answer tokens."""
    shown = dict(MORE)
    if asked.loaded.task != "encoder-decoder":
        del shown["cross"]
    keep_valid("lm_more", list(shown))
    shown = one_of("Below the map", shown, key="lm_more")
    try:
        _DRAW[shown](asked, key, step, span)
    except ic.BadInput as error:
        st.info(plain(str(error)), icon=":material/info:")


def _tokens_said(found: ic.GenerationAttribution, span: slice) -> str:
    if span.stop - span.start == len(found.tokens):
        return "the whole answer"
    return f"“{''.join(found.tokens[span]).replace('▁', ' ').strip()}”"


def _sums(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    found = value(step)
    table = step.of_units(span.start, span.stop)
    frame = value(table).assign(unit=unit_names(found.sources))
    what = _tokens_said(found, span)
    best = frame.loc[frame["score"].abs().idxmax()]
    figure(
        step.chart("units", tokens=(span.start, span.stop)),
        title=f"Effect of each part of the prompt on {what}",
        key="lm_sums_chart",
        alt=f"Bars of the effects of {len(frame)} units of the prompt on {what}; the largest is "
        f"{number(best['score'], '+.2f')} nats.",
        table=table,
    )
    if GENERATION_METHODS[found.method].removes:
        st.caption(
            "The sum of a unit's effects is the difference of the log probability of the chosen "
            "tokens with and without it. Units interact: the "
            "effect of removing all of them is another number."
        )


def _shapley(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    found = value(step)
    count = len(found.sources)
    ends = {"start": span.start, "end": span.stop}
    rows = 2**count if count <= EXACT else ORDERS * count
    table = named("shapley", calls.shapley_units(asked.recipes[0], step, **ends))
    table = _followed(
        asked, (*key, "shapley", *ends.values()), "Shapley values", table, rows, found
    )
    if table is None:
        return
    frame = value(table)
    sampled = count > EXACT
    what = _tokens_said(found, span)
    best = frame.loc[frame["score"].abs().idxmax()]
    figure(
        calls.chart(table, "unit_scores", step),
        title=f"Shapley values of the prompt for {what}",
        key="lm_shapley_chart",
        alt=f"Bars of the Shapley values of {count} units of the prompt for {what}; the largest is "
        f"{number(best['score'], '+.2f')} nats.",
        table=table,
    )
    how = (
        f"Sampled over {ORDERS} orders of arrival; grey lines: ±1 SE over {ORDERS // 2} pairs."
        if sampled
        else f"Exact: all {2**count:,} sets of units."
    )
    st.caption(
        f"{how} Their sum is the difference between the log probability with all units, "
        f"{number(frame.attrs['whole'], '.2f')} nats, and with none of them, "
        f"{number(frame.attrs['empty'], '.2f')} nats (Shapley 1953). What is no unit stays."
    )


def _contrast(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    found = value(step)
    rival = st.text_input(
        "Other answer",
        key=RIVAL,
        placeholder="What the answer could have been",
        max_chars=MAX_CHARACTERS,
        **BOUND,
    )
    if not rival.strip():
        st.info("Type another answer to compare with.", icon=":material/edit:")
        return
    begun = found.answer.text[:1].isspace() and not rival[0].isspace()
    rival = f" {rival}" if begun else rival  # as the answer does
    options = _same_units(found, found.method)
    table = named(
        "contrast",
        calls.contrast_answers(asked.recipes[0], step.prompt, step.answer, rival, **options),
    )
    rows = 2 * (1 + len(found.sources))
    table = _followed(asked, (*key, "contrast", rival), "Contrast", table, rows, found)
    if table is None:
        return
    frame = value(table)
    about = frame.attrs
    figure(
        calls.chart(
            table, "unit_scores", step, title="effect on log p(answer) − log p(other), in nats"
        ),
        title="Why this answer rather than the other",
        key="lm_contrast_chart",
        alt=f"Bars of the effects of {len(frame)} units of the prompt on the difference of the log "
        f"probabilities of two answers, which is "
        f"{number(about['answer'] - about['other'], '+.2f')} nats.",
        table=table,
    )
    st.caption(
        f"Log probability of the answer {number(about['answer'], '.2f')} nats "
        f"({about['tokens'][0]} tokens), of the other {number(about['other'], '.2f')} nats "
        f"({about['tokens'][1]} tokens). An answer of more tokens mostly has the lower one."
        + (" The other answer begins with a space too." if begun else "")
    )
    for note in about["notes"]:
        if note not in found.notes:  # those stand above
            st.caption(plain(note))


def _faithfulness(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    found = value(step)
    ends = {"start": span.start, "end": span.stop}
    rows = (1 + RANKINGS) * min(len(found.sources), MOST_STEPS)
    measured = named("measured", calls.generation_faithfulness(asked.recipes[0], step, **ends))
    measured = _followed(
        asked, (*key, "faithfulness", *ends.values()), "Faithfulness", measured, rows, found
    )
    if measured is None:
        return
    result = value(measured)
    figure(
        measured.chart(),
        title="Log probability as units are removed",
        key="lm_deletion_chart",
        alt="Lines of the log probability of the chosen answer tokens as units of the prompt are "
        f"removed by their scores and at random; mean drop {number(result.drop, '.2f')} and "
        f"{number(result.random_drop.mean(), '.2f')} nats.",
        table=measured.curve,
    )
    st.markdown(
        f"Removing the units of the largest scores first lowers the log probability by "
        f"**{number(result.drop, '.2f')} nats** on average over the steps, random rankings by "
        f"{number(result.random_drop.mean(), '.2f')} ± "
        f"{number(result.random_drop.std(ddof=1), '.2f')} (SD of {len(result.random_drop)}): "
        f"**{_SAID[result.verdict]}**."
    )
    st.caption(
        "Band: ±1 SD over random rankings. Prompts with gaps are unlike what the model knows."
    )
    _agreement(asked, key, step, span)


def _cross(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    found = value(step)
    table = named("cross", calls.cross_attention_units(asked.recipes[0], step))
    table = _followed(asked, (*key, "cross"), "Cross attention", table, 2, found, counts=False)
    if table is None:
        return
    frame = value(table)
    best = frame.loc[frame["attention"].idxmax()]
    figure(
        calls.chart(table, "cross_attention"),
        title="Cross attention to each part of the prompt",
        key="lm_cross_chart",
        alt=f"Map of the cross attention of {len(found.tokens)} answer tokens to "
        f"{len(found.sources)} units of the prompt; the largest is "
        f"{number(best['attention'], '.2f')} at {best['token']}.",
        table=table,
    )
    st.caption(
        "Sum over the unit's tokens, mean over all layers and heads, at the position that predicts "
        "the token; special tokens have the rest of 1. Attention is not the effect of a unit."
    )


_SAID = {
    "better": "better than random (by more than 2 SD)",
    "worse": "worse than random (by more than 2 SD)",
    "as good": "not better than random (within 2 SD)",
}


def _same_units(found: ic.GenerationAttribution, method: str) -> dict[str, Any]:
    """The arguments by which something else is computed over the units of the map."""
    options: dict[str, Any] = {"units": found.unit, "method": method}
    if method == found.method and found.steps not in (None, STEPS):
        options["steps"] = found.steps
    return options | ({"template": True} if found.template else {})


def _agreement(asked: Asked, key: tuple, step: Recipe, span: slice) -> None:
    """The rank correlation with a second method on the same answer."""
    found = value(step)
    others = {
        name: method.title for name, method in GENERATION_METHODS.items() if name != found.method
    }
    other = list_of("Agreement with", {"": "no second method", **others}, key=AGAINST, width=230)
    if not other:
        return
    options = _same_units(found, other)
    second = named(
        "second",
        calls.attribute_generation(asked.recipes[0], step.prompt, step.answer, **options),
    )
    removes = GENERATION_METHODS[other].removes
    steps = STEPS if other == "integrated_gradients" else 1
    rows = len(found.sources) if removes else 2 * steps * len(found.tokens)
    second = _followed(asked, (*key, "second", other), "Second method", second, rows, found)
    if second is None:
        return
    rank = value(calls.unit_agreement(step, second, start=span.start, end=span.stop))
    told = "cannot be computed" if np.isnan(rank) else f"is **{number(rank, '+.2f')}**"
    if value(second).warning is not None:
        st.caption(plain(value(second).warning))
    st.markdown(
        f"Spearman's rank correlation with {others[other]} over {len(found.sources)} units {told}."
    )


def _followed(
    asked: Asked,
    key: tuple,
    what: str,
    step: Recipe,
    rows: float,
    found: ic.GenerationAttribution,
    *,
    counts: bool = True,
) -> Recipe | None:
    tokens = len(found.prompt) + len(found.tokens)
    return jobs.follow(
        key,
        what,
        step,
        counts=counts,
        unit="passes",
        operations=lambda: costs.passes(asked.loaded, rows * tokens),
    )


_DRAW: dict[str, Callable] = {
    "sums": _sums,
    "shapley": _shapley,
    "contrast": _contrast,
    "faithfulness": _faithfulness,
    "cross": _cross,
}
