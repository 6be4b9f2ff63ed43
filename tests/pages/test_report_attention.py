"""Pictures of attention in the report: all of them, and each can be computed again."""

from __future__ import annotations

import pytest

from tests.pages.reporting import check
from tests.pages.running import run

VIEWS = {"overview": 1, "lines": 1, "heatmap": 1, "overlay": 1, "layers": 3, "compare": 1}
TESTED = {"switches": 2, "patching": 1}
AS_WORDS = {"words": True, "special": "hide", "kind": "norm"}


@pytest.mark.parametrize("view", VIEWS)
def test_every_picture_is_computed_again_by_its_script(view):
    figures = check(run("attention_heads", view=view, flow=True), charts=VIEWS[view])
    assert all("model=sentiment" in figure.link for figure in figures)
    assert all(figure.text for figure in figures)


@pytest.mark.parametrize(
    ("view", "state"),
    [
        ("switches", {"switched": ["5.8", "2.MLP", "1.layer"], "strength": 0.5}),
        ("switches", {"switched": ["5.8"], "test_show": "words"}),
        (
            "switches",
            {
                "edge_layer": 3,
                "edge_head": 2,
                "edge_query": "4: bad",
                "edge_key": "3: not",
                "test_show": "heads",
            },
        ),
        (
            "switches",
            {
                "switched": ["5.8", "2.MLP"],
                "strengths": "5.8 = 1.5",
                "edges": ["3.2: 4 → 3", "4.1: 1 → 2"],
                "edges_cut": "after",
            },
        ),
        ("patching", {"patch_text": "It is so bad.", "patch_site": "Heads by position"}),
        ("patching", {"patch_text": "It is so bad.", "patch_site": "Whole MLPs"}),
        (
            "patching",
            {
                "test_target": "positive",
                "test_contrast": "negative",
                "patch_site": "MLPs",
                "patch_direction": "destroy",
                "patch_method": "gradient",
            },
        ),
    ],
)
def test_interventions_are_computed_again(view, state):
    app = run("attention_heads", view=view, text="It is not bad.", **state)
    figures = check(app, charts=TESTED[view])
    assert all("view=" in figure.link for figure in figures)


@pytest.mark.parametrize("view", ["overlay", "layers", "compare"])
def test_options_reach_the_script(view):
    check(run("attention_heads", view=view, heads=[1, 3], layer=2, token="2: plot", **AS_WORDS))


def test_two_texts_are_compared():
    text = "The plot is good at all."
    check(run("attention_heads", view="compare", mode="texts", text_b=text))
