"""What the views of interventions ask for: the model, the text, and the logit that is followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import interp_core as ic
from interp_core.interventions.switches import VOCABULARY
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, costs
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.asked import AskedOfText
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, value

TARGET, CONTRAST, POSITION = "test_target", "test_contrast", "test_position"
ROOM = 120  # px of a list of labels at least
BY_TOKEN = ("token-classification", "masked-lm", "causal-lm")


@st.cache_resource(show_spinner=False)
def _store() -> Shared:
    return Shared(256, 64 * 2**20, _bytes, name="interventions")


def _bytes(result: Any) -> int:
    if isinstance(result, ic.Switched):
        return result.logits_before.nbytes * 2
    return result.effects.nbytes * 2 if isinstance(result, ic.Patching) else 4096


@dataclass(frozen=True)
class Asked(AskedOfText):
    """The model, the text and the logit; with a name and options the key of a shared result."""

    pair: str | None
    target: str | None = None
    contrast: str | None = None
    position: int | None = None

    store = staticmethod(_store)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Names of the tokens, or of the patches."""
        return cache.attention(self.model, self.text, self.pair).tokens

    @property
    def size(self) -> int:
        """About how many tokens the model reads, for forecasts."""
        return costs.tokens(self.loaded, f"{self.text} {self.pair or ''}")

    @property
    def options(self) -> dict[str, Any]:
        """The arguments that say which logit is followed."""
        given = {
            "target": self.target,
            "contrast": self.contrast,
            "position": self.position,
            "text_pair": self.pair,
        }
        return {name: each for name, each in given.items() if each is not None}


def followed(asked: Asked, place: Any) -> Asked:
    """The controls for the logit that is followed, in `place`, and what they say.

    How far the computing of the labels has come is shown outside of it: it may be closed.
    """
    model, position = asked.loaded, None
    if model.task in BY_TOKEN:
        with place:
            position = _position(asked, model)
    about = replace(asked, position=position)
    if model.task == "question-answering":
        return about
    offered = _offered(about)
    if offered is None:
        return about
    with place:
        target = _choice("Target", TARGET, offered, f"predicted: {offered[0]}", model)
        others = [name for name in offered if name != (target or offered[0])]
        contrast = _choice("Contrast with", CONTRAST, others, "none", model)
    if contrast == (target or offered[0]):
        contrast = None
    return replace(about, target=target, contrast=contrast)


def _offered(asked: Asked) -> list[str] | None:
    """Labels, or likely tokens, the predicted one first."""
    step = asked.run("Prediction", _plain_answer(asked))
    return None if step is None else list(value(step)["label"])


def _plain_answer(asked: Asked) -> Recipe:
    return calls.switch(*asked.recipes, **asked.options).to_frame()


def _choice(label: str, key: str, names: list[str], empty: str, model: LoadedModel) -> str | None:
    free = model.task in VOCABULARY
    given = st.session_state.get(key)
    if not free:
        keep_valid(key, names)
    elif given is not None and given not in names:
        names = [*names, given]
    return st.selectbox(
        label,
        names,
        index=None,
        placeholder=empty,
        key=key,
        accept_new_options=free,
        width=layout.room([empty], ROOM),
        help="A label or a token. A leading space is part of the token." if free else None,
        **BOUND,
    )


def _position(asked: Asked, model: LoadedModel) -> int | None:
    names = [f"{place}: {token}" for place, token in enumerate(asked.tokens)]
    keep_valid(POSITION, names)
    empty = {"causal-lm": "the last token", "masked-lm": "the mask"}.get(model.task, "first word")
    name = st.selectbox(
        {"causal-lm": "Predict after token", "masked-lm": "Masked position"}.get(
            model.task, "Token"
        ),
        names,
        index=None,
        placeholder=empty,
        key=POSITION,
        width=190,
        **BOUND,
    )
    return None if name is None else names.index(name)


def told(label: str) -> str:
    """A label in bold, whatever it contains."""
    return f"**{plain(label)}**"


LOOK = {
    "switches": (
        "Components whose removal changes the logit are used by this prediction. Several "
        "removed together can have a larger or smaller effect than each alone. Zero "
        "activations are out of distribution: confirm a finding with activation patching."
    ),
    "patching": (
        "Follow the column of the changed word through the layers: where the effect fades, "
        "the information has moved to another position. Heads with a large effect move it "
        "there; components with a negative effect oppose it."
    ),
}
