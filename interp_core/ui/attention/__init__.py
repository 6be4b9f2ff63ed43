"""The views of the attention page: each module draws one and returns its chart, or its
result."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.attention import (
    across_layers,
    compare,
    head_view,
    heatmap,
    overview,
    patching,
    switches,
    to_token,
    token_overlay,
)

DRAW: dict[str, Callable] = {
    "overview": overview.draw,
    "to_token": to_token.draw,
    "lines": head_view.draw,
    "heatmap": heatmap.draw,
    "overlay": token_overlay.draw,
    "layers": across_layers.draw,
    "compare": compare.draw,
}
INTERVENE: dict[str, Callable] = {
    "switches": switches.draw,
    "patching": patching.draw,
}
