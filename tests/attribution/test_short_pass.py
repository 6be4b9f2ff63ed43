"""Passes without what a classifier's answer does not need give what whole passes give."""

from __future__ import annotations

import pytest
import torch

from interp_core.attribution.shared_passes import attribute_block
from interp_core.attribution.short_pass import short_pass
from tests.attribution.test_shared_passes import compare
from tests.attribution_models import HEADED, function_of, headed

# The first map of the last layer's MLP.
SHORT = {
    "bert-multi-label": "base_model.encoder.layer.1.intermediate.dense",
    "roberta-2-labels": "base_model.encoder.layer.1.intermediate.dense",
    "deberta-2-labels": "base_model.encoder.layer.1.intermediate.dense",
    "distilbert": "base_model.transformer.layer.1.ffn.lin1",
    "gpt2-2-labels": "base_model.h.1.mlp.c_fc",
}
TEXT = "a b c d"


@pytest.fixture
def model_of(tiny_model):
    return lambda name: headed(name) if name in HEADED else tiny_model(name)


@pytest.mark.parametrize("name", SHORT)
def test_the_last_layer_goes_on_with_the_token_that_is_read(name, model_of):
    model = model_of(name)
    short = short_pass(function_of(model))
    seen = []
    short.network.get_submodule(SHORT[name]).register_forward_pre_hook(
        lambda _module, inputs: seen.append(inputs[0].shape[1])
    )
    points = torch.cat([share * short.embeddings for share in (0.3, 0.7, 1.0)])
    values, slopes = short.gradients(points)
    assert seen == [1]

    truth = points.clone().requires_grad_()
    logits = model.model(inputs_embeds=truth).logits
    (own,) = torch.autograd.grad(short.target.score({"logits": logits}).sum(), truth)
    torch.testing.assert_close(values, short.target.score({"logits": logits}), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(slopes, own, atol=1e-5, rtol=1e-4)


def test_a_head_that_reads_all_tokens_and_a_stack_of_another_order_take_whole_passes():
    for model in (headed("modernbert-mean"), headed("xlnet-2-labels")):
        assert short_pass(function_of(model)) is None
        compare(model, ["a b c d", "b c d a", "a b"], evaluations=8)


@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient"])
def test_a_text_that_ends_in_padding_has_another_token_read_and_takes_a_whole_pass(method):
    model = headed("gpt2-2-labels")
    padding = model.tokenizer.convert_ids_to_tokens(model.model.config.pad_token_id)
    texts = ["a b c d", f"a b c{padding}", f"d b c{padding}{padding}", "a b c"]
    assert model.tokenizer(texts[1])["input_ids"][-1] == model.model.config.pad_token_id
    assert short_pass(function_of(model)) is not None
    compare(model, texts, method=method)


def test_too_few_tokens_decide_nothing_and_follow_what_was_found():
    model = headed("gpt2-2-labels")
    assert not any(isinstance(each, Exception) for each in attribute_block(model, ["a", "a b"]))
    compare(model, ["a", "a b", "a b c d"], evaluations=8)
