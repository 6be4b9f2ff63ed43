"""One pass over labelled texts: the answers that each text alone would get, kept and stoppable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.audit import predictions
from interp_core.audit.predictions import first_pieces, is_right


def test_they_are_those_of_each_text_alone(sentiment, monkeypatch):
    monkeypatch.setattr(predictions, "CHUNK", 7)  # several chunks of a few texts
    data = ic.audit_set(sentiment).take(np.arange(20))
    found = ic.predict_labelled(sentiment, data)
    alone = ic.predict_texts(sentiment, data.texts)
    assert [data.labels[each] for each in found.predicted] == list(alone["prediction"])
    assert found.confidence == pytest.approx(alone["probability"].astype(float), abs=1e-5)
    assert found.probabilities.sum(1) == pytest.approx(np.ones(20), abs=1e-6)
    assert found.complete
    assert is_right(data, found).mean() == np.mean(
        [a == b for a, b in zip(data.target_names(), alone["prediction"])]
    )


def test_a_pass_can_be_stopped_and_what_is_known_is_kept(words_model):
    model = words_model({"good": 1.0, "bad": -2.0})
    frame = pd.DataFrame({"text": ["good", "bad bad", "good bad bad"], "label": [1, 0, 0]})
    data = ic.labelled_data(frame, model)
    states = ic.stream_predictions(model, data)
    next(states)
    state = next(states)
    assert (state.done.tolist(), state.complete) == ([True, False, False], False)
    assert state.first == 1
    assert state.take(state.done).logits.tolist() == [[-1.0, 1.0]]
    with pytest.raises(ic.Stopped):
        ic.predict_labelled(model, data, progress=lambda done, _: done < 2)


def test_texts_that_cannot_be_read_are_refused_and_long_ones_are_cut(words_model):
    model = words_model({"good": 1.0})
    data = ic.labelled_data(pd.DataFrame({"text": list("abcd"), "label": 1}), model)
    texts = ("good", "a\ud800", "good " * 100, "  ")
    found = ic.predict_labelled(model, replace(data, texts=texts))
    assert found.done.tolist() == [True, False, True, False]
    assert [row.number for row in found.refused.rows] == [2, 4]
    assert found.cut.tolist() == [False, False, True, False]
    assert found.lengths[2] == 102
    assert found.logits[2, 1] == 62  # of 64 tokens two are special
    assert found.complete


def test_pairs_several_labels_and_a_number(words_model):
    model = words_model({"good": 1.0, "bad": -1.0})
    frame = pd.DataFrame({"text": ["good", "bad"], "more": ["good good", "x"], "label": [1, 0]})
    paired = ic.predict_labelled(model, ic.labelled_data(frame, model, pair="more"))
    assert paired.logits[:, 1].tolist() == [3.0, -1.0]
    model.model.config.problem_type = "multi_label_classification"
    data = ic.labelled_data(frame.assign(label=["positive", "[]"]), model)
    several = ic.predict_labelled(model, data)
    assert several.predicted.tolist() == [[False, True], [True, False]]
    assert is_right(data, several).tolist() == [True, False]
    assert several.confidence == pytest.approx([1 / (1 + np.exp(-1.0))] * 2)
    model.model.config.problem_type = "regression"
    single = replace(model, labels=("score",))
    number = ic.predict_labelled(single, ic.labelled_data(frame, single))
    assert number.predicted.tolist() == [1.0, -1.0]


def test_the_first_token_that_begins_in_a_word_speaks_for_it():
    words = ("it", "'s", "un-known", "x")  # it 's un-known x
    bert = [(0, 0), (0, 2), (3, 4), (4, 5), (6, 8), (8, 9), (9, 14), (15, 16), (0, 0)]
    assert first_pieces(words, bert).tolist() == [1, 2, 4, 7]
    byte_level = [(0, 2), (2, 5), (5, 8), (8, 14), (14, 16)]  # with the space before
    assert first_pieces(words, byte_level).tolist() == [0, 1, 2, 4]
    assert first_pieces(("a", "b"), [(0, 3)]).tolist() == [0, 0]
