"""Sentences that are made from figures say what the figures say."""

from __future__ import annotations

import pandas as pd
import pytest

import interp_core as ic
from interp_core.comparison import Reach
from interp_core.ui.comparison.predictions import _course
from interp_core.ui.widgets.model_facts import facts, shape


def test_every_model_has_facts_ones_own_too(tiny):
    assert (shape(6, 12), shape(1, 1), shape(1, 0)) == (
        "6 × 12 heads",
        "1 × 1 head",
        "1, no attention heads",
    )
    told = facts(ic.load_model("sentiment"))
    assert (told["Labels"], told["Longest text"]) == ("negative, positive", "512 tokens")
    own = ic.load_model(str(tiny("bert-2-labels")))
    assert facts(own)["Parameters"] == f"{own.n_parameters / 1e6:,.1f} million"
    assert {"Task", "Labels", "Layers"} < set(facts(own))


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
