"""Figures of the running server, beside Streamlit's own under `/_stcore/metrics`.

Streamlit counts its sessions there (`active_sessions`, `session_events`). Nothing here holds what
people typed: models and texts have no place in the figures.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from streamlit.runtime import Runtime
from streamlit.runtime.stats import CounterStat, GaugeStat, HistogramStat, Stat

from interp_core.ui.server import logs
from interp_core.ui.server.cache import COMPUTE, LONG
from interp_core.ui.server.logs import Durations
from interp_core.ui.server.store import STORES

_guard = threading.Lock()
_registered: set[int] = set()


def resident_bytes() -> int:
    """Memory of this process; where the system does not tell, the most it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _memory(name: str) -> list[Stat]:
    return [GaugeStat(name, resident_bytes(), unit="bytes", help="Memory of the process.")]


def _computations(name: str) -> list[Stat]:
    about = "Waiting and running computations."
    counts = {"waiting": COMPUTE.waiting + LONG.waiting, "running": COMPUTE.running}
    return [GaugeStat(name, count, {"state": state}, help=about) for state, count in counts.items()]


def _histogram(name: str, counted: Durations, about: str, **labels: str) -> Stat:
    steps = counted.steps()
    return HistogramStat(
        name, steps, counted.seconds, steps[-1][1], labels or None, unit="seconds", help=about
    )


def _computed(name: str) -> list[Stat]:
    return [_histogram(name, COMPUTE.durations, "Seconds of computations.")]


def _pages(name: str) -> list[Stat]:
    about = "Seconds until a page was drawn, including waiting."
    return [_histogram(name, took, about, page=page) for page, took in list(logs.pages.items())]


def _events(name: str) -> list[Stat]:
    about = "Requests that were refused with a message, and unexpected errors."
    return [
        CounterStat(name, logs.happened[event], {"event": event}, help=about)
        for event in ("refused", "error")
    ]


def _cache(what: str, about: str, kind: type) -> Callable[[str], list[Stat]]:
    def stats(name: str) -> list[Stat]:
        found: dict[str, int] = {}
        for store in list(STORES):
            found[store.name] = found.get(store.name, 0) + getattr(store, what)
        return [kind(name, count, {"store": store}, help=about) for store, count in found.items()]

    return stats


FIGURES: dict[str, Callable[[str], list[Stat]]] = {
    "clearhead_resident_memory_bytes": _memory,
    "clearhead_computations": _computations,
    "clearhead_computation_seconds": _computed,
    "clearhead_page_seconds": _pages,
    "clearhead_wrong": _events,
    "clearhead_cache_entries": _cache("entries", "Cached results.", GaugeStat),
    "clearhead_cache_held_bytes": _cache("bytes", "Bytes of cached results.", GaugeStat),
    "clearhead_cache_hits": _cache("hits", "Cache hits.", CounterStat),
    "clearhead_cache_misses": _cache("misses", "Cache misses.", CounterStat),
}


class Figures:
    """What Streamlit's metrics address asks for figures."""

    stats_families: Sequence[str] = tuple(FIGURES)

    def get_stats(self, family_names: Sequence[str] | None = None) -> dict[str, list[Stat]]:
        """The figures by name."""
        wanted = FIGURES if family_names is None else set(family_names)
        return {name: make(name) for name, make in FIGURES.items() if name in wanted}


def register() -> None:
    """Add the figures to the running server, once; without a server there is nothing to do."""
    if not Runtime.exists():
        return
    manager = Runtime.instance().stats_mgr
    with _guard:
        if id(manager) not in _registered:
            _registered.add(id(manager))
            manager.register_provider(Figures())
