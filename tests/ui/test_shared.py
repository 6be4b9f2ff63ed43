"""The store that all sessions share."""

from __future__ import annotations

import threading

import pytest

from interp_core.ui.shared import Shared


def test_concurrent_requests_compute_once():
    calls, gate = [], threading.Event()

    def compute() -> str:
        calls.append(1)
        gate.wait(5)
        return "value"

    store, found = Shared(4), []
    threads = [
        threading.Thread(target=lambda: found.append(store.get("key", compute))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert found == ["value"] * 8
    assert len(calls) == 1


def test_the_least_recently_used_goes_first():
    store = Shared(2)
    store.get("a", lambda: 1)
    store.get("b", lambda: 2)
    store.get("a", lambda: 0)
    store.get("c", lambda: 3)
    assert store.peek("b") is None
    assert (store.peek("a"), store.peek("c")) == (1, 3)


def test_bytes_are_bounded_and_a_single_large_result_is_kept():
    store = Shared(100, most_bytes=10, size=lambda value: value)
    for value in (4, 5, 6):
        store.get(value, lambda value=value: value)
    assert store.peek(4) is None
    assert store.peek(5) is None
    assert store.peek(6) == 6
    store.get(99, lambda: 99)
    assert store.peek(99) == 99


def test_a_failure_is_not_kept_and_does_not_block():
    store = Shared(2)

    def fail() -> None:
        raise ValueError("no result")

    for _ in range(2):
        with pytest.raises(ValueError, match="no result"):
            store.get("key", fail)
    assert store.get("key", lambda: 7) == 7
