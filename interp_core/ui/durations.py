"""How long things took, counted in steps: what a histogram in Prometheus' format needs."""

from __future__ import annotations

import math
import threading
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
