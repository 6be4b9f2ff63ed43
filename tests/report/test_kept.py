"""The copy of a report on the server's disk: for whoever holds the token, for a while."""

from __future__ import annotations

import os

import pytest
import streamlit as st

from interp_core.report.record import Report
from interp_core.report.saved import Session
from interp_core.ui.report import kept
from tests.report.made import figure


@pytest.fixture
def session(monkeypatch, tmp_path):
    """A session of a browser whose cookie is `browser["cookie"]`."""
    browser = {"cookie": ""}
    monkeypatch.setenv("CLEARHEAD_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setattr(kept, "_cookie", lambda: browser["cookie"])

    def begin(cookie: str = "") -> dict:
        browser["cookie"] = cookie
        state: dict = {}
        monkeypatch.setattr(st, "session_state", state)
        return state

    return begin


def saved(session, *figures) -> str:
    """The token of a session that has kept these figures."""
    state = session()
    kept.note(Session(Report("Mine", figures), {"attention_heads": "view=Heatmap"}))
    return state[kept.TOKEN]


def test_a_reloaded_tab_is_offered_its_report(session):
    token = saved(session, figure(), figure(opened=True))
    session(token)
    before = kept.offered()
    assert before.report.title == "Mine"
    assert before.views == {"attention_heads": "view=Heatmap"}
    assert [each.opened for each in before.report.figures] == [False, True]


def test_nobody_else_is(session):
    token = saved(session, figure())
    for cookie in ("", "x" * 32, token[:-1] + ("a" if token[-1] != "a" else "b")):
        session(cookie)
        assert kept.offered() is None
    (file,) = kept.folder().iterdir()
    assert token not in file.name
    assert token.encode() not in file.read_bytes()
    if os.name == "posix":
        assert kept.folder().stat().st_mode & 0o077 == 0
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("cookie", ["../../etc/passwd", "a/b", "x" * 31, "\n" * 32])
def test_what_is_no_token_is_no_file(monkeypatch, cookie):
    monkeypatch.setattr(type(st.context), "cookies", {kept.COOKIE: cookie})
    assert kept._cookie() == ""


def test_a_copy_expires(session):
    token = saved(session, figure())
    (file,) = kept.folder().iterdir()
    long_ago = file.stat().st_mtime - (kept.DAYS + 1) * 86_400
    os.utime(file, (long_ago, long_ago))
    session(token)
    assert kept.offered() is None
    assert not list(kept.folder().iterdir())


def test_the_oldest_copies_make_room(session, monkeypatch):
    monkeypatch.setattr(kept, "MOST_FILES", 2)
    tokens = []
    for place in range(3):
        tokens.append(saved(session, figure()))
        path = kept._path(tokens[-1])
        made = path.stat().st_mtime - 60 + place
        os.utime(path, (made, made))
    assert [kept._path(token).exists() for token in tokens] == [False, True, True]


def test_an_emptied_report_leaves_no_copy_and_a_deleted_one_none(session):
    token = saved(session, figure())
    session(token)
    kept.offered()
    kept.discard()
    assert not list(kept.folder().iterdir())
    saved(session, figure())
    kept.note(Session(Report(), {}))
    assert not list(kept.folder().iterdir())


def test_it_can_be_switched_off(session, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_KEEP_REPORTS", "0")
    state = session()
    kept.note(Session(Report("Mine", (figure(),)), {}))
    assert kept.TOKEN not in state
    assert not kept.folder().exists()
