"""How models are loaded: number format and device, by the operator's file or in the sidebar.

On a shared server `clearhead.toml` alone decides. Whatever is chosen stands in the address, in the
keys of all results (by `cache.stamp`), in scripts and in reports.
"""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.models.machine import FORMATS, devices
from interp_core.models.record import LoadedModel
from interp_core.ui import sharing
from interp_core.ui.choices import BOUND, keep_valid

DTYPE, DEVICE = "dtype", "device"
BEST = "automatic"


def controls() -> None:
    """Number format and device, beside the model; nothing on a shared server."""
    if sharing.is_shared():
        return
    formats, places = _offered(DTYPE, FORMATS), _offered(DEVICE, (BEST, *devices()))
    with st.expander("Number format and device"):
        st.selectbox(
            "Number format",
            formats,
            index=_first(DTYPE, formats),
            key=DTYPE,
            help="How each weight and each result of a layer is held. In 16 bits (bfloat16, "
            "float16) a model takes half the memory, and every number is rounded to two or three "
            "digits. float16 cannot hold numbers beyond 65,504.",
            **BOUND,
        )
        st.selectbox(
            "Device",
            places,
            index=_first(DEVICE, places),
            key=DEVICE,
            help="Where the model computes. Automatic takes a GPU where there is one.",
            **BOUND,
        )


def _offered(name: str, known: tuple[str, ...]) -> list[str]:
    """What can be chosen; what the operator's file says too, so that a slip there is told."""
    given = sharing.setting(name)
    offered = list(dict.fromkeys([*known, *filter(None, [given])]))
    keep_valid(name, offered)
    return offered


def _first(name: str, offered: list[str]) -> int:
    given = sharing.setting(name)
    return offered.index(given) if given else 0


def options() -> dict[str, str]:
    """Keyword arguments of `ic.load_model` that differ from its defaults."""
    given = {name: sharing.setting(name) for name in (DTYPE, DEVICE)}
    if not sharing.is_shared():
        given |= {name: st.session_state.get(name) or given[name] for name in given}
    defaults = {DTYPE: FORMATS[0], DEVICE: BEST}
    return {name: value for name, value in given.items() if value and value != defaults[name]}


def mark() -> str:
    """A part of the keys of results: empty for the defaults."""
    return "|".join(options().values())


def load(name: str) -> LoadedModel:
    """The model, as the sidebar and the operator's file say."""
    anyway = {} if sharing.checks_memory() else {"check_memory": False}
    return ic.load_model(name, **options(), **anyway)


def call(name: str) -> str:
    """The Python that loads the same model in the same way."""
    return f"ic.load_model({name!r}{''.join(f', {n}={v!r}' for n, v in options().items())})"
