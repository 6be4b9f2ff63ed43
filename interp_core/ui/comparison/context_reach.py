"""How far one word reaches in two classifiers: its effect as neutral words are put in between."""

from __future__ import annotations

import streamlit as st

from interp_core.attribution.result import Attribution
from interp_core.charts.comparison import reach_lines
from interp_core.comparison import DISTANCES, Reach
from interp_core.ui.comparison.question import Side
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value

SIDES = ("before", "after")
WORD_TOKENS = 1.3  # of a neutral word


def cost(sides: tuple[Side, Side], text: str) -> float:
    """Operations of moving a word away in both."""
    padded = sum(DISTANCES) * WORD_TOKENS
    return sum(
        2 * costs.passes(side.model, len(DISTANCES) * costs.tokens(side.model, text) + padded)
        for side in sides
    )


def draw(sides: tuple[Side, Side], text: str, first: Attribution, target: str | None) -> None:
    """What one word still counts for as neutral words are put between it and the end."""
    st.markdown("**Effect of distance**")
    words = first.by_word()
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
    label = target or first.prediction.label
    if any(label not in side.model.labels for side in sides):
        st.info(
            "The two models have no label in common, so the effect of a word cannot be compared."
        )
        return
    steps = {}
    for side in sides:
        reach = _measured(side, text, span, label, where)
        if reach is None:
            return
        steps[side.name] = reach
    found = value(steps)
    compared, word = calls.compare_reach(named("found", steps)), chosen.partition(": ")[2]
    figure(
        reach_lines(value(compared)),
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
        told.append(f"{name} from {first:+.2f} to {last:+.2f}")
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
