"""Every built-in model on every page, with the network forbidden: something to see, or a way on."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.ui.navigation import PAGES

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ("start", "lessons", "report", "training_dynamics")  # without the sidebar's model
SHOWING = [name for name, _ in PAGES if name not in OTHERS]
# Small questions: the language model has 30 layers.
STATE = {
    "corpus": "text",
    "picture_count": 50,
    "points": "text",
    "text": "The cat sat on the mat.",
}


@pytest.fixture
def no_network(monkeypatch):
    real = socket.socket.connect

    def connect(self, address):
        host = address[0] if isinstance(address, tuple) else ""
        if host not in ("", "127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"asked the network for {host}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


def installed(name: str) -> bool:
    try:
        ic.load_model(name)
    except ic.ModelNotFound:
        return False
    return True


@pytest.mark.parametrize("model", [card.name for card in ic.bundled_models()])
def test_every_page_shows_something_or_leads_on(model, no_network, few_texts):
    if not installed(model):
        pytest.skip(f"{model} is not installed")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=250)
    for key, value in {"model": model, **STATE}.items():
        app.session_state[key] = value
    app.run()
    for page in SHOWING:
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, page
        main = app.main  # the sidebar has a button on every page
        drawn = main.get("vega_lite_chart") or main.get("bidi_component")
        drawn = drawn or main.get("file_uploader")
        ways_on = [button for button in app.button if button.label.startswith("Switch to")]
        ways_on += [button for button in app.button if button.label.startswith("Use ")]
        assert drawn or ways_on, page
        assert not any(button.label == "Stop" for button in app.button), page  # nothing runs
        if app.error:
            assert ways_on, (page, app.error[0].value)
