"""Edits of texts, and what the model says of them."""

from __future__ import annotations

import pytest
import torch

import interp_core as ic
from interp_core.attribution.what_if import predict_target, replace_span, suggestions


@pytest.mark.parametrize(
    ("text", "word", "new", "expected"),
    [
        ("The film is bad.", "bad", "good", "The film is good."),
        ("The film is bad.", "bad", "", "The film is."),
        ("The film is bad.", "The", "", "film is bad."),
        ("The film is bad", "film", "", "The is bad"),
        ("a, b", "a", "", ", b"),
    ],
)
def test_a_replaced_word_leaves_the_rest_as_it_was(text, word, new, expected):
    start = text.index(word)
    assert replace_span(text, (start, start + len(word)), new) == expected


def test_suggestions_change_one_place_each_and_nothing_twice():
    text = "It was not bad but it isn't very good."
    edits = {edit.what: edit.text for edit in suggestions(text)}
    assert edits["delete “not”"] == "It was bad but it isn't very good."
    assert edits["delete “n't”"] == "It was not bad but it is very good."
    assert edits["delete “very”"] == "It was not bad but it isn't good."
    assert edits["replace “but” with “and”"] == "It was not bad and it isn't very good."
    assert "add “not” after “was”" not in edits
    assert len({edit.text for edit in suggestions(text)}) == len(suggestions(text))


def test_text_without_anything_to_edit_gets_no_suggestion():
    assert suggestions("Wonderful acting throughout") == []


def test_an_outcome_is_the_models_own_output(sentiment):
    text = "The acting is wonderful."
    found = predict_target(sentiment, text, target="positive")
    inputs = sentiment.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = sentiment.model(**inputs).logits[0]
    assert found.value == pytest.approx(float(logits[1]), abs=1e-5)
    assert found.probability == pytest.approx(float(logits.softmax(-1)[1]), abs=1e-5)


def test_a_label_that_does_not_exist_is_refused(sentiment):
    with pytest.raises(ic.BadInput, match="Unknown label"):
        predict_target(sentiment, "Fine film.", target="angry")
