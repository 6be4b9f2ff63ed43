"""torch takes one thread beside other sessions, and every core for a long computation alone."""

from __future__ import annotations

import threading

import pytest
import torch

from interp_core.ui.server import limits, threads


def in_a_new_thread(call) -> list:
    """What a session's thread gets of it."""
    found = []
    one = threading.Thread(target=lambda: found.extend(call()))
    one.start()
    one.join()
    return found


def during_and_after() -> list[int]:
    with threads.every_core():
        during = torch.get_num_threads()
    return [during, torch.get_num_threads()]


@pytest.fixture
def three_cores(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setattr(threads, "own", lambda: 3)
    monkeypatch.setattr(limits, "is_shared", lambda: False)
    threads.one()
    yield
    torch.set_num_threads(before)


def test_a_long_computation_takes_every_core_and_gives_them_back(three_cores):
    assert in_a_new_thread(during_and_after) == [3, 1]
    assert torch.get_num_threads() == 1
    assert in_a_new_thread(lambda: [torch.get_num_threads()]) == [1]


def test_they_are_given_back_where_it_is_stopped(three_cores):
    def stopped() -> list[int]:
        with pytest.raises(KeyboardInterrupt), threads.every_core():
            raise KeyboardInterrupt
        return [torch.get_num_threads()]

    assert in_a_new_thread(stopped) == [1]


def test_a_server_for_many_people_keeps_to_one(three_cores, monkeypatch):
    monkeypatch.setattr(limits, "is_shared", lambda: True)
    assert in_a_new_thread(during_and_after) == [1, 1]


def test_what_torch_takes_by_itself_is_known_before_it_is_told_to_take_one():
    before = torch.get_num_threads()
    threads.own.cache_clear()
    try:
        threads.one()
        assert threads.own() == before
    finally:
        torch.set_num_threads(before)
