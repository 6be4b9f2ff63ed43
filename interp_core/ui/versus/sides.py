"""The two classifiers that are put side by side, and what each says of the text."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import interp_core as ic
from interp_core.analysis.explanation import Attribution
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, jobs, sharing
from interp_core.ui.choices import BOUND, keep_valid

CLASSIFIES = "sequence-classification"
PARTNER = {"sentiment": "sentiment-lstm", "sentiment-lstm": "sentiment"}


@dataclass(frozen=True)
class Side:
    """One of the two: its name and the loaded model."""

    name: str
    model: LoadedModel

    @property
    def key(self) -> tuple[str, str]:
        """What results of it are kept under."""
        return self.name, cache.stamp(self.name)


def choose(first: str, model: LoadedModel) -> tuple[Side, Side] | None:
    """The sidebar's model and a second one; None when one of them classifies no texts."""
    if model.task != CLASSIFIES:
        st.info(f"`{first}` does not classify texts, so there is nothing to compare.")
        st.button("Use `sentiment` instead", on_click=_use, args=("sentiment",))
        return None
    names = [card.name for card in ic.bundled_models() if card.task == CLASSIFIES]
    names = [name for name in names if name != first]
    names.sort(key=lambda name: name != PARTNER.get(first))
    given = st.session_state.get("rival") or st.query_params.get("rival")
    names += [given] if given and given not in (*names, first) else []
    keep_valid("rival", names)
    second = st.selectbox(
        "Compare with",
        names,
        key="rival",
        width=260,
        accept_new_options=not sharing.is_shared(),
        help="An embedded classifier, a folder or a Hub id.",
        **BOUND,
    )
    if not second:
        return None
    with st.spinner("Loading the other model …"):
        other = cache.model(second)
    if other.task != CLASSIFIES:
        raise ic.BadInput(f"`{second}` does not classify texts. Choose another one.")
    return Side(first, model), Side(second, other)


def _use(name: str) -> None:
    st.session_state["model"] = name


def explained(side: Side, text: str, target: str | None, method: str) -> Attribution | None:
    """The attribution of one side; None when stopped, or where the label is not its own."""
    label = target if target in side.model.labels else None
    key = ("versus", side.key, text, label, method)
    return jobs.run(
        key,
        f"Explaining {side.name}",
        lambda progress: ic.attribute(
            side.model, text, target=label, method=method, progress=progress
        ),
    )
