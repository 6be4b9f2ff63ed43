"""Texts of any length in one pass of a classifier get what they get alone."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

import interp_core as ic
from interp_core.attribution import shared_passes, shared_points
from interp_core.attribution.packed_pass import packed_pass
from tests.attribution.test_shared_passes import compare
from tests.attribution_models import HEADED, UPRIGHT, function_of, headed

PACKED = ("bert-multi-label", "roberta-2-labels", "distilbert", "electra-2-labels")
TEXTS = ["a b c d", "b a", "c d b a c", "a", "d c"]


@pytest.fixture
def model_of(tiny_model):
    return lambda name: headed(name) if name in {**HEADED, **UPRIGHT} else tiny_model(name)


@pytest.mark.parametrize("name", PACKED)
def test_outputs_and_gradients_of_texts_of_several_lengths_are_those_of_the_model(name, model_of):
    model = model_of(name)
    packed = packed_pass(function_of(model))
    functions = [function_of(model, text) for text in TEXTS]
    points = [0.6 * each.embeddings.clone().requires_grad_() for each in functions]
    inputs = [each.encoded.inputs for each in functions]
    logits = packed(list(zip(inputs, points))).logits
    found = torch.autograd.grad(logits[:, 0].sum(), points)

    for each, point, line, slope in zip(inputs, points, logits, found):
        rest = {name: value for name, value in each.items() if name != "input_ids"}
        truth = model.model(inputs_embeds=point, **rest).logits
        torch.testing.assert_close(line[None], truth, atol=1e-5, rtol=1e-4)
        (own,) = torch.autograd.grad(truth[0, 0], point)
        torch.testing.assert_close(slope, own, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", [*PACKED[1:], "gpt2-2-labels"])
def test_records_of_mixed_lengths_are_those_of_texts_alone(name, model_of):
    compare(model_of(name), TEXTS, evaluations=6)
    compare(model_of(name), TEXTS, method="saliency")


@pytest.mark.parametrize("limit", ["HELD_TOKENS", "PASS_TOKENS"])
def test_texts_that_do_not_fit_together_take_turns(limit, monkeypatch):
    module = shared_passes if limit == "HELD_TOKENS" else shared_points
    monkeypatch.setattr(module, limit, 7)
    compare(headed("bert-multi-label"), TEXTS, evaluations=6, baseline="average")


@pytest.mark.parametrize(
    "name", ["deberta-2-labels", "gpt2-2-labels", "modernbert-mean", "xlnet-2-labels"]
)
def test_layers_of_another_form_are_not_taken_together(name):
    assert packed_pass(function_of(headed(name))) is None


def changed(kind):
    """BERT whose layers or head do something else than their weights say."""
    model = headed("bert-multi-label")
    model = replace(model, model=copy.deepcopy(model.model))
    bert = model.model.bert
    if kind == "hook in a layer":
        bert.encoder.layer[0].register_forward_hook(lambda _module, _inputs, output: output * 1.1)
    elif kind == "head that reads all tokens":
        mean = lambda _module, inputs: (inputs[0].mean(1, keepdim=True),)  # noqa: E731
        bert.pooler.register_forward_pre_hook(mean)
    elif kind == "map of another class":
        dense = bert.encoder.layer[0].intermediate.dense
        bert.encoder.layer[0].intermediate.dense = type("Own", (torch.nn.Linear,), {})(32, 48)
        bert.encoder.layer[0].intermediate.dense.load_state_dict(dense.state_dict())
    return model


@pytest.mark.parametrize(
    "kind", ["hook in a layer", "head that reads all tokens", "map of another class"]
)
def test_a_model_that_does_something_else_takes_its_own_passes(kind):
    model = changed(kind)
    assert packed_pass(function_of(model)) is None
    compare(model, TEXTS[:3], evaluations=4)


def test_texts_that_get_another_answer_are_computed_again_with_the_whole_model(monkeypatch):
    def wrong(whole):
        run = packed_pass(whole)

        def shifted(groups):
            output = run(groups)
            output.logits = output.logits + 0.1
            return output

        return shifted

    monkeypatch.setattr(shared_passes, "packed_pass", wrong)
    compare(headed("bert-multi-label"), TEXTS, evaluations=4)


def test_an_option_or_target_that_is_not_there_is_told_for_every_text():
    model = headed("bert-multi-label")
    for wrong in ({"evaluations": 1}, {"target": "nobody"}, {"baseline": "nothing"}):
        found = shared_passes.attribute_block(model, TEXTS, **wrong)
        assert all(isinstance(each, ic.BadInput) for each in found)
