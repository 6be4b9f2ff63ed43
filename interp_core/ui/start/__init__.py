"""The start page: the prediction, why, and where to go on."""

from __future__ import annotations

from interp_core.ui.start import cards, first

__all__ = ["cards", "first"]
