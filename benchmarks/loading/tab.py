"""A browser's tab as the server sees it: one websocket with Streamlit's messages, no drawing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

PATIENCE = 120.0  # seconds until a person gives up
LISTS = {"multiselect", "button_group"}  # controls whose value is a list of words
EARLY = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # another run follows at once
LOST = (WebSocketException, OSError, TimeoutError)


@dataclass(frozen=True)
class Answer:
    """One run of the script: how long it took, what was sent, what went wrong."""

    seconds: float
    bytes: int
    errors: tuple[str, ...] = ()
    lost: bool = False


@dataclass
class Tab:
    """An open tab. Controls are named by their labels."""

    socket: ClientConnection
    controls: dict[str, tuple[str, str]] = field(default_factory=dict)  # label: (kind, id)
    pages: dict[str, str] = field(default_factory=dict)  # address: hash
    page: str = ""
    query: str = ""
    said: list[str] = field(default_factory=list)  # what progress bars said
    _values: dict[str, WidgetState] = field(default_factory=dict)
    _known: list[set[str]] = field(default_factory=lambda: [set(), set()])  # of the last two runs

    async def choose(self, label: str, value: str | Iterable[str] = "") -> Answer:
        """Set a control or press a button, and wait for the page."""
        kind, name = self.controls[label]
        state = WidgetState(id=name)
        if kind == "button":
            state.trigger_value = True
        elif kind in LISTS:
            state.string_array_value.data.extend([value] if isinstance(value, str) else value)
        else:
            state.string_value = str(value)
        if kind != "button":  # a click counts once
            self._values[name] = state
        return await self.run(*([state] if kind == "button" else []))

    async def go(self, address: str) -> Answer:
        """Open another page of the menu."""
        self.page, self._values, self.controls = self.pages[address], {}, {}
        return await self.run()

    async def run(self, *clicked: WidgetState) -> Answer:
        """Ask for a run of the script and read all that it sends."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash = self.query, self.page
        asked.widget_states.widgets.extend([*self._values.values(), *clicked])
        asked.cached_message_hashes.extend(set().union(*self._known))
        started = time.perf_counter()
        try:
            await self.socket.send(message.SerializeToString())
            size, errors = await asyncio.wait_for(self._read(), PATIENCE)
        except LOST as error:
            return Answer(time.perf_counter() - started, 0, (type(error).__name__,), lost=True)
        return Answer(time.perf_counter() - started, size, errors)

    async def close(self) -> None:
        """Close the tab."""
        await self.socket.close()

    async def _read(self) -> tuple[int, tuple[str, ...]]:
        size, errors, known = 0, [], set()
        while True:
            data = await self.socket.recv()
            message, size = ForwardMsg.FromString(data), size + len(data)
            if message.metadata.cacheable:
                known.add(message.hash)
            kind = message.WhichOneof("type")
            if kind == "delta":
                errors += self._notice(message.delta.new_element)
            elif kind == "navigation":
                self.pages = {
                    p.url_pathname: p.page_script_hash for p in message.navigation.app_pages
                }
                self.page = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "script_finished" and message.script_finished != EARLY:
                self._known = [self._known[1], known]
                return size, tuple(errors)

    def _notice(self, element) -> list[str]:  # noqa: ANN001 - an Element of Streamlit's
        kind = element.WhichOneof("type")
        if kind == "exception":
            return [element.exception.type]
        if kind == "alert" and element.alert.format == element.alert.ERROR:
            return [element.alert.body[:80]]
        if kind == "progress":
            self.said.append(element.progress.text)
        shown = getattr(element, kind) if kind else None
        if getattr(shown, "id", "") and getattr(shown, "label", ""):
            self.controls[shown.label] = (kind, shown.id)
        return []


async def opened(url: str, **query: str) -> tuple[Tab | None, Answer]:
    """A new tab on the front page, and its first answer; the connection counts as part of it."""
    started = time.perf_counter()
    try:
        socket = await connect(
            url.replace("http://", "ws://") + "/_stcore/stream",
            subprotocols=["streamlit"],
            origin=url,
            max_size=None,
            open_timeout=PATIENCE,
            ping_interval=None,  # browsers answer pings and send none
        )
    except LOST as error:
        return None, Answer(time.perf_counter() - started, 0, (type(error).__name__,), lost=True)
    tab = Tab(socket, query=urlencode(query))
    answer = await tab.run()
    return tab, Answer(time.perf_counter() - started, answer.bytes, answer.errors, answer.lost)
