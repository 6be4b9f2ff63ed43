"""Long computations: shared results, visible progress, and a way to stop."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from interp_core.ui import sharing
from interp_core.ui.cache import COMPUTE
from interp_core.ui.shared import Shared

MOST_RESULTS = 256


@st.cache_resource
def _results() -> Shared:
    return Shared(MOST_RESULTS, name="results")


def run(
    key: Hashable,
    what: str,
    compute: Callable[[Callable[[int, int], None]], Any],
    *,
    unit: str = "evaluations",
    store: Shared | None = None,
) -> Any:
    """The result of a long computation, with a progress bar and a button that stops it.

    `compute` gets a function `progress(done, expected)`, which count `unit` ("%": hundredths).
    Drawing from inside it is what lets Streamlit interrupt the computation when its session closes
    or asks for something else. Returns None when the user has stopped it. Results are kept in
    `store`, by default the one of all small results. Raises `NotShared` when a shared server is
    asked for too much text, or for too long.
    """
    sharing.check_texts(key)
    results = store or _results()
    if (value := results.peek(key)) is not None:
        return value
    if st.session_state.get("stopped") == key:
        st.info("Stopped before it was complete.", icon=":material/stop_circle:")
        st.button("Run again", on_click=_forget, key=f"again_{hash(key)}")
        return None
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=f"{what} …")
        st.button("Stop", on_click=_stop, args=(key,), key=f"stop_{hash(key)}")

    def progress(done: int, expected: int) -> None:
        share = min(done / max(expected, 1), 1.0)
        counted = f"{done:,} of about {max(expected, done):,} {unit}"
        if begun and begun[0]():
            raise sharing.time_is_up()
        bar.progress(share, text=f"{what}: {f'{share:.0%}' if unit == '%' else counted}")

    begun: list[Callable[[], bool]] = []  # the clock, once it is this computation's turn

    def guarded() -> Any:
        with COMPUTE:
            begun.append(sharing.clock())
            return compute(progress)

    value = results.get(key, guarded)
    place.empty()
    return value


def _stop(key: Hashable) -> None:
    st.session_state["stopped"] = key


def _forget() -> None:
    st.session_state.pop("stopped", None)
