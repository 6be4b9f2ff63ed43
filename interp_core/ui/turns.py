"""A few computations at a time: the others wait for their turn, and both are counted."""

from __future__ import annotations

import threading
import time

from interp_core.ui import events
from interp_core.ui.durations import Durations


class Turns:
    """A semaphore for `with`, with figures: how many wait and run, and how long they took."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._guard = threading.Lock()
        self._begun = threading.local()
        self.waiting = self.running = 0
        self.durations = Durations()

    def __enter__(self) -> None:
        came = time.monotonic()
        self._count(waiting=1)
        try:
            self._free.acquire()
        finally:
            self._count(waiting=-1)
        self._count(running=1)
        self._begun.at = time.monotonic()
        self._begun.waited = self._begun.at - came

    def __exit__(self, *error: object) -> None:
        self._free.release()
        self._count(running=-1)
        took = time.monotonic() - self._begun.at
        self.durations.add(took)
        events.tell("computation", seconds=took, waited=self._begun.waited)

    def _count(self, waiting: int = 0, running: int = 0) -> None:
        with self._guard:
            self.waiting += waiting
            self.running += running
