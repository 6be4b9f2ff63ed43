"""Shapley values, contrasts and faithfulness of units: identities, and Captum's exact values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import LLMAttribution, ShapleyValues, TextTokenInput

import interp_core as ic

TEXT, ANSWER = "The plot is bad. It ends. Why look?", " Nobody knows."
WORDS = "The plot is bad and the words look at it again."


@pytest.fixture(scope="module")
def found(tiny_model):
    return ic.attribute_generation(tiny_model("gpt2"), TEXT, ANSWER)


def test_exact_shapley_values_share_the_difference_and_equal_captums(tiny_model, found):
    model = tiny_model("gpt2")
    table = ic.shapley_units(model, found)
    about = table.attrs
    assert about["whole"] == pytest.approx(found.log_probability, abs=1e-4)
    assert table["score"].sum() == pytest.approx(about["whole"] - about["empty"], abs=1e-6)
    assert (table["error"] == 0).all()

    short = "a look"
    given = ic.attribute_generation(
        model, short, ANSWER, units="token", method="replacement", replacement="."
    )
    blank = model.tokenizer(".")["input_ids"][0]
    method = LLMAttribution(ShapleyValues(model.model), model.tokenizer)
    target = torch.tensor(given.answer.sequence.ids)
    inputs = TextTokenInput(short, model.tokenizer, baselines=blank)
    peer = method.attribute(inputs, target, forward_in_tokens=False)
    ours = ic.shapley_units(model, given, start=1, end=3)
    np.testing.assert_allclose(ours["score"], peer.token_attr[1:3].sum(0), atol=1e-3)


def test_sampled_shapley_values_add_up_and_have_an_error(tiny_model):
    model = tiny_model("gpt2")
    found = ic.attribute_generation(model, WORDS, " a", units="word")
    assert len(found.units) > 10
    table = ic.shapley_units(model, found, orders=4)
    about = table.attrs
    assert table["score"].sum() == pytest.approx(about["whole"] - about["empty"], abs=1e-6)
    assert (table["error"] > 0).any()
    again = ic.shapley_units(model, found, orders=4)
    np.testing.assert_allclose(table["score"], again["score"], atol=1e-4)
    with pytest.raises(ic.BadInput, match="orders"):
        ic.shapley_units(model, found, orders=3)
    with pytest.raises(ic.BadInput, match="No token"):
        ic.shapley_units(model, found, start=5, end=5)


def test_a_contrast_is_the_difference_of_two_attributions(tiny_model, found):
    model = tiny_model("gpt2")
    table = ic.contrast_answers(model, TEXT, ANSWER, " The film.")
    other = ic.attribute_generation(model, TEXT, " The film.")
    np.testing.assert_allclose(table["score"], found.of_span() - other.of_span(), atol=1e-4)
    assert table.attrs["other"] == pytest.approx(other.log_probability, abs=1e-4)
    swapped = ic.contrast_answers(model, TEXT, " The film.", ANSWER)
    np.testing.assert_allclose(table["score"], -swapped["score"], atol=1e-4)
    assert not table.attrs["notes"]
    other = ic.contrast_answers(model, TEXT, ANSWER, "The film.")
    assert "begins with a space" in other.attrs["notes"][-1]


def test_deletion_begins_with_the_whole_prompt_and_ends_without_it(tiny_model, found):
    model = tiny_model("gpt2")
    result = ic.generation_faithfulness(model, found, rankings=3, start=0, end=2)
    curve = result.curve.set_index(["ranking", "removed"])["log_probability"]
    assert list(curve["attribution"].index) == [0, 1, 2, 3]
    assert curve["attribution", 0] == pytest.approx(found.log_probabilities[:2].sum(), abs=1e-4)
    assert curve["attribution", 3] == pytest.approx(curve["random", 3], abs=1e-4)
    first = found.of_span(0, 2).max()
    step = curve["attribution", 0] - curve["attribution", 1]
    assert step == pytest.approx(first, abs=1e-4)
    assert result.verdict in ("better", "worse", "as good")
    assert len(result.random_drop) == 3
    with pytest.raises(ic.BadInput, match="three units"):
        ic.generation_faithfulness(model, ic.attribute_generation(model, "words", " a"))


def test_agreement_is_spearmans(tiny_model, found):
    model = tiny_model("gpt2")
    assert ic.unit_agreement(found, found) == pytest.approx(1)
    second = ic.attribute_generation(model, found.prompt, found.answer, method="input_x_gradient")
    ranks = [np.argsort(np.argsort(each.of_span())) for each in (found, second)]
    expected = np.corrcoef(*ranks)[0, 1]
    assert ic.unit_agreement(found, second) == pytest.approx(expected)
    with pytest.raises(ic.BadInput, match="same units"):
        ic.unit_agreement(found, ic.attribute_generation(model, TEXT, ANSWER, units="word"))
