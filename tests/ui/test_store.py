"""The store that all sessions share."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref

import numpy as np
import pytest

from interp_core.ui.server.store import Shared
from tests.ui.sessions import Gone, Session, closable, wait_for


def test_concurrent_requests_compute_once():
    calls, gate = [], threading.Event()

    def compute() -> str:
        calls.append(1)
        gate.wait(60)
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


def test_a_result_too_large_to_stay_reaches_everybody_who_waited():
    """Two waited for the first; it is evicted before they look."""
    store, gate, calls = Shared(1), threading.Event(), []

    def compute() -> str:
        calls.append(1)
        gate.wait(60)
        return "value"

    sessions = [Session(lambda: store.get("key", compute)) for _ in range(3)]
    wait_for(lambda: calls)
    keep = store._keep

    def keep_and_evict(key, value) -> None:
        keep(key, value)
        store.clear()

    store._keep = keep_and_evict
    gate.set()
    assert all(each.ended() for each in sessions)
    assert [each.result for each in sessions] == ["value"] * 3
    assert len(calls) == 1


def test_when_the_computing_session_closes_one_of_those_who_wait_takes_over(monkeypatch):
    closable(monkeypatch)
    store, gate, calls = Shared(4), threading.Event(), []

    def compute() -> str:
        calls.append(threading.current_thread())
        while not gate.wait(0.01):
            calls[-1].check()
        return "value"

    sessions = [Session(lambda: store.get("key", compute)) for _ in range(5)]
    wait_for(lambda: calls)
    calls[0].leave()
    wait_for(lambda: len(calls) == 2)
    assert isinstance(calls[0].error, Gone)
    gate.set()
    assert all(each.ended() for each in sessions)
    assert len(calls) == 2
    assert sorted(str(each.result) for each in sessions) == ["None"] + ["value"] * 4
    assert not store._underway


def test_who_waits_for_anothers_result_may_go(monkeypatch):
    closable(monkeypatch)
    store, gate = Shared(4), threading.Event()
    first = Session(lambda: store.get("key", lambda: gate.wait(60)))
    wait_for(lambda: store._underway)
    second = Session(lambda: store.get("key", lambda: 7))
    second.leave()
    assert second.ended()
    assert isinstance(second.error, Gone)
    assert first.is_alive()
    gate.set()
    assert first.ended()


def test_who_waits_sees_how_far_it_is():
    store, gate, seen = Shared(4), threading.Event(), []

    def compute() -> str:
        store.note("key", "half way")
        gate.wait(60)
        return "value"

    first = Session(lambda: store.get("key", compute))
    wait_for(lambda: store._underway)
    second = Session(lambda: store.get("key", compute, seen.append))
    wait_for(lambda: "half way" in seen)
    gate.set()
    assert first.ended()
    assert second.ended()
    store.note("key", "nobody waits any more")
    assert not store._underway


def test_results_can_be_forgotten_by_their_keys():
    store = Shared(4, size=lambda value: value)
    for value in (1, 2, 3):
        store.get(value, lambda value=value: value)
    assert store.oldest() == 1
    store.forget(lambda key: key < 3)
    assert (store.entries, store.bytes, store.oldest()) == (1, 3, 3)
    store.clear()
    assert (store.entries, store.bytes, store.oldest()) == (0, 0, None)


def test_a_failure_reaches_all_who_wait_and_nobody_later():
    store, gate, calls, waiting = Shared(4), threading.Event(), [], set()

    def fail() -> None:
        calls.append(1)
        gate.wait(60)
        raise ValueError("too long")

    def look(note) -> None:
        waiting.add(threading.current_thread())

    sessions = [Session(lambda: store.get("key", fail, look)) for _ in range(5)]
    wait_for(lambda: len(waiting) == 4)
    gate.set()
    assert all(each.ended() for each in sessions)
    assert [str(each.error) for each in sessions] == ["too long"] * 5
    assert len(calls) == 1
    assert store.get("key", lambda: 7) == 7


def test_a_failure_keeps_nothing_of_what_was_computed():
    store, gone = Shared(4), []

    def fail() -> None:
        large = np.zeros(10)
        gone.append(weakref.ref(large))
        raise ValueError("no result")

    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            store.get("key", fail)
        assert gone[0]() is None
    finally:
        gc.enable()
