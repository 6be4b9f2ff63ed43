"""The views of the comparison page."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.versus import probes_view, sides, text_view

__all__ = ["DRAW", "VIEWS", "sides"]
VIEWS = {"text": "One text", "probes": "Negation probes and costs"}
DRAW: dict[str, Callable] = {"text": text_view.draw, "probes": probes_view.draw}
