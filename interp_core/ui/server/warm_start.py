"""What is slow is made ready when the server starts, not when the first person comes.

The server runs the front page once for nobody: that imports the libraries, loads the default model,
and puts the numbers of the first example into the caches that all sessions share. Who comes
meanwhile waits for the same work. `CLEARHEAD_WARM_START=0`, or `warm_start = false` in
`clearhead.toml`, leaves it out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from streamlit import cli_util, config
from streamlit.runtime import Runtime
from streamlit.web.server import server_util

from interp_core.ui.server import limits, logs, model_cache

if TYPE_CHECKING:
    import streamlit as st

begins_with = ""  # the query of the address that whoever starts the server is sent to
TRIES = 3  # Streamlit gives a run one minute; what was imported until then need not be again


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Around the life of the server: it answers while the front page is made ready."""
    work = asyncio.create_task(prepare()) if limits.warm_start() else None
    address = server_util.get_url(config.get_option("browser.serverAddress")) + begins_with
    if begins_with:
        cli_util.print_to_cli(f"  Begin with: {address}", bold=True)
    if not config.get_option("server.headless"):  # Streamlit does it for apps that are no `App`
        cli_util.open_browser(address)
    yield
    if work is not None:
        work.cancel()


async def prepare() -> None:
    """Run the front page for nobody. A failure is logged, and the first visitor pays instead."""
    started = time.monotonic()
    logs.start()
    try:
        said = await _run()
        if said == "ok":
            await asyncio.to_thread(model_cache.settle)
            logs.tell("warm start", seconds=time.monotonic() - started)
        else:
            logs.tell("warm start failed", kind=said, seconds=time.monotonic() - started)
    except Exception as error:
        logs.tell("warm start failed", kind=type(error).__name__, place=logs.place(error))


async def _run() -> str:
    for _ in range(TRIES):
        _, said = await Runtime.instance().does_script_run_without_error()
        if said != "timeout":
            break
    return said
