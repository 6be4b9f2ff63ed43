"""Can it be trusted? Removal of words against chance, new weights, infidelity, sensitivity."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.explanation import Attribution
from interp_core.charts.attributions import curves
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, jobs
from interp_core.ui.attributions.asked import BOUND, Asked, explained

MODES = {"delete": "deleting words", "mask": "masking words"}
MOST_BESIDE = 128  # tokens up to which the measures are computed without being asked for
GOOD = {"comprehensiveness": "higher is better", "sufficiency": "lower is better",
        "aopc": "higher is better"}  # fmt: skip


def draw(asked: Asked, model: LoadedModel) -> tuple[alt.TopLevelMixin, pd.DataFrame] | None:
    """Faithfulness beside random rankings, and the checks on demand."""
    found = explained(asked)
    if found is None:
        return None
    mode = st.segmented_control("Take words away by", list(MODES), format_func=MODES.get,
                                default="delete", required=True, key="mode_away",
                                **BOUND)  # fmt: skip
    result = _faithfulness(asked, found, mode)
    if result is None:
        return None
    _measures(result)
    charts = []
    for side, name in zip(st.columns(2, gap="large"), ("deletion", "insertion")):
        with side:
            st.markdown(f"**{name.capitalize()}**: " + _WHAT[name])
            charts.append(curves(result.curve[result.curve["curve"] == name],
                                 title="probability of the target"))  # fmt: skip
            st.altair_chart(charts[-1], width="stretch", alt=f"{name} curve against random.")
    st.caption(
        f"ERASER (DeYoung et al. 2020), {MODES[mode]}, {result.words} words; the band is one "
        f"standard deviation of {len(result.random_aopc)} random rankings. Deleting and masking "
        "give different numbers. A text without its words is unlike what the model was trained on."
    )
    _checks(asked, found)
    return alt.hconcat(*charts), result.curve


def beside(asked: Asked, found: Attribution) -> None:
    """The three measures under an explanation, where the text has words enough."""
    if len(found.tokens) > MOST_BESIDE:
        st.caption("Faithfulness of long texts: see “Can it be trusted?”.")
        return
    try:
        result = _faithfulness(asked, found, "delete")
    except ic.BadInput:  # one word has no ranking
        return
    if result is not None:
        st.markdown("**Can it be trusted?** The probability of the target when words are deleted "
                    "in the order of their scores, beside random orders:")  # fmt: skip
        _measures(result)


def _faithfulness(asked: Asked, found: Attribution, mode: str) -> ic.Faithfulness | None:
    return jobs.run(
        ("faithfulness", asked, mode), "Faithfulness",
        lambda progress: ic.faithfulness(cache.model(asked.model), found, mode=mode,
                                         progress=progress),
    )  # fmt: skip


_WHAT = {
    "deletion": "the highest-scored words go first; a steep fall speaks for the explanation.",
    "insertion": "only the highest-scored words stay; an early rise speaks for it.",
}


def _measures(result: ic.Faithfulness) -> None:
    for side, row in zip(st.columns(3), result.to_frame().itertuples()):
        title = "AOPC" if row.measure == "aopc" else row.measure.capitalize()
        side.metric(
            f"{title} ({GOOD[row.measure]})", f"{row.value:.3f}",
            f"random {row.random:.3f} ± {row.random_std:.3f}", delta_color="off", delta_arrow="off",
        )  # fmt: skip


def _checks(asked: Asked, found: Attribution) -> None:
    st.markdown("**More checks**, on demand")
    with st.container(horizontal=True):
        for name, (label, _) in _CHECKS.items():
            st.button(label, key=f"check_{name}", on_click=_ask, args=(name, asked))
    name = st.session_state.get("check")
    if name and st.session_state.get("check_for") == asked:
        _CHECKS[name][1](asked, found)


def _ask(name: str, asked: Asked) -> None:
    st.session_state["check"], st.session_state["check_for"] = name, asked


def _sanity(asked: Asked, found: Attribution) -> None:
    result = jobs.run(
        ("sanity", asked), "Sanity check",
        lambda progress: ic.sanity_check(cache.model(asked.model), found, progress=progress),
    )  # fmt: skip
    if result is None:
        return
    st.metric("Rank correlation with explanations of random weights", f"{result.similarity:.2f}")
    st.dataframe(result.frame.round(4), hide_index=True)
    st.caption(
        "Adebayo et al. 2018: the same method on a model whose weights were drawn anew. Near 0 is "
        "what you want; an explanation that does not change does not explain this model."
    )


def _infidelity(asked: Asked, found: Attribution) -> None:
    result = jobs.run(
        ("infidelity", asked), "Infidelity",
        lambda progress: ic.infidelity(cache.model(asked.model), found),
    )  # fmt: skip
    if result is not None:
        st.metric("Infidelity, share of the movement not explained", f"{result.share:.0%}")
        st.caption(
            "Yeh et al. 2019, with words dropped at random and the scores scaled by the best "
            "factor. 0 % foretells every drop; 100 % is what an explanation of zeros reaches."
        )


def _sensitivity(asked: Asked, found: Attribution) -> None:
    result = jobs.run(
        ("sensitivity", asked), "Sensitivity",
        lambda progress: ic.sensitivity(cache.model(asked.model), found),
    )  # fmt: skip
    if result is not None:
        st.metric("Sensitivity, largest relative change", f"{result:.2f}")
        st.caption("Yeh et al. 2019: how much the scores change under small noise on the input.")


_CHECKS = {
    "sanity": ("Sanity check", _sanity),
    "infidelity": ("Infidelity", _infidelity),
    "sensitivity": ("Sensitivity", _sensitivity),
}
