"""The front page is made ready when the server starts; if that fails, only the log notices.

`tests/safety/test_figures.py` looks at a real server after its warm start.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest

from interp_core.ui.server import limits, logs, warm_start


def finish(work: Coroutine) -> None:
    """Run it in a thread of its own: where a browser was driven, this one has a loop already."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


class Server:
    """A runtime that answers each try with the next of these."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked = list(answers), 0

    async def does_script_run_without_error(self) -> tuple[bool, str]:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer == "ok", answer


@pytest.fixture
def started(monkeypatch, capfd):
    """`started(*answers)`: the runtime after a warm start, and the lines that were logged."""
    monkeypatch.setenv("CLEARHEAD_LOG", "info")
    monkeypatch.setattr(logs.log, "handlers", [])

    def start(*answers) -> tuple[Server, list[dict]]:
        server = Server(*answers)
        monkeypatch.setattr(warm_start.Runtime, "_instance", server)
        finish(warm_start.prepare())
        return server, [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    yield start
    logs.log.setLevel(logging.WARNING)


def test_a_slow_machine_gets_further_tries(started):
    server, lines = started("timeout", "timeout", "ok")
    assert server.asked == 3
    assert [line["event"] for line in lines] == ["warm start"]


@pytest.mark.parametrize(
    ("answers", "kind", "tries"),
    [
        (["error"], "error", 1),
        (["timeout"] * 9, "timeout", warm_start.TRIES),
        ([ValueError("somebody's words")], "ValueError", 1),
    ],
)
def test_a_failure_is_logged_and_harmless(started, answers, kind, tries):
    server, lines = started(*answers)
    assert server.asked == tries
    assert [(line["event"], line["level"], line["kind"]) for line in lines] == [
        ("warm start failed", "warning", kind)
    ]
    assert "words" not in str(lines)


@pytest.mark.parametrize(
    ("value", "expected"), [("", True), ("1", True), ("0", False), ("off", False), ("No", False)]
)
def test_it_can_be_switched_off(monkeypatch, value, expected):
    begun = []

    async def prepare() -> None:
        begun.append(True)

    async def serve() -> None:
        async with warm_start.lifespan(None):
            await asyncio.sleep(0)

    monkeypatch.setenv("CLEARHEAD_WARM_START", value)
    monkeypatch.setattr(warm_start, "prepare", prepare)
    option = warm_start.config.get_option
    monkeypatch.setattr(
        warm_start.config, "get_option", lambda name: name == "server.headless" or option(name)
    )
    finish(serve())
    assert bool(begun) is expected


def test_the_file_switches_it_off(monkeypatch, tmp_path):
    monkeypatch.delenv("CLEARHEAD_WARM_START", raising=False)
    monkeypatch.setattr(limits, "FILE", tmp_path / "clearhead.toml")
    assert limits.warm_start()
    limits.FILE.write_text("warm_start = false")
    assert not limits.warm_start()


def test_a_browser_is_opened_where_there_is_a_screen(monkeypatch):
    opened = []
    told = {"server.headless": False, "browser.serverAddress": "localhost"}
    option = warm_start.config.get_option

    async def serve() -> None:
        async with warm_start.lifespan(None):
            pass

    monkeypatch.setenv("CLEARHEAD_WARM_START", "0")
    monkeypatch.setattr(
        warm_start.config, "get_option", lambda name: told[name] if name in told else option(name)
    )
    monkeypatch.setattr(warm_start.cli_util, "open_browser", opened.append)
    finish(serve())
    assert opened == [f"http://localhost:{option('server.port')}"]
