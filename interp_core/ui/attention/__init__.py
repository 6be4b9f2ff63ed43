"""The views of the attention page: each module draws one and returns its chart."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.attention import compare, heat, layers, lines, overlay, overview

DRAW: dict[str, Callable] = {
    "overview": overview.draw,
    "lines": lines.draw,
    "heatmap": heat.draw,
    "overlay": overlay.draw,
    "layers": layers.draw,
    "compare": compare.draw,
}
