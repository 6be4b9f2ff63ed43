"""Long computations of the pages: which line they stand in, and what their bar says."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import pytest
import streamlit as st

from interp_core.ui.embedding import results as embedding_results
from interp_core.ui.server import jobs
from interp_core.ui.server import store as server_store
from interp_core.ui.server.cache import COMPUTE, LONG
from interp_core.ui.server.logs import Pace
from interp_core.ui.server.queue import Place, Turns
from interp_core.ui.server.store import Shared
from tests.ui.sessions import Gone, Session, closable, wait_for


@pytest.fixture
def bar(monkeypatch):
    """What the bar has shown, and a clock for it."""
    shown, now = [], [0.0]

    class Drawn:
        def progress(self, share: float, text: str) -> None:
            shown.append((share, text))

    monkeypatch.setattr(st, "progress", lambda share, text: Drawn())
    monkeypatch.setattr(jobs.time, "monotonic", lambda: now[0])
    made = jobs.Bar("LIME", "evaluations")
    return made, shown, now


def test_a_bar_says_how_far_or_how_long_the_line_is(bar):
    made, _, _ = bar
    assert made.counted(5, 20) == (0.25, "LIME: 5 of about 20 evaluations")
    assert made.counted(30, 20) == (1.0, "LIME: 30 of about 30 evaluations")
    assert made.queued(Place(2, 7)) == (0.0, "LIME: 2nd in the queue; 7 people waiting")
    assert jobs.Bar("UMAP", "%").counted(30, 100) == (0.3, "UMAP: 30%")


def test_a_bar_is_drawn_a_few_times_a_second_whoever_reports_how_often(bar):
    made, shown, now = bar
    for hundredth in range(100):
        now[0] = hundredth / 100
        made.draw((hundredth / 100, "text"))
    assert 2 <= len(shown) <= 3
    now[0] = 9.0
    made.draw(None)
    made.draw(shown[-1])
    assert len(shown) <= 3


@pytest.fixture
def run(monkeypatch):
    """`run(key, compute)`: as a page does, without its drawing."""
    monkeypatch.setattr(jobs, "PACE", Pace())
    results = Shared(9)

    class Quiet:
        def draw(self, note) -> None:
            pass

        queued = counted = staticmethod(lambda *_: None)

    class Place:
        container = staticmethod(lambda **_: nullcontext())
        empty = staticmethod(lambda: None)

    monkeypatch.setattr(jobs, "Bar", lambda what, unit: Quiet())
    monkeypatch.setattr(jobs.st, "empty", Place)
    monkeypatch.setattr(jobs.st, "button", lambda *_, **__: None)
    monkeypatch.setattr(jobs.st, "session_state", {})
    return lambda key, compute, what="LIME": jobs.run(key, what, compute, store=results)


def test_one_long_computation_leaves_a_turn_free_for_short_ones(run):
    gate = threading.Event()
    sessions = [Session(lambda n=n: run(n, lambda progress: gate.wait(60))) for n in range(5)]
    wait_for(lambda: LONG.waiting == 4 and COMPUTE.running)
    assert (COMPUTE.running, COMPUTE.waiting) == (1, 0)
    with COMPUTE:
        assert COMPUTE.running == 2
    gate.set()
    assert all(each.ended() for each in sessions)
    assert (COMPUTE.running, LONG.running, LONG.waiting) == (0, 0, 0)


def test_what_is_known_to_be_quick_does_not_wait_for_long_ones(run):
    run("first", lambda progress: 1, what="Saliency")
    gate = threading.Event()
    long = Session(lambda: run("long", lambda progress: gate.wait(60)))
    wait_for(lambda: LONG.running)
    assert run("second", lambda progress: 2, what="Saliency") == 2
    assert long.is_alive()
    gate.set()
    assert long.ended()


def test_a_computation_stops_at_its_next_report_when_its_session_closes(run, monkeypatch):
    closable(monkeypatch)
    gate = threading.Event()

    def compute(progress) -> None:
        gate.wait(60)
        progress(1, 2)
        raise AssertionError("went on")

    session = Session(lambda: run("key", compute))
    wait_for(lambda: COMPUTE.running)
    session.leave()
    gate.set()
    assert session.ended()
    assert isinstance(session.error, Gone)
    assert (COMPUTE.running, LONG.running) == (0, 0)


def test_a_result_of_the_projector_waits_for_its_turn_before_it_claims_its_key(monkeypatch):
    """Else two who hold both turns could wait for two who wait for a turn."""
    turns, kept = Turns(1), Shared(9)
    monkeypatch.setattr(embedding_results, "COMPUTE", turns)
    monkeypatch.setattr(embedding_results, "kept", lambda: kept)
    with turns:
        other = Session(lambda: embedding_results.quick("key", lambda: 1))
        wait_for(lambda: turns.waiting == 1)
        assert not kept._underway
        assert embedding_results.quick("key", lambda: 2) == 2
    assert other.ended()
    assert other.result == 2


def test_streamlit_still_tells_a_waiting_script_that_its_session_has_gone():
    """The function is not documented; this fails if an update takes it away."""
    from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

    assert server_store.get_run_yield_check is get_run_yield_check
    assert get_run_yield_check() is None  # no session here
    server_store.check()


def test_an_error_takes_the_bar_and_its_stop_button_away():
    from streamlit.testing.v1 import AppTest

    def page():
        from interp_core.errors import BadInput
        from interp_core.ui import errors
        from interp_core.ui.server import jobs

        def compute(progress):
            raise BadInput("The text is empty.")

        with errors.shown():
            jobs.run(("an error", 1), "Texts", compute)

    app = AppTest.from_function(page).run()
    assert [each.value for each in app.error] == ["The text is empty\\."]
    assert not app.button
    assert not app.get("progress")
