"""Can it be trusted? Removal of words against chance, and further checks."""

from __future__ import annotations

import altair as alt
import streamlit as st

import interp_core as ic
from interp_core.analysis.explanation import Attribution
from interp_core.charts.attributions import curves
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, costs, jobs
from interp_core.ui.attributions import checks, reproduce
from interp_core.ui.attributions.asked import Asked, explained
from interp_core.ui.attributions.downloads import Drawn
from interp_core.ui.attributions.naming import quoted, units_said
from interp_core.ui.choices import one_of
from interp_core.ui.figure import draw as draw_chart
from interp_core.ui.figure import offer
from interp_core.ui.numbers import number
from interp_core.ui.plain import message

MODES = {"delete": "deleting words", "mask": "masking words"}
MOST_BESIDE = 128  # tokens up to which the measures are computed without being asked for
GOOD = {"comprehensiveness": "higher is better", "sufficiency": "lower is better",
        "aopc": "higher is better"}  # fmt: skip


def draw(asked: Asked, model: LoadedModel) -> Drawn | None:
    """Faithfulness beside random rankings, and the checks on demand."""
    found = explained(asked)
    if found is None:
        return None
    mode = one_of("Take words away by", MODES, key="mode_away", default="delete")
    result = _faithfulness(asked, found, mode)
    if result is None:
        return None
    _measures(result)
    both = _curves(result)
    offer(
        both,
        title=f"What {MODES[mode]} does to the probability of {quoted(found.target)}",
        alt=f"Curves of deletion and insertion over {result.words} {result.units} beside random "
        f"orders; mean fall by deletion {number(result.aopc)}, random "
        f"{number(result.random_aopc.mean())}.",
    )
    st.caption(
        f"ERASER (DeYoung et al. 2020), {MODES[mode]}, {result.words} {result.units}; the band is "
        f"one standard deviation of {len(result.random_aopc)} random rankings. Deleting and "
        "masking give different numbers. A text without its words is unlike what the model was "
        "trained on. "
        f"{units_said(result, found.sequence)}"
    )
    checks.draw(asked, found)
    return Drawn(both, result.curve, lambda: reproduce.trust(asked, mode))


def _curves(result: ic.Faithfulness) -> alt.HConcatChart:
    """Both curves side by side."""
    charts = {}
    for side, name in zip(st.columns(2, gap="large"), _WHAT):
        with side:
            st.markdown(f"**{name.capitalize()}**: " + _WHAT[name])
            charts[name] = curves(result.curve[result.curve["curve"] == name],
                                  title="probability of the target")  # fmt: skip
            draw_chart(charts[name], alt=_said(result, name))
    return alt.hconcat(*(chart.properties(title=name) for name, chart in charts.items()))


def _said(result: ic.Faithfulness, name: str) -> str:
    """Where the curves stand when half of the words are taken."""
    half = result.curve[(result.curve["curve"] == name) & (result.curve["fraction"] == 0.5)]
    chance = half.set_index("ranking")["probability"]
    return (
        f"{name.capitalize()} curve: with half of the words, probability "
        f"{number(chance.get('attribution'))} by the scores and {number(chance.get('random'))} "
        "by chance."
    )


def beside(asked: Asked, found: Attribution) -> None:
    """The three measures under an explanation, where the text has words enough."""
    if len(found.tokens) > MOST_BESIDE:
        st.caption("Faithfulness of long texts: see “Can it be trusted?”.")
        return
    try:
        result = _faithfulness(asked, found, "delete")
    except ic.BadInput as error:  # one token has no ranking
        st.caption(f"No faithfulness: {message(str(error))}")
        return
    if result is not None:
        st.markdown("**Can it be trusted?** The probability of the target when words are deleted "
                    "in the order of their scores, beside random orders:")  # fmt: skip
        _measures(result)
        if said := units_said(result, found.sequence):
            st.caption(said)


def _faithfulness(asked: Asked, found: Attribution, mode: str) -> ic.Faithfulness | None:
    return jobs.run(
        ("faithfulness", asked, mode), "Faithfulness",
        lambda progress: ic.faithfulness(cache.model(asked.model), found, mode=mode,
                                         progress=progress),
        operations=lambda: costs.faithfulness(cache.model(asked.model), len(found.sequence)),
    )  # fmt: skip


_WHAT = {
    "deletion": "the highest-scored words go first; a steep fall speaks for the explanation.",
    "insertion": "only the highest-scored words stay; an early rise speaks for it.",
}


def _measures(result: ic.Faithfulness) -> None:
    for side, row in zip(st.columns(3), result.to_frame().itertuples()):
        title = "AOPC" if row.measure == "aopc" else row.measure.capitalize()
        side.metric(
            f"{title} ({GOOD[row.measure]})", number(row.value),
            f"random {number(row.random)} ± {number(row.random_std)}",
            delta_color="off", delta_arrow="off",
        )  # fmt: skip
