"""Both classifiers on one text: predictions, attributions, sensitivity by position, and how
far a word reaches as neutral words are put in between.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.attribution.result import Attribution
from interp_core.attribution.tables import rank_correlation
from interp_core.compare.naming import match_classes
from interp_core.comparison import DISTANCES, Reach
from interp_core.inputs.tokens import check_text
from interp_core.ui.comparison.question import Side, explained
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

SIDES = ("before", "after")
WORD_TOKENS = 1.3  # of a neutral word


def cost(sides: tuple[Side, Side], text: str) -> float:
    """Operations of moving a word away in both."""
    padded = sum(DISTANCES) * WORD_TOKENS
    return sum(
        2 * costs.passes(side.model, len(DISTANCES) * costs.tokens(side.model, text) + padded)
        for side in sides
    )


def draw_reach(
    sides: tuple[Side, Side],
    text: str,
    words: Attribution,
    target: str | None,
    classes: dict[str, str | None],
) -> None:
    """What one word still counts for as neutral words are put between it and the end.

    `words`: the attribution of the first model by word. `classes`: which class of the second model
    each class of the first is.
    """
    st.markdown("**Effect of distance**")
    places = [place for place, offset in enumerate(words.offsets) if offset is not None]
    names = [f"{place}: {words.tokens[place]}" for place in places]
    if not names:
        return
    strongest = max(places, key=lambda place: abs(words.scores[place]))
    follow("reach_word", names[places.index(strongest)])
    keep_valid("reach_word", names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Word", names, index=places.index(strongest), key="reach_word", width=200, **BOUND
        )
        where = one_of("Insert filler words", SIDES, key="reach_side", default="after")
    span = tuple(map(int, words.offsets[places[names.index(chosen)]]))
    label = target or words.prediction.label
    if classes.get(label) is None:
        st.info(
            "The two models have no label in common, so the effect of a word cannot be compared."
        )
        return
    steps = {}
    for side, own in zip(sides, (label, classes[label])):
        reach = _measured(side, text, span, own, where)
        if reach is None:
            return
        steps[side.name] = reach
    found = value(steps)
    compared, word = calls.compare_reach(named("found", steps)), chosen.partition(": ")[2]
    figure(
        calls.chart(compared, "compare_reach"),
        title=f"Effect of “{word}” with filler words {where} it",
        key="versus_reach",
        alt=f"Lines of the effect of “{word}” on the logit of {label} by number of filler "
        f"words: {_ends(found)}.",
        table=compared,
    )
    st.caption(_said(found, plain(word)))


def _ends(found: dict[str, Reach]) -> str:
    told = []
    for name, reach in found.items():
        first, last = reach.frame["effect"].iloc[[0, -1]]
        told.append(f"{name} from {number(first, '+.2f')} to {number(last, '+.2f')}")
    return ", ".join(told)


def _measured(
    side: Side, text: str, span: tuple[int, int], label: str, where: str
) -> Recipe | None:
    options = {"target": side.recipe.labels.index(label), "before": where == "before"}
    step = calls.word_reach(side.recipe, named("text", text), span, **options)
    key = ("reach", side.key, text, span, label, where)
    return jobs.follow(key, f"Inserting filler words ({side.name})", step, unit="distances")


def _course(reach: Reach) -> str:
    """The whole curve in words: where it first falls below half, where it ends, what it exceeds."""
    distances, effects = reach.frame["distance"].to_numpy(), reach.frame["effect"].to_numpy()
    first, end = float(effects[0]), int(distances[-1])
    if not first:
        return "it has no effect to begin with"
    shares = effects / first
    if reach.half is None:
        said = "more than half of the effect is left at every distance"
    else:
        said = f"the effect first drops below half after {reach.half} words"
        if (shares[distances > reach.half] >= 0.5).any():
            said += " and rises above half again"
    highest = int(shares.argmax())
    if shares[highest] > 1.1 and 0 < highest < len(shares) - 1:
        said += f", is largest ({shares[highest]:.0%}) after {int(distances[highest])}"
    return f"{said}, and is {shares[-1]:.0%} of the first after {end}"


def _said(found: dict[str, Reach], word: str) -> str:
    """What the figures support; `word` is escaped."""
    told = []
    for name, reach in found.items():
        told.append(f"in {name} {_course(reach)}")
    return (
        f"Change in the logit caused by “{word}” as filler words are inserted: "
        + "; ".join(told)
        + ". Based on one word in one text. Ratios are not meaningful when the effect is "
        "near zero."
    )


METHODS = ("integrated_gradients", "saliency")


def draw(sides: tuple[Side, Side], text: str) -> ViewResult | None:
    """What each says, which words count, and how far back."""
    check_text(text)
    match = match_classes(*(side.model.labels for side in sides))
    for note in match.notes:
        st.info(message(note), icon=":material/info:")
    labels = [label for label, other in match.mapping.items() if other is not None]
    target = None
    if labels:
        keep_valid("versus_target", labels)
        with layout.controls():
            wide = layout.room(labels, 170)
            target = st.selectbox("Explain", labels, key="versus_target", width=wide, **BOUND)
    if not _agreed(sides, text, target):
        return None
    scores, slopes = (
        {
            side.name: explained(side, text, label, method)
            for side, label in zip(sides, (target, match.mapping.get(target)))
        }
        for method in METHODS
    )
    if None in [*scores.values(), *slopes.values()]:
        return None
    found = [value(each) for each in scores.values()]
    _predictions(sides, found, match.mapping)
    if wrong := [side.name for side, each in zip(sides, found) if each.misleads]:
        st.error(
            f"Integrated gradients of {' and '.join(map(plain, wrong))} miss the output "
            f"difference by {max(each.sum_error for each in found):.0%}, so they are not "
            "drawn. Use “Leave one out” on the page “Word attributions”.",
            icon=":material/error:",
        )
        return None
    compared = calls.compare_words(named("scores", scores), named("slopes", slopes))
    table = value(compared)
    chart = calls.chart(compared, "compare_words")
    figure(
        chart,
        title=f"Word attributions for {target or 'each prediction'}",
        key="versus_scores",
        alt=f"Bars of the score of each word in both models; {_largest(table, 'score', '+.2f')}.",
    )
    words = [each.by_word() for each in found]
    _agreement(words, target)
    if target is not None:
        _difference(sides, scores, words, target)
    _sensitivity(compared)
    draw_reach(sides, text, words[0], target, match.mapping)
    return ViewResult(chart, compared)


def _agreed(sides: tuple[Side, Side], text: str, target: str | None) -> bool:
    """Whether to explain both and to move the word; dear texts wait for a click."""
    dear = sum(
        costs.attribution(side.model, costs.tokens(side.model, text), method)
        for side in sides
        for method in METHODS
    )
    key = ("versus", *(side.key for side in sides), text, target)
    return costs.agreed(key, "Comparing the models", dear + cost(sides, text))


def _difference(
    sides: tuple[Side, Side], scores: dict[str, Recipe], words: list[Attribution], target: str
) -> None:
    """What each word counts for in the second model and not in the first."""
    one, two = words
    if list(one.tokens) != list(two.tokens):
        return
    made = calls.attribution_difference(*(scores[side.name] for side in sides))
    table = value(made)
    st.markdown("**Difference of the attributions**")
    top = table.loc[table["difference"].abs().idxmax()]
    figure(
        calls.chart(made, "attribution_difference"),
        title="Difference of the attributions",
        key="versus_difference",
        alt=f"Bars of {sides[1].name} minus {sides[0].name} of each word for {target}; largest: "
        f"{top['word']}, {number(top['difference'], '+.2f')}.",
        table=made,
    )
    st.caption(
        f"One bar per word: its attribution in {plain(sides[1].name)} minus that in "
        f"{plain(sides[0].name)}. Scales of logits may differ between models."
    )


def _sensitivity(compared: Recipe) -> None:
    table = value(compared)
    st.markdown("**Gradient norm by position**")
    figure(
        calls.chart(compared, "compare_words", "sensitivity"),
        title="Gradient norm by position",
        key="versus_slopes",
        alt="Bars of each word's share of gradient norm in both models; "
        f"{_largest(table, 'sensitivity', '.0%')}.",
        table=compared.drop(columns="score"),
    )
    st.caption(
        "Norm of the logit's gradient with respect to each word's embedding, as a share of "
        "the total. Unsigned and noisy; low values at one end suggest that the model forgets "
        "that end."
    )


def _largest(table: pd.DataFrame, column: str, digits: str) -> str:
    """The word that weighs most in each model, in words."""
    tops = table.loc[table[column].abs().groupby(table["model"], sort=False).idxmax()]
    told = zip(tops["model"], tops["word"], tops[column])
    return "; ".join(f"most in {model}: {word}, {value:{digits}}" for model, word, value in told)


def _predictions(
    sides: tuple[Side, Side], found: list[Attribution], classes: dict[str, str | None]
) -> None:
    with st.container(key="prediction", horizontal=True, gap="large"):
        for side, each in zip(sides, found):
            chance = each.prediction.probability
            st.metric(
                plain(side.name),
                plain(each.prediction.label),
                None if chance is None else f"{chance:.1%}",
                delta_color="off",
                delta_arrow="off",
            )
    same = classes.get(found[0].prediction.label)  # None: the second model has no such class
    if same is not None and same != found[1].prediction.label:
        st.markdown("The two models **disagree** on this text.")


def _agreement(compared: list[Attribution], target: str | None) -> None:
    one, two = compared
    if list(one.tokens) != list(two.tokens) or len(one.tokens) < 3:
        return
    if not (np.any(one.scores) and np.any(two.scores)):
        st.caption(
            "The attributions of one model are zero for every word, so there is nothing to compare."
        )
        return
    rank = number(rank_correlation(one.scores, two.scores), "+.2f")
    top = [each.tokens[int(abs(each.scores).argmax())] for each in (one, two)]
    words = " and ".join(f"“{plain(word)}”" for word in dict.fromkeys(top))
    of = f"“{plain(target)}”" if target else "each prediction"
    st.caption(
        f"One bar per word and model: integrated gradients of the logit of {of}. Rank correlation "
        f"of the two: {rank}. Top word: {words}. Models can agree for different reasons."
    )
