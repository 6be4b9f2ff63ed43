"""Words for what a picture of a language model shows."""

from __future__ import annotations

import pandas as pd


def best_named(frame: pd.DataFrame) -> str:
    """The most likely token of a table in words."""
    best = frame.loc[frame["probability"].idxmax()]
    return f"most likely: {best['token']}, {best['probability']:.1%}"


def settled(inside: pd.DataFrame) -> str:
    """What the grid shows, and the answer that stays from the earliest layer on, in words."""
    layers, places = inside["layer"].nunique(), inside["position"].nunique()
    same = inside.assign(same=inside["best"] == inside["answer"]).pivot(
        index="position", columns="layer", values="same"
    )
    # From which layer on the best token is the final answer, for each position.
    first = layers - same.iloc[:, ::-1].cumprod(axis=1).sum(axis=1)
    answer = inside.set_index("position")["answer"].groupby(level=0).first()[first.idxmin()]
    return (
        f"Grid of the top token after 0 to {layers - 1} layers at {places} positions; the "
        f"final prediction that appears first is {answer}, after {first.min()} layers."
    )
