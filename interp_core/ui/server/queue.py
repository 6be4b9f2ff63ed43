"""A few computations at a time: the others wait in line, in order of arrival, and may leave it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from interp_core.progress import interruptible
from interp_core.ui.server import logs, store
from interp_core.ui.server.logs import Durations


@dataclass(frozen=True)
class Place:
    """A place in line, the first is 1, and how many stand there."""

    number: int
    waiting: int


class Turns:
    """Turns for `with`, first come first served, with figures: how many wait and run, how long.

    Whoever waits leaves the line when their session closes or asks for something else. A thread
    that has a turn already needs no second one.
    """

    def __init__(self, at_once: int, event: str = "computation") -> None:
        self._at_once, self._free, self._event = at_once, at_once, event
        self._line: deque[threading.Event] = deque()
        self._guard = threading.Lock()
        self._mine = threading.local()
        self.durations = Durations()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    @property
    def running(self) -> int:
        """How many have a turn."""
        return self._at_once - self._free

    def __enter__(self) -> None:
        turns = self._mine.__dict__.setdefault("turns", [])
        turns.append(self.turn())
        turns[-1].__enter__()

    def __exit__(self, *error: Any) -> None:
        self._mine.turns.pop().__exit__(*error)

    @contextmanager
    def turn(self, tell: Callable[[Place], None] | None = None) -> Iterator[None]:
        """A turn; while it waits for one, `tell(place)` is called a few times a second."""
        if getattr(self._mine, "has", False):
            yield
            return
        came = time.monotonic()
        self._take(tell)
        begun, self._mine.has = time.monotonic(), True
        try:
            with interruptible(store.check):
                yield
        finally:
            self._mine.has = False
            with self._guard:
                self._pass_on()
            took = time.monotonic() - begun
            self.durations.add(took)
            logs.tell(self._event, seconds=took, waited=begun - came)

    def _take(self, tell: Callable[[Place], None] | None) -> None:
        called = threading.Event()
        with self._guard:
            if self._free:
                self._free -= 1
                return
            self._line.append(called)
        try:
            store.until(called, tell and (lambda: self._tell(called, tell)))
        except BaseException:
            self._leave(called)
            raise

    def _tell(self, called: threading.Event, tell: Callable[[Place], None]) -> None:
        with self._guard:
            if called not in self._line:
                return
            place = Place(self._line.index(called) + 1, len(self._line))
        tell(place)

    def _leave(self, called: threading.Event) -> None:
        with self._guard:
            if called.is_set():  # called at the very moment of leaving
                self._pass_on()
            else:
                self._line.remove(called)

    def _pass_on(self) -> None:
        """Call the next in line; whoever comes now stands behind. The guard is held."""
        if self._line:
            self._line.popleft().set()
        else:
            self._free += 1
