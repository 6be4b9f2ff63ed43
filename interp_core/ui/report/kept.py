"""A copy of a session's report on the server's disk, for whoever reloads the tab.

The browser keeps a random token in a cookie; the file is named after the token's digest, so that
neither the folder nor a log gives a token away. Copies expire, and the oldest make room.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from interp_core.errors import ClearheadError
from interp_core.report.saved import Session, load, save
from interp_core.ui.server import limits

COOKIE = "clearhead_report"
DAYS = 7
MOST_FILES, MOST_BYTES = 200, 512 * 2**20
TOKEN, OFFER = "clearhead_token", "clearhead_offer"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_JS = """
export default function ({ data }) {
  const place = new URL(document.baseURI).pathname.replace(/[^/]*$/, "");
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.token}; path=${place}; max-age=${data.seconds}`
    + `; SameSite=Strict${secure}`;
}
"""
_mount = st.components.v2.component("report_token", html="<span hidden></span>", js=_JS)


def is_on() -> bool:
    """Whether copies are kept: unless whoever runs the server has switched it off."""
    return limits.setting("keep_reports").lower() not in limits.OFF - {""}


def folder() -> Path:
    """Where the copies lie: a folder that this user of the computer alone may read."""
    given = limits.setting("reports")
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return Path(given) if given else Path(tempfile.gettempdir()) / f"clearhead-reports-{user}"


def note(now: Session) -> None:
    """Keep a copy of this session; without pictures none is kept."""
    if not is_on():
        return
    token = st.session_state.get(TOKEN)
    if not now.report.figures:
        if token:
            _path(token).unlink(missing_ok=True)
        return
    if token is None:
        token = st.session_state[TOKEN] = secrets.token_urlsafe(24)
    st.session_state.pop(OFFER, None)  # this session has a report of its own
    with contextlib.suppress(OSError):  # a full disk takes nothing away from the session
        _write(_path(token), _content(now))
        _tidy()


def show() -> None:
    """Give the browser the token; takes no room."""
    token = st.session_state.get(TOKEN)
    if token and token != _cookie():
        with st.container(height=1, border=False):
            _mount(
                key="report_token",
                data={"name": COOKIE, "token": token, "seconds": DAYS * 86_400},
            )


def offered() -> Session | None:
    """The report that this browser had before, while this session has none."""
    if OFFER not in st.session_state:
        token = _cookie() if is_on() else ""
        st.session_state[OFFER] = _read(token) if token else None
    return st.session_state[OFFER]


def take() -> Session:
    """The offered report becomes this session's; further changes go into the same copy."""
    st.session_state[TOKEN] = _cookie()
    return st.session_state.pop(OFFER)


def discard() -> None:
    """Delete the copy that is offered; for callbacks."""
    _path(_cookie()).unlink(missing_ok=True)
    st.session_state[OFFER] = None


def _cookie() -> str:
    given = st.context.cookies.get(COOKIE, "")
    return given if isinstance(given, str) and _TOKEN.fullmatch(given) else ""


def _path(token: str) -> Path:
    return folder() / f"{hashlib.sha256(token.encode()).hexdigest()[:40]}.json"


def _write(path: Path, data: bytes) -> None:
    """All or nothing, in a folder that is closed to others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.is_symlink() or not os.access(path.parent, os.W_OK):
        return
    if hasattr(os, "getuid") and path.parent.stat().st_uid != os.getuid():
        return  # somebody else has put this folder there
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(name, path)


def _content(now: Session) -> bytes:
    """Which pictures came from a file of somebody else's, in a line; then the saved session."""
    flags = "".join("1" if figure.opened else "0" for figure in now.report.figures)
    return flags.encode() + b"\n" + save(now)


def _read(token: str) -> Session | None:
    path = _path(token)
    try:
        if time.time() - path.stat().st_mtime > DAYS * 86_400:
            path.unlink()
            return None
        flags, _, saved = path.read_bytes().partition(b"\n")
        session = load(saved)
        figures = [
            replace(figure, opened=flag == "1")
            for figure, flag in zip(session.report.figures, flags.decode("ascii"), strict=True)
        ]
        return replace(session, report=replace(session.report, figures=tuple(figures)))
    except (OSError, ValueError, ClearheadError):
        return None


def _tidy() -> None:
    """Delete what has expired, and the oldest where there is too much."""
    found = sorted(folder().iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    held = 0
    for place, path in enumerate(found):
        held += path.stat().st_size
        old = time.time() - path.stat().st_mtime > DAYS * 86_400
        if old or place >= MOST_FILES or held > MOST_BYTES:
            path.unlink(missing_ok=True)
