"""Sentences that are made from figures say what the figures say."""

from __future__ import annotations

import pandas as pd
import pytest

import interp_core as ic
from interp_core.comparison import Reach
from interp_core.ui.comparison.predictions import _course
from interp_core.ui.widgets.sidebar import _about


def test_the_size_of_a_model_is_counted_in_words():
    cards = {card.name: card for card in ic.bundled_models()}
    assert "6 layers × 12 heads," in _about(cards["sentiment"])
    assert "1 layer, no attention heads," in _about(cards["sentiment-lstm"])


@pytest.mark.parametrize(
    ("effects", "said"),
    [
        (
            [2.0, 0.8, 1.6, 4.0],
            "the effect first drops below half after 4 words and rises above half again, "
            "and is 200% of the first after 16",
        ),
        (
            [2.0, 1.5, 0.6, 0.2],
            "the effect first drops below half after 8 words, and is 10% of the first after 16",
        ),
        (
            [1.0, 3.0, 2.0, 0.9],
            "more than half of the effect is left at every distance, is largest (300%) after 4, "
            "and is 90% of the first after 16",
        ),
        ([0.0, 1.0, 2.0, 1.0], "it has no effect to begin with"),
    ],
)
def test_the_verdict_on_a_reach_reads_the_whole_curve(effects, said):
    frame = pd.DataFrame({"distance": [0, 4, 8, 16], "effect": effects})
    shares = frame["effect"] / effects[0] if effects[0] else frame["effect"] * float("nan")
    below = frame.loc[shares < 0.5, "distance"]
    assert _course(Reach(frame, int(below.iloc[0]) if len(below) else None)) == said
