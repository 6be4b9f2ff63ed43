"""Threads that stand for sessions: each can go away, as when a tab is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from interp_core.ui.server import store

PATIENCE = 60.0  # seconds until a test gives up: far more than a busy machine takes


class Gone(BaseException):
    """What Streamlit raises in a script whose session has closed."""


class Session(threading.Thread):
    """Runs something; `leave()` lets it raise `Gone` at the next place where it looks."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work, self.result, self.error, self._left = work, None, None, False
        self.start()

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:
            self.error = error

    def leave(self) -> None:
        self._left = True

    def check(self) -> None:
        if self._left:
            raise Gone

    def ended(self, seconds: float = PATIENCE) -> bool:
        self.join(seconds)
        return not self.is_alive()


def closable(monkeypatch) -> None:
    """Let `patience` ask these threads instead of Streamlit."""
    monkeypatch.setattr(
        store,
        "get_run_yield_check",
        lambda: getattr(threading.current_thread(), "check", None),
    )


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.01)
