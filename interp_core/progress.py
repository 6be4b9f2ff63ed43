"""Progress of long computations, one at a time, and their random numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from threading import RLock
from typing import Any

import numpy as np
import torch

from interp_core.errors import Stopped

EVERY = 0.1  # seconds between two looks at whether to go on


def report(progress: Callable[[int, int], object] | None, done: int, expected: int) -> None:
    """Call `progress(done, expected)`; raise `Stopped` when it returns False."""
    if progress is not None and progress(done, expected) is False:
        raise Stopped("Stopped. The result is not complete. Run it again to finish.")


def scaled(
    progress: Callable[[int, int], object] | None, start: int, end: int, whole: int = 100
) -> Callable[[int, int], object] | None:
    """The progress of one stage, reported as the part from `start` to `end` of the `whole`."""
    if progress is None:
        return None
    return lambda done, expected: progress(
        start + round((end - start) * done / max(expected, 1)), whole
    )


@contextmanager
def holding(lock: RLock, waiting: Callable[[], object]) -> Iterator[None]:
    """Hold a lock; until it is free `waiting()` is called now and then, and may raise."""
    while not lock.acquire(timeout=0.3):
        waiting()
    try:
        yield
    finally:
        lock.release()


_LOOK: ContextVar[Callable[[], object] | None] = ContextVar("look", default=None)


@contextmanager
def interruptible(look: Callable[[], object]) -> Iterator[None]:
    """Inside, `look()` is called while a network runs, and may raise to end it.

    It is called a few times a second at most, on this thread, between the modules of a pass and
    between the layers of a backward pass: a pass of a large model over a long text takes long.
    """
    _install()
    token = _LOOK.set(_now_and_then(look))
    try:
        yield
    finally:
        _LOOK.reset(token)


@cache
def _install() -> None:
    """One hook for all modules of this process; it does nothing outside of `interruptible`."""
    from torch.nn.modules.module import register_module_forward_pre_hook

    register_module_forward_pre_hook(_before)


def _before(module: Any, inputs: tuple) -> None:
    look = _LOOK.get()
    if look is None:
        return
    look()
    if module._modules and inputs and getattr(inputs[0], "requires_grad", False):
        inputs[0].register_hook(lambda _: look())


def _now_and_then(look: Callable[[], object]) -> Callable[[], None]:
    last = [time.monotonic()]

    def looked() -> None:
        now = time.monotonic()
        if now - last[0] > EVERY:
            last[0] = now
            look()

    return looked


@dataclass
class Counter:
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


_GENERATORS = threading.RLock()


@contextmanager
def global_seed(seed: int, meter: Counter | None = None) -> Iterator[None]:
    """Seed NumPy's and torch's global generators, and put them back afterwards.

    One thread at a time: with two, neither would be reproducible. Who waits may be stopped by the
    progress callback of `meter`.
    """
    meter = meter or Counter()
    with holding(_GENERATORS, lambda: meter.add(0)), torch.random.fork_rng(devices=[]):
        state = np.random.get_state()
        try:
            np.random.seed(seed)
            torch.manual_seed(seed)
            yield
        finally:
            np.random.set_state(state)
