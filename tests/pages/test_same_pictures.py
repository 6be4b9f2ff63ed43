"""`.chart()` of a record is the picture that the page shows: the same specification and data."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

import interp_core as ic
from interp_core.ui.widgets import figure
from tests.pages.running import run
from tests.specifications import alike, plain

TEXT = "The film is not bad at all."
CHANGED = "The film is not good at all."


@pytest.fixture
def drawn(monkeypatch):
    """The specifications of all charts that a page draws."""
    found = []

    @contextmanager
    def noted(chart):
        found.append(plain(chart))
        yield

    monkeypatch.setattr(figure.altair_patch, "unchecked", noted)
    return found


def among(chart, drawn) -> bool:
    """Whether the page has drawn this chart."""
    return any(alike(plain(chart), each) for each in drawn)


def opened(page, **state):
    app = run(page, model="sentiment", text=TEXT, **state)
    assert not app.exception
    assert not app.error


def test_attention(drawn, sentiment):
    maps = ic.attention_maps(sentiment, TEXT)
    shown = {
        "overview": ic.overview(maps, layer=2, heads=[3], layout=sentiment.layout),
        "lines": ic.head_view(maps, 2, 3),
        "heatmap": ic.heatmap(maps, 2, 3),
    }
    for view, chart in shown.items():
        drawn.clear()
        opened("attention_heads", view=view, layer=2, heads=[3])
        assert among(chart, drawn), view


def test_patching(drawn, sentiment):
    opened("attention_heads", view="patching", patch_text=CHANGED, patch_site="Heads")
    found = ic.patch(sentiment, TEXT, CHANGED, site="heads")
    assert among(found.chart(), drawn)


def test_attributions(drawn, sentiment):
    opened("word_attributions", show="explanation", method="input_x_gradient")
    found = ic.attribute(sentiment, TEXT, method="input_x_gradient")
    assert among(found.chart(), drawn)


def test_statistics_of_heads(drawn, sentiment):
    opened("head_entropy", corpus="sentences", corpus_size=100)
    found = ic.head_statistics(sentiment, ic.sentences()[:100])
    assert among(found.chart(), drawn)
    assert among(found.chart("by_layer"), drawn)
