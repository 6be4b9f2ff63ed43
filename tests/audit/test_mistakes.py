"""Errors in order, texts that are held similar, and the smallest set of words that flips."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import interp_core as ic

WEIGHTS = {"good": 1.0, "fine": 1.5, "bad": -1.0, "awful": -4.0}


@pytest.fixture(scope="module")
def model(words_model):
    return words_model(WEIGHTS)


def test_errors_come_with_the_most_confident_first(model):
    texts = ["good", "bad bad", "fine fine", "awful good"]
    frame = pd.DataFrame({"text": texts, "label": ["negative", "positive", "positive", "positive"]})
    data = ic.labelled_data(frame, model)
    table = ic.error_table(data, ic.predict_labelled(model, data))
    assert table["text"].tolist() == ["awful good", "bad bad", "good"]
    assert table["row"].tolist() == [4, 2, 1]
    assert table["confidence"].tolist() == pytest.approx(
        [1 / (1 + np.exp(-2 * f)) for f in (3, 2, 1)]
    )
    assert table["prediction"].tolist() == ["negative", "negative", "positive"]


def test_the_smallest_set_of_words_that_flips_is_found(model):
    one = ic.flipping_words(model, "A good, awful film.")
    assert one.words == (("awful",),)
    assert (one.before, one.answers, one.smallest) == ("negative", ("positive",), True)
    assert one.sets == (((8, 13),),)
    two = ic.flipping_words(model, "fine bad bad bad", target="positive")
    assert sorted(two.sets) == [((5, 8), (9, 12)), ((5, 8), (13, 16)), ((9, 12), (13, 16))]
    assert two.effects["change"].idxmax() in (1, 2, 3)
    none = ic.flipping_words(model, "the end", target="positive", budget=3)
    assert none.words == ()


def test_beyond_the_budget_the_strongest_words_are_tried(model):
    text = " ".join(["the", "fine"] + ["bad"] * 4 + ["the"] * 20)
    found = ic.flipping_words(model, text, budget=120)
    assert found.words == (("bad",) * 3,)
    assert (found.smallest, found.answers) == (False, ("positive",))
    with pytest.raises(ic.BadInput, match="already"):
        ic.flipping_words(model, text, target="negative")
    with pytest.raises(ic.BadInput, match="no words"):
        ic.flipping_words(model, "!!")


def test_neighbours_are_nearest_by_what_the_last_layer_reads(sentiment, model):
    data = ic.audit_set(sentiment).take(np.arange(0, 504, 21))
    found = ic.predict_labelled(sentiment, data)
    head = sentiment.model.classifier
    logits = found.vectors @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert logits == pytest.approx(found.logits, abs=1e-4)
    near = ic.opposed_neighbours(data, found, 3, count=2)
    unit = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    others = np.flatnonzero(found.predicted != found.predicted[3])
    wanted = others[np.argsort(-(unit @ unit[3])[others])][:2]
    assert near["place"].tolist() == wanted.tolist()
    assert (near["prediction"] != data.name_of(found.predicted[3])).all()
    frame = pd.DataFrame({"text": ["good"], "label": [1]})
    plain = ic.labelled_data(frame, model)
    with pytest.raises(ic.BadInput, match="one vector"):
        ic.opposed_neighbours(plain, ic.predict_labelled(model, plain), 0)
