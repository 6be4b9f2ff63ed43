"""Waiting that ends when its session ends: nobody stands in a queue who has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

EVERY = 0.2  # seconds between two looks


def check() -> None:
    """Leave the script when its session has closed or asks for something else.

    Raises what Streamlit stops or restarts a script with; outside of a session nothing happens.
    """
    gone = get_run_yield_check()
    if gone is not None:
        gone()


def until(done: threading.Event, look: Callable[[], None] | None = None) -> None:
    """Wait for `done`; `look()` may draw meanwhile. Raises like `check` when the session goes."""
    while not done.wait(EVERY):
        check()
        if look is not None:
            look()
