"""The line in which computations wait: fair, visible, and left by those who go."""

from __future__ import annotations

import threading

import pytest

from interp_core.ui.server.queue import Place, Turns
from tests.ui.sessions import Gone, Session, closable, wait_for


@pytest.fixture(autouse=True)
def sessions_close(monkeypatch):
    closable(monkeypatch)


class Held:
    """One turn that is held until it is let go."""

    def __init__(self, turns: Turns) -> None:
        self.gate = threading.Event()
        self.session = Session(lambda: self.hold(turns))
        wait_for(lambda: turns.running)

    def hold(self, turns: Turns) -> None:
        with turns:
            self.gate.wait(60)


def in_line(turns: Turns, work, tell=None) -> Session:
    """A session that has reached the line."""
    before = turns.waiting

    def take() -> None:
        with turns.turn(tell):
            work()

    session = Session(take)
    wait_for(lambda: turns.waiting == before + 1)
    return session


def test_first_come_first_served():
    turns, served = Turns(1), []
    held = Held(turns)
    sessions = [in_line(turns, lambda number=number: served.append(number)) for number in range(20)]
    held.gate.set()
    assert all(each.ended() for each in sessions)
    assert served == list(range(20))


def test_no_more_than_the_limit_run_at_once():
    turns, inside, most = Turns(2), [], []

    def work() -> None:
        with turns:
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.pop()

    sessions = [Session(work) for _ in range(12)]
    assert all(each.ended() for each in sessions)
    assert max(most) == 2
    assert (turns.running, turns.waiting) == (0, 0)


def test_who_waits_is_told_the_place_and_how_many_wait():
    turns, told = Turns(1), []
    held = Held(turns)
    sessions = [in_line(turns, lambda: None) for _ in range(2)]
    sessions.append(in_line(turns, lambda: None, told.append))
    wait_for(lambda: Place(3, 3) in told)
    sessions[0].leave()
    wait_for(lambda: Place(2, 2) in told)
    held.gate.set()
    assert all(each.ended() for each in sessions)


def test_who_leaves_the_line_holds_nobody_up():
    turns, served = Turns(1), []
    held = Held(turns)
    sessions = [in_line(turns, lambda number=number: served.append(number)) for number in range(3)]
    sessions[1].leave()
    assert sessions[1].ended()
    assert isinstance(sessions[1].error, Gone)
    assert turns.waiting == 2
    held.gate.set()
    assert all(each.ended() for each in sessions)
    assert served == [0, 2]
    assert (turns.running, turns.waiting) == (0, 0)


def test_who_leaves_at_the_moment_of_being_called_passes_the_turn_on():
    turns = Turns(1)
    called = threading.Event()
    with turns._guard:
        turns._free = 0
        called.set()  # as if the last one had just finished
    turns._leave(called)
    assert turns.running == 0
    with turns:
        assert turns.running == 1


def test_a_drawing_that_fails_leaves_the_line():
    """Drawing the place is where Streamlit stops a script."""
    turns = Turns(1)
    held = Held(turns)

    def draw(place: Place) -> None:
        raise Gone

    def take() -> None:
        with turns.turn(draw):
            pass

    session = Session(take)
    assert session.ended()
    assert isinstance(session.error, Gone)
    assert turns.waiting == 0
    held.gate.set()


@pytest.mark.timeout(20)
def test_a_turn_within_a_turn_is_the_same_turn():
    turns = Turns(1)
    with turns, turns.turn(), turns:
        assert turns.running == 1
    assert turns.running == 0
    assert turns.durations.steps()[-1][1] == 1
