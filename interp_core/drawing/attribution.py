"""Attributions as pictures: bars of words, and patches of a picture."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.attribution.result import Attribution
from interp_core.charts.attributions import bars
from interp_core.charts.heatmaps import token_keys
from interp_core.charts.offline import offline
from interp_core.charts.patches import overlay
from interp_core.errors import BadInput
from interp_core.images.attribution import ImageAttribution

ORDERS = ("text", "size")


def attribution(found: Attribution, *, words: bool = True, order: str = "text") -> Any:
    """One bar for each word, or for each token where not `words`.

    In the `order` of the "text", or by "size". Raises `BadInput` for another order.
    """
    if order not in ORDERS:
        raise BadInput(f"Unknown order {order!r}. Choose one of: {', '.join(ORDERS)}.")
    merged = found.by_word() if words else found
    return offline(score_bars(merged if has_words(merged) else found, order=order))


def has_words(shown: Attribution) -> bool:
    """Whether more than one word is left when tokens are merged."""
    return (~shown.special).sum() > 1


def score_bars(shown: Attribution, *, order: str = "text") -> Any:
    """The bars of these tokens or words."""
    frame = pd.DataFrame(
        {"key": token_keys(shown.tokens), "token": shown.tokens, "score": shown.scores}
    )
    return bars(frame, title=score_unit(shown), order=order)


def score_unit(found: Attribution) -> str:
    """The unit of the scores."""
    return f"attribution ({found.unit})" if found.signed else "attribution (unsigned)"


def image_attribution(found: ImageAttribution) -> Any:
    """The score of each patch, where it lies in the picture."""
    frame = found.to_frame().rename(columns={"score": "value"})
    return offline(overlay(frame, None, title="attribution by patch", signed=found.signed))
