"""What tests of safety share."""

from __future__ import annotations

import pytest

from interp_core.ui.widgets import downloads


@pytest.fixture
def offered(monkeypatch):
    """All downloads that a page offers: (file name, MIME type, maker)."""
    found: list[tuple] = []
    buttons = downloads.buttons

    def noted(offers, *, key):
        found.extend(offers.values())
        return buttons(offers, key=key)

    monkeypatch.setattr(downloads, "buttons", noted)
    for closed in ("section", "_quiet"):  # both fill what they hold when it is opened
        monkeypatch.setattr(downloads, closed, lambda title, icon, draw: draw())
    return found
