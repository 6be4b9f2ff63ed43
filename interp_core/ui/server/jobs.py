"""Long computations: shared results, visible progress or place in line, and a way to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import streamlit as st

from interp_core.progress import interruptible
from interp_core.ui.server import costs, limits, threads
from interp_core.ui.server import store as server_store
from interp_core.ui.server.cache import COMPUTE, LONG
from interp_core.ui.server.logs import Pace
from interp_core.ui.server.queue import Place
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.recipe import Recipe, supplied, value

MOST_RESULTS = 256
PACE = Pace()
EVERY = 0.4  # seconds between two drawings of the progress bar


@st.cache_resource
def _results() -> Shared:
    return Shared(MOST_RESULTS, name="results")


def run(
    key: Hashable,
    what: str,
    compute: Callable[[Callable[[int, int], None]], Any],
    *,
    unit: str = "model evaluations",
    store: Shared | None = None,
    operations: Callable[[], float] | None = None,
) -> Any:
    """The result of a long computation, with a progress bar and a button that stops it.

    `compute` gets a function `progress(done, expected)`, which count `unit` ("%": hundredths). It
    ends the computation when its session closes or asks for something else. While others are
    computing, the bar shows the place in line; who asks for what another session is computing sees
    that session's progress. Returns None when the user has stopped it, or where it waits for a
    click because `operations()`, its forecast (see `costs`), is large. Results are kept in `store`,
    by default the one of all small results. Raises `NotShared` when a shared server is
    asked for too much text, or for too long.
    """
    limits.check_texts(key)
    results = store or _results()
    if (value := results.peek(key)) is not None:
        return value
    if st.session_state.get("stopped") == key:
        st.info("Stopped. The result is not complete.", icon=":material/stop_circle:")
        st.button("Run again", on_click=_forget, key=f"again_{hash(key)}")
        return None
    dear = operations() if operations else 0.0
    if dear and not costs.agreed(key, what, dear):
        return None
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = Bar(what, unit)
        st.button("Stop", on_click=_stop, args=(key,), key=f"stop_{hash(key)}")

    def say(note: tuple[float, str]) -> None:
        results.note(key, note)
        bar.draw(note)

    def wait(where: Place) -> None:
        say(bar.queued(where))

    def guarded() -> Any:
        with line(what, wait), COMPUTE.turn(wait), PACE.timed(what), threads.every_core():
            late, begun = limits.clock(), time.monotonic()

            def look() -> None:
                server_store.check()
                if late():
                    raise limits.time_is_up()

            def progress(done: int, expected: int) -> None:
                look()
                say(bar.counted(done, expected))

            with interruptible(look):
                found = compute(progress)
            costs.learned(dear, time.monotonic() - begun)
            return found

    with cleared(place):
        return results.get(key, guarded, bar.draw)


@contextmanager
def cleared(*places: Any) -> Iterator[None]:
    """Take the bar and its button away afterwards; an error's sentence stands alone too.

    Not when the script is rerun or its session gone, which are no `Exception`.
    """
    try:
        yield
    except Exception:
        _empty(places)
        raise
    _empty(places)


def _empty(places: tuple[Any, ...]) -> None:
    for place in places:
        place.empty()


def follow(
    key: Hashable, what: str, step: Recipe, *, counts: bool = True, **options: Any
) -> Recipe | None:
    """The step with its value, computed by `run`, whose other arguments are `options`.

    `counts` says whether the step's outermost call takes `progress`. None where `run` gives None.
    """

    def compute(progress: Callable[[int, int], None]) -> Any:
        if counts:
            return value(step, progress=progress)
        progress(0, 1)
        return value(step)

    found = run(key, what, compute, **options)
    return None if found is None else supplied(step, lambda: found)


def line(kind: str, tell: Callable[[Place], None]) -> AbstractContextManager[None]:
    """The turn of long computations, for a kind that takes long; others need none."""
    return LONG.turn(tell) if PACE.is_long(kind) else nullcontext()


class Bar:
    """A progress bar that is drawn a few times a second, whoever reports how often."""

    def __init__(self, what: str, unit: str = "") -> None:
        self._what, self._unit, self._drawn = what, unit, time.monotonic()
        self._last: Any = None
        self._bar = st.progress(0.0, text=f"{what} …")

    def counted(self, done: int, expected: int) -> tuple[float, str]:
        """How far a computation is: the share, and the sentence."""
        share = min(done / max(expected, 1), 1.0)
        counted = f"{done:,} of about {max(expected, done):,} {self._unit}"
        return share, f"{self._what}: {f'{share:.0%}' if self._unit == '%' else counted}"

    def queued(self, place: Place) -> tuple[float, str]:
        """The place in line."""
        return 0.0, f"{self._what}: {in_line(place)}"

    def draw(self, note: tuple[float, str] | None) -> None:
        """Show a share and a sentence, unless something was shown just now."""
        now = time.monotonic()
        if note is None or note == self._last or now - self._drawn < EVERY:
            return
        self._drawn, self._last = now, note
        self._bar.progress(note[0], text=note[1])


def in_line(place: Place) -> str:
    """The sentence for somebody who waits."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place.number % 10, "th")
    if place.number % 100 in (11, 12, 13):
        ending = "th"
    waits = "1 person waiting" if place.waiting == 1 else f"{place.waiting:,} people waiting"
    return f"{place.number:,}{ending} in the queue; {waits}"


def _stop(key: Hashable) -> None:
    st.session_state["stopped"] = key


def _forget() -> None:
    st.session_state.pop("stopped", None)
