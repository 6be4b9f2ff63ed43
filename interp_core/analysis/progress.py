"""Tell a caller how far a long computation is, and let the caller stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock

from interp_core.errors import ClearheadError


class Stopped(ClearheadError):
    """The progress callback returned False."""


def report(progress: Callable[[int, int], object] | None, done: int, expected: int) -> None:
    """Call `progress(done, expected)`; raise `Stopped` when it returns False."""
    if progress is not None and progress(done, expected) is False:
        raise Stopped("Stopped before it was complete. Run it again to finish.")


def part_of(
    progress: Callable[[int, int], object] | None, start: int, end: int, whole: int = 100
) -> Callable[[int, int], object] | None:
    """The progress of one stage, told as the part from `start` to `end` of the `whole`."""
    if progress is None:
        return None
    return lambda done, expected: progress(
        start + round((end - start) * done / max(expected, 1)), whole
    )


@contextmanager
def alone(lock: RLock, waiting: Callable[[], object]) -> Iterator[None]:
    """Hold a lock; until it is free `waiting()` is called now and then, and may raise."""
    while not lock.acquire(timeout=0.3):
        waiting()
    try:
        yield
    finally:
        lock.release()


@dataclass
class Meter:
    """Counts evaluations (rows that went through the model) and reports them.

    `progress(done, expected)` may raise, or return False to stop with `Stopped`. `expected` is a
    forecast and may grow.
    """

    progress: Callable[[int, int], object] | None = None
    expected: int = 0
    done: int = 0

    def add(self, rows: int) -> None:
        """Count `rows` more evaluations."""
        self.done += rows
        report(self.progress, self.done, max(self.expected, self.done))
