"""How long computations take, as counted and as remembered."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

STEPS = (0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 120.0, math.inf)  # seconds


class Durations:
    """A thread-safe count of durations."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts = [0] * len(STEPS)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        place = next(place for place, step in enumerate(STEPS) if seconds <= step)
        with self._guard:
            self._counts[place] += 1
            self.seconds += seconds

    def steps(self) -> tuple[tuple[float, int], ...]:
        """(step, how many took no longer), the last one all of them."""
        with self._guard:
            return tuple(zip(STEPS, accumulate(self._counts)))


LONG = 2.0  # seconds; who waits behind two shorter ones hardly notices
REMEMBERED = 3  # runs of a kind; the slowest of them counts
MOST_KINDS = 256


class Pace:
    """What each kind of computation took lately. Thread-safe, bounded."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._took: OrderedDict[str, deque[float]] = OrderedDict()

    def is_long(self, kind: str) -> bool:
        """Whether to expect more than two seconds."""
        with self._guard:
            return max(self._took.get(kind, (float("inf"),))) > LONG

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Remember how long the inside takes; what breaks off early says nothing."""
        begun = time.monotonic()
        whole = False
        try:
            yield
            whole = True
        finally:
            took = time.monotonic() - begun
            if whole or took > LONG:
                self._add(kind, took)

    def _add(self, kind: str, seconds: float) -> None:
        with self._guard:
            self._took.setdefault(kind, deque(maxlen=REMEMBERED)).append(seconds)
            self._took.move_to_end(kind)
            while len(self._took) > MOST_KINDS:
                self._took.popitem(last=False)
