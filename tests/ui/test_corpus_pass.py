"""A pass over a corpus: once for all who ask, one at a time, and nothing partial is kept."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from interp_core.ui.heads import corpus
from interp_core.ui.server import jobs, limits
from interp_core.ui.server.cache import LONG
from interp_core.ui.server.logs import Pace
from interp_core.ui.server.store import Shared
from tests.ui.sessions import Gone, Session, closable, wait_for

ASKED = corpus.Asked("sentiment", "", "sentences", 3)


@pytest.fixture
def passes(monkeypatch):
    """The passes that have begun; each waits for `passes.gate` between its two batches."""
    seen = SimpleNamespace(begun=[], gate=threading.Event(), state={})
    store, page = Shared(9), MagicMock(session_state=seen.state)

    def stream(asked):
        seen.begun.append(threading.current_thread())
        for rows in (1, 2):
            yield SimpleNamespace(rows=rows, texts=rows, statistics="some")
            seen.gate.wait(60)

    for name, instead in (("st", page), ("_stream", stream), ("_states", lambda: store)):
        monkeypatch.setattr(corpus, name, instead)
    monkeypatch.setattr(corpus, "_told", lambda asked, state: f"{state.rows} read")
    monkeypatch.setattr(jobs, "PACE", Pace())
    seen.store = store
    yield seen
    seen.gate.set()  # a test that failed leaves no pass that keeps the next one's turn


def gathered(asked=ASKED):
    return corpus.gathered(asked, lambda statistics: None)


def test_a_corpus_is_read_once_for_all_who_ask(passes):
    sessions = [Session(gathered) for _ in range(8)]
    wait_for(lambda: passes.begun)
    assert LONG.running == 1
    passes.gate.set()
    assert all(each.ended() for each in sessions)
    assert len(passes.begun) == 1
    assert {id(each.result) for each in sessions} == {id(passes.store.peek(ASKED))}
    assert sessions[0].result.rows == 2
    assert LONG.running == 0


def test_two_corpora_are_read_one_after_the_other(passes):
    other = corpus.Asked("encoder", "", "sentences", 3)
    sessions = [Session(gathered), Session(lambda: gathered(other))]
    wait_for(lambda: passes.begun and LONG.waiting == 1)
    assert len(passes.begun) == 1
    passes.gate.set()
    assert all(each.ended() for each in sessions)
    assert len(passes.begun) == 2


def test_a_pass_ends_with_its_session_and_another_takes_it_over(passes, monkeypatch):
    closable(monkeypatch)
    bar = corpus.st.progress.return_value
    bar.progress.side_effect = lambda *_, **__: getattr(
        threading.current_thread(), "check", lambda: None
    )()
    sessions = [Session(gathered) for _ in range(3)]
    wait_for(lambda: passes.begun)
    passes.begun[0].leave()
    passes.gate.set()
    assert all(each.ended() for each in sessions)
    assert isinstance(passes.begun[0].error, Gone)
    assert len(passes.begun) == 2
    assert LONG.running == 0


def test_what_runs_out_of_time_is_shown_but_not_kept(passes, monkeypatch):
    monkeypatch.setattr(limits, "clock", lambda: lambda: True)
    assert gathered().rows == 1
    assert passes.store.entries == 0
    assert LONG.running == 0
    assert passes.state[corpus.STOPPED] == ASKED
