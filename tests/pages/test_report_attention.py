"""Pictures of attention in the report: all of them, and each can be computed again."""

from __future__ import annotations

import pytest

from tests.pages.reporting import check
from tests.pages.running import run

VIEWS = {"overview": 1, "lines": 1, "heatmap": 1, "overlay": 1, "layers": 3, "compare": 1}
AS_WORDS = {"words": True, "special": "hide", "kind": "norm"}


@pytest.mark.parametrize("view", VIEWS)
def test_every_picture_is_computed_again_by_its_script(view):
    figures = check(run("attention_heads", view=view, flow=True), charts=VIEWS[view])
    assert all("model=sentiment" in figure.link for figure in figures)
    assert all(figure.text for figure in figures)


@pytest.mark.parametrize("view", ["overlay", "layers", "compare"])
def test_options_reach_the_script(view):
    check(run("attention_heads", view=view, heads=[1, 3], layer=2, token="2: plot", **AS_WORDS))


def test_two_texts_are_compared():
    text = "The plot is good at all."
    check(run("attention_heads", view="compare", mode="texts", text_b=text))
