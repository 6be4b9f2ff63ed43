"""The two classifiers that are put side by side, and what each says of the text."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

import interp_core as ic
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, jobs
from interp_core.ui.widgets import layout, model_choice
from interp_core.ui.widgets.recipe import Recipe, calls, named

CLASSIFIES = "sequence-classification"
PARTNER = {"sentiment": "sentiment-lstm", "sentiment-lstm": "sentiment"}


@dataclass(frozen=True)
class Side:
    """One of the two: its name, the loaded model, and the same as part of recipes."""

    name: str
    model: LoadedModel
    recipe: Recipe

    @property
    def key(self) -> tuple[str, str]:
        """What results of it are kept under."""
        return self.name, cache.stamp(self.name)


def choose(first: str, model: LoadedModel) -> tuple[Side, Side] | None:
    """The sidebar's model and a second one; None when one of them classifies no texts."""
    if model.task != CLASSIFIES:
        st.info(f"`{first}` is not a text classifier. Choose one in the sidebar.")
        model_choice.instead("sentiment")
        return None
    with layout.controls():
        second = model_choice.second(
            "Compare with",
            first,
            key="rival",
            prefer=(PARTNER.get(first, ""),),
            fits=lambda card: card.task == CLASSIFIES,
            width=260,
            help="A built-in classifier, a local folder or a Hub id.",
        )
    if not second:
        return None
    with st.spinner("Loading the other model …"):
        other = cache.model(second)
    if other.task != CLASSIFIES:
        raise ic.BadInput(f"`{second}` is not a text classifier. Choose another model.")
    models = named("models", {name: cache.model_recipe(name, "") for name in (first, second)})
    return Side(first, model, models[first]), Side(second, other, models[second])


def explained(side: Side, text: str, target: str | None, method: str) -> Recipe | None:
    """The attribution of one side; None when stopped, or where the label is not its own."""
    label = target if target in side.model.labels else None
    key = ("versus", side.key, text, label, method)
    step = calls.attribute(side.recipe, named("text", text), target=label, method=method)
    return jobs.follow(key, f"Explaining {side.name}", step)
