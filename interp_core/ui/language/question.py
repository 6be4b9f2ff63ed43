"""What the language page asks of a model: shared results, the chosen place, what a view returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.inputs.tokens import TokenSequence, encode
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.choices import BOUND, keep_valid

PLACE = "lm_place"
DARK_INK, LIGHT_INK = "#17202c", "#e7ebf1"


@dataclass(frozen=True)
class Asked:
    """The model and the text; with a name and options the key of a shared result."""

    model: str
    files: str
    text: str

    @property
    def loaded(self) -> LoadedModel:
        """The model itself."""
        return cache.model(self.model)

    def run(
        self, what: str, compute: Callable, *options: Any, unit: str = "tokens", tokens: int = 0
    ) -> Any:
        """A result that all sessions share; None when the user stopped it, or must agree first.

        `compute(progress)` makes it, from a pass over the text and over so many more `tokens`.
        """

        def dear() -> float:
            return costs.passes(self.loaded, costs.tokens(self.loaded, self.text) + tokens)

        key = (self, what, *options)
        return jobs.run(key, what, compute, unit=unit, store=_store(), operations=dear)


@dataclass(frozen=True)
class Shown:
    """What a view hands on to the downloads: chart, table, and what makes the script."""

    chart: Any
    table: pd.DataFrame
    script: Callable[[], str]


@st.cache_resource(show_spinner=False)
def _store() -> Shared:
    return Shared(128, 256 * 2**20, _bytes, name="language")


def _bytes(result: Any) -> int:
    if isinstance(result, ic.Generation):
        return result.maps.weights.nbytes
    return result.ids.nbytes * 4 if isinstance(result, ic.LogitLens) else 0


def surprisals(asked: Asked) -> pd.DataFrame | None:
    """The table of `ic.surprisal`."""

    def compute(progress: Callable) -> pd.DataFrame:
        return ic.surprisal(asked.loaded, asked.text, progress=progress)

    return asked.run("Reading", compute)


def sequence(asked: Asked) -> TokenSequence:
    """The text's tokens."""
    return encode(asked.loaded, asked.text).sequence


def place_name(tokens: tuple[str, ...], place: int) -> str:
    """How the list of places and the address name a token."""
    return f"{place}: {tokens[place]}"


def place_choice(asked: Asked, read: TokenSequence) -> int:
    """The chosen place: from a click, from the list, from the address; else the natural one."""
    names = [place_name(read.tokens, place) for place in range(len(read))]
    keep_valid(PLACE, names)
    masked = asked.loaded.task == "masked-lm"
    chosen = st.selectbox(
        "Word at" if masked else "Next token after",
        names,
        index=None,
        placeholder="the mask" if masked else "the last token",
        key=PLACE,
        width=210,
        **BOUND,
    )
    return natural_place(asked, read) if chosen is None else names.index(chosen)


def natural_place(asked: Asked, read: TokenSequence) -> int:
    """The first mask, or the last token that stands in the text."""
    masks = np.flatnonzero(read.ids == asked.loaded.tokenizer.mask_token_id)
    if asked.loaded.task == "masked-lm" and len(masks):
        return int(masks[0])
    return int(np.flatnonzero(~read.special)[-1])


def pick_place(read: TokenSequence, place: int) -> None:
    """Make a clicked token the chosen one."""
    if 0 <= place < len(read):
        st.session_state[PLACE] = place_name(read.tokens, place)


def ink() -> str:
    """The colour of text on charts in the reader's theme."""
    return LIGHT_INK if st.context.theme.type == "dark" else DARK_INK


def side_by_side(*widths: int) -> list:
    """Containers of these widths in px beside each other, below each other in a narrow window."""
    with st.container(horizontal=True, gap="large"):
        return [st.container(width=width) for width in widths]
