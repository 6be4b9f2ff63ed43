"""Vectors, neighbours and pictures that all sessions share, bounded by entries and bytes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.ui import jobs
from interp_core.ui.cache import COMPUTE
from interp_core.ui.shared import Shared

MOST_RESULTS = 256
MOST_BYTES = 768 * 2**20


@st.cache_resource(show_spinner=False)
def kept() -> Shared:
    """The store."""
    return Shared(MOST_RESULTS, MOST_BYTES, held_bytes, name="projector")


def held_bytes(value: Any) -> int:
    """Bytes of the arrays and frames inside a result."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, pd.DataFrame | pd.Series):
        return int(np.sum(value.memory_usage(deep=True)))
    if isinstance(value, tuple | list):
        return sum(map(held_bytes, value))
    if is_dataclass(value):
        return sum(held_bytes(getattr(value, field.name)) for field in fields(value))
    return 0


def quick(key: Hashable, compute: Callable[[], Any]) -> Any:
    """A result that takes no more than a second or two.

    The turn comes first: who waits for another's result while holding a turn waits for somebody
    who has one.
    """
    found = kept().peek(key)
    if found is not None:
        return found
    with COMPUTE:
        return kept().get(key, compute)


def slow(key: Hashable, what: str, compute: Callable, *, unit: str = "%") -> Any:
    """A result that takes longer: with progress and a button that stops it (None then)."""
    return jobs.run(key, what, compute, unit=unit, store=kept())


def in_place(compute: Callable[[], Any]) -> Any:
    """What `compute` gives; its progress bars leave no trace, so that nothing below them moves.

    A chart that moves on the page is made anew, and forgets how far it was magnified.
    """
    slot = st.empty()
    with slot.container():
        found = compute()
    if found is not None:
        slot.empty()
    return found
