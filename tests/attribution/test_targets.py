"""What can be explained: labels, tokens, answers, and what the model predicts there."""

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.attribution.task_targets import LONGEST_ANSWER, best_spans
from tests.attribution_models import headed

TEXT = "What does a strange model look at?"
CONTEXT = "The actors look at words near the café."
FAST = {"evaluations": 4}


def logits(model, *texts):
    with torch.no_grad():
        return model.model(**model.tokenizer(*texts, return_tensors="pt"))


def test_any_class_can_be_the_target_by_name_number_or_other_capitals(tiny_model):
    model = tiny_model("bert-5-labels")
    line = logits(model, TEXT).logits[0].numpy()
    for target in (3, np.int64(3), "class 3", "CLASS 3"):
        result = ic.attribute(model, TEXT, target=target, **FAST)
        assert result.value == pytest.approx(line[3], abs=1e-5)
        assert result.target == "class 3"
    assert ic.attribute(model, TEXT, **FAST).target == f"class {line.argmax()}"


def test_prediction_holds_logits_and_their_softmax(tiny_model):
    model = tiny_model("bert-5-labels")
    line = logits(model, TEXT).logits[0]
    found = ic.attribute(model, TEXT, target=0, **FAST).prediction
    np.testing.assert_allclose(found.logits, line.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.probabilities, line.softmax(-1).numpy(), atol=1e-6)
    assert found.label == f"class {int(line.argmax())}"
    assert found.probability == pytest.approx(float(line.softmax(-1).max()), abs=1e-6)
    assert found.to_frame()["logit"].is_monotonic_decreasing


def test_multi_label_models_predict_by_sigmoid():
    model = headed("bert-multi-label")
    line = logits(model, TEXT).logits[0]
    found = ic.attribute(model, TEXT, target="b", **FAST).prediction
    assert found.activation == "sigmoid"
    np.testing.assert_allclose(found.probabilities, line.sigmoid().numpy(), atol=1e-6)
    above = [name for name, value in zip("abc", line) if value > 0]
    assert found.label == (", ".join(above) or "none")


def test_regression_explains_its_value_and_has_no_probabilities():
    model = headed("bert-regression")
    result = ic.attribute(model, TEXT, **FAST)
    assert result.unit == "value"
    assert result.prediction.probabilities is None
    assert float(result.prediction.label) == pytest.approx(result.value, abs=1e-3)


def test_contrast_explains_the_difference_of_two_logits(tiny_model):
    model = tiny_model("bert-5-labels")
    fixed = {"rule": "gausslegendre", "evaluations": 8}
    one, two = (ic.attribute(model, TEXT, target=number, **fixed) for number in (1, 4))
    both = ic.attribute(model, TEXT, target=1, contrast="class 4", **fixed)
    np.testing.assert_allclose(both.scores, one.scores - two.scores, atol=1e-5)
    assert both.value == pytest.approx(one.value - two.value, abs=1e-5)
    assert (both.target, both.unit) == ("class 1 rather than class 4", "logit difference")


def test_token_labels_are_read_at_the_chosen_token(tiny_model):
    model = tiny_model("bert-token-labels")
    lines = logits(model, TEXT).logits[0]
    result = ic.attribute(model, TEXT, position=3, target=2, **FAST)
    assert result.value == pytest.approx(float(lines[3, 2]), abs=1e-5)
    first = ic.attribute(model, TEXT, **FAST)
    assert first.value == pytest.approx(float(lines[1].max()), abs=1e-5)
    last = ic.attribute(model, TEXT, position=-2, **FAST)
    assert last.goal.terms[0].position == len(last.tokens) - 2


def test_causal_target_is_the_token_that_follows(tiny_model):
    model = tiny_model("gpt2")
    lines = logits(model, TEXT).logits[0]
    result = ic.attribute(model, TEXT, **FAST)
    assert result.value == pytest.approx(float(lines[-1].max()), abs=1e-5)
    number = model.tokenizer(" look", add_special_tokens=False)["input_ids"]
    assert len(number) == 1
    for target in (" look", "▁look", number[0]):
        chosen = ic.attribute(model, TEXT, target=target, position=4, **FAST)
        assert chosen.value == pytest.approx(float(lines[4, number[0]]), abs=1e-5)
        assert chosen.target == "▁look"
    assert "▁look" in chosen.prediction.labels
    best = lines[4].softmax(-1)
    assert chosen.prediction.probability == pytest.approx(float(best.max()), abs=1e-5)


def test_masked_target_is_read_at_the_first_mask(tiny_model):
    model = tiny_model("bert-masked-lm")
    text = "A [MASK] looks at [MASK]."
    batch = model.tokenizer(text, return_tensors="pt")
    place = int((batch["input_ids"][0] == model.tokenizer.mask_token_id).nonzero()[0])
    line = logits(model, text).logits[0, place]
    number = model.tokenizer.convert_tokens_to_ids("model")
    result = ic.attribute(model, text, target="model", **FAST)
    assert result.value == pytest.approx(float(line[number]), abs=1e-5)


def test_answers_are_explained_by_start_end_or_both():
    model = headed("bert-answers")
    output = logits(model, TEXT, CONTEXT)
    pair = {"text_pair": CONTEXT, **FAST}
    sides = {side: ic.attribute(model, TEXT, target=side, **pair) for side in ("start", "end")}
    both = ic.attribute(model, TEXT, **pair)
    assert both.value == pytest.approx(sum(each.value for each in sides.values()), abs=1e-5)
    assert both.target in CONTEXT
    assert both.target == both.prediction.label
    start, end = (output.start_logits[0], output.end_logits[0])
    words = ic.attribute(model, TEXT, target="words near", **pair)
    places = [i for i, token in enumerate(words.tokens) if words.sequence.segments[i] == 1]
    inside = [i for i in places if CONTEXT.find("words") <= words.offsets[i][0] < 28]
    expected = start[inside[0]] + end[inside[-1]]
    assert words.value == pytest.approx(float(expected), abs=1e-5)
    rather = ic.attribute(model, TEXT, target="words near", contrast="actors", **pair)
    other = ic.attribute(model, TEXT, target="actors", **pair)
    assert rather.value == pytest.approx(words.value - other.value, abs=1e-5)


def test_answers_lie_in_the_context_and_end_no_earlier_than_they_start():
    start, end = np.array([9.0, 0, 1, 5]), np.array([9.0, 0, 6, 0])
    spans = best_spans(start, end, np.array([False, True, True, True]))
    assert spans[0] == (2, 2)
    assert set(spans) < {(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)}
    assert len(spans) == 5
    long = np.zeros(40)
    long[[0, -1]] = 8
    spans = best_spans(long, long, np.ones(40, bool))
    assert all(last - first < LONGEST_ANSWER for first, last in spans)


def test_decoder_text_comes_as_the_second_text(tiny_model):
    model = tiny_model("t5")
    written = model.tokenizer("words look", add_special_tokens=False)["input_ids"]
    batch = model.tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        output = model.model(**batch, decoder_input_ids=torch.tensor([[0, *written]]))
    result = ic.attribute(model, TEXT, text_pair="words look", **FAST)
    assert result.value == pytest.approx(float(output.logits[0, -1].max()), abs=1e-5)
    assert len(result.tokens) == batch["input_ids"].shape[1]
    early = ic.attribute(model, TEXT, text_pair="words look", position=0, **FAST)
    assert early.value == pytest.approx(float(output.logits[0, 0].max()), abs=1e-5)
