"""Many sessions on one real server: they wait in line, stop, close, and leave nothing behind."""

from __future__ import annotations

import asyncio
import re
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from benchmarks.loading.tab import Tab, opened
from interp_core.attribution.methods import METHODS
from tests.safety.visitor import visit
from tools.browser import Server

PEOPLE = 50
LONG = {"method": METHODS["shapley_sampling"].title, "steps": 512}
STATE = re.compile(r'^clearhead_computations\{state="(\w+)"\} (\d+)', re.MULTILINE)


@pytest.fixture(scope="module")
def server(served):
    """A shared one whose front page has been seen."""
    return served.server


def computations(server: Server) -> dict[str, int]:
    with urllib.request.urlopen(f"{server.url}/_stcore/metrics", timeout=60) as answer:
        found = STATE.findall(answer.read().decode())
    return {state: int(count) for state, count in found}


def threads() -> int:
    """Of the only server that this test has started."""
    found = [each for each in psutil.Process().children() if "streamlit" in each.cmdline()]
    return found[0].num_threads()


async def until(condition) -> None:
    """Wait until it holds, which a busy machine may take a while for."""
    late = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < late, "it did not come true in time"
        await asyncio.sleep(0.05)


async def computing(server: Server, text: str) -> tuple[Tab, asyncio.Task]:
    """A tab on the attribution page that has asked for a long computation."""
    tab, _ = await opened(server.url, model="sentiment")
    tab.page, tab.query = tab.pages["word_attributions"], _query(text)
    await tab.run()
    return tab, asyncio.create_task(tab.choose("Compute"))


def _query(text: str) -> str:
    from urllib.parse import urlencode

    return urlencode({**LONG, "text": text})


def words(number: int) -> str:
    return " ".join(f"word{number} is long and {place} was not dull" for place in range(12))


def alone(story) -> None:
    """Run it in a thread of its own: the browser's tests leave an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(story())).result()


def test_fifty_sessions_that_close_in_mid_computation_leave_nothing_behind(server):
    async def close_all() -> None:
        tabs = await asyncio.gather(*(computing(server, words(n)) for n in range(PEOPLE)))
        await until(lambda: sum(computations(server).values()) >= PEOPLE - 5)
        await asyncio.gather(*(tab.socket.close() for tab, _ in tabs))
        await asyncio.gather(*(run for _, run in tabs), return_exceptions=True)
        await until(lambda: set(computations(server).values()) == {0})

    before = threads()
    alone(close_all)
    with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=60) as answer:
        assert answer.status == 200
    assert "Attention heads" in visit(server.url, "?text=A+new+visitor+comes.")
    assert threads() <= before + 10


def test_places_in_line_are_shown_and_one_who_stops_leaves_at_once(server):
    async def stop_one() -> None:
        tabs = await asyncio.gather(*(computing(server, words(100 + n)) for n in range(4)))
        runs = [run for _, run in tabs]
        queued = re.compile(r"\dth|\dnd|\drd|1st in the queue; \d")
        await until(lambda: sum(any(map(queued.search, tab.said)) for tab, _ in tabs) >= 3)
        last = max(tabs, key=lambda each: max(map(_place, each[0].said)))
        place = max(map(_place, last[0].said))
        assert place == 3
        last[1].cancel()
        await asyncio.wait_for(last[0].choose("Stop"), 60)
        await until(lambda: computations(server)["waiting"] == 2)
        for tab, _ in tabs:
            await tab.close()
        await asyncio.gather(*runs, return_exceptions=True)
        await until(lambda: set(computations(server).values()) == {0})

    alone(stop_one)


def _place(text: str) -> int:
    found = re.search(r"(\d+)(?:st|nd|rd|th) in the queue; \d+ (?:person|people) waiting", text)
    return int(found[1]) if found else 0


def test_who_asks_the_same_sees_its_progress_and_takes_over_when_the_first_leaves(server):
    async def take_over() -> None:
        first, run = await computing(server, words(200))
        await until(lambda: computations(server)["running"] == 1)
        second, other = await computing(server, words(200))
        await until(lambda: any(" of about " in each for each in second.said))
        assert computations(server) == {"waiting": 0, "running": 1}
        await first.close()
        await asyncio.gather(run, return_exceptions=True)
        seen = len(second.said)
        await until(lambda: sum(" of about " in each for each in second.said[seen:]) >= 2)
        assert computations(server) == {"waiting": 0, "running": 1}
        await second.close()
        await asyncio.gather(other, return_exceptions=True)
        await until(lambda: set(computations(server).values()) == {0})

    alone(take_over)
