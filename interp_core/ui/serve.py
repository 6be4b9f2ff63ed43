"""Start the app as `streamlit run app.py` does, from wherever it is installed."""

from __future__ import annotations

import os
from urllib.parse import urlencode

from streamlit.web import cli

from interp_core import command, locations
from interp_core.ui.navigation import MARK
from interp_core.ui.server import warm_start

# Like `make run` with these words, see docs/sharing.md. What the environment says holds instead.
SHARED = {"server.address": "0.0.0.0", "browser.serverAddress": "localhost"}


def serve(*, port: int | None, shared: bool, model: str | None, browser: bool) -> int:
    """Start the app and return when it is stopped.

    The settings are those of `.streamlit/config.toml` beside `app.py`, which go before those of the
    folder where the command was started and of the home folder; `STREAMLIT_…` variables go before
    all of them. Raises `KeyboardInterrupt` when Ctrl+C stops it.
    """
    options = {"server.headless": str(not browser).lower()}
    if port is not None:
        options["server.port"] = str(port)
    if shared:
        told = {name for name in SHARED if _variable(name) in os.environ}
        options |= {name: SHARED[name] for name in SHARED.keys() - told}
    if model is not None:
        warm_start.begins_with = f"/?{urlencode({'model': model, MARK: 1})}"
    given = [f"--{name}={value}" for name, value in options.items()]
    try:
        cli.main(["run", str(locations.APP / "app.py"), *given], standalone_mode=False)
    except RuntimeError as error:  # Streamlit's command makes one of Ctrl+C
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except SystemExit as error:  # it has said why, such as a port that is taken
        return command.BROKEN if error.code else 0
    return 0


def _variable(option: str) -> str:
    """The environment variable of one of Streamlit's options: STREAMLIT_SERVER_ADDRESS."""
    snake = "".join(f"_{each}" if each.isupper() else each for each in option.replace(".", "_"))
    return f"STREAMLIT_{snake.upper()}"
