"""Attention read as scores: the formulas written out row by row, on models with a known reader."""

import numpy as np
import pytest
import torch

import interp_core as ic
from tests.attribution_models import headed

TEXT = "The unhappiest actors know what a café does."


def traced(setting):
    """Maps and their gradients, (layers, heads, n, n) each, of logit 1."""
    model, _, place = setting
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    words = model.model.get_input_embeddings()(ids).detach().requires_grad_()
    output = model.model(inputs_embeds=words, output_attentions=True)
    line = output.logits[0, place["position"]] if place else output.logits[0]
    slopes = torch.autograd.grad(line[1], output.attentions)
    maps = torch.cat(output.attentions).detach().double().numpy()
    return maps, torch.cat(slopes).double().numpy()


@pytest.fixture(params=["bert-2-labels", "gpt2-2-labels", "gpt2"])
def setting(request, tiny_model):
    """A model, the one place whose final state its head reads, and where its logits stand."""
    name = request.param
    model = headed(name) if name == "gpt2-2-labels" else tiny_model(name)
    reader = {"bert-2-labels": 0, "gpt2-2-labels": -1, "gpt2": 4}[name]
    return model, reader, {"position": 4} if name == "gpt2" else {}


def scores(setting, method):
    model, _, place = setting
    target = model.tokenizer.convert_ids_to_tokens(1) if place else 1
    return ic.attribute(model, TEXT, method=method, target=target, **place).scores


def test_raw_attention_is_the_readers_row_of_the_last_layer(setting):
    maps, _ = traced(setting)
    expected = maps[-1].mean(0)[setting[1]]
    np.testing.assert_allclose(scores(setting, "raw_attention"), expected, atol=1e-6)


def test_rollout_is_the_readers_row_of_the_product_of_all_layers(setting):
    maps, _ = traced(setting)
    product = np.eye(maps.shape[-1])
    for layer in maps:
        product = (layer.mean(0) + np.eye(len(product))) / 2 @ product
    np.testing.assert_allclose(scores(setting, "rollout"), product[setting[1]], atol=1e-6)


def test_relevance_follows_the_positive_part_of_attention_times_gradient(setting):
    maps, slopes = traced(setting)
    nothing = relevance = np.eye(maps.shape[-1])
    for layer, slope in zip(maps, slopes):
        helpful = np.maximum(layer * slope, 0).mean(0)
        relevance = relevance + helpful @ relevance
    expected = (relevance - nothing)[setting[1]]
    found = scores(setting, "attention_relevance")
    np.testing.assert_allclose(found, expected, atol=1e-6 * max(1, expected.max()))
    assert expected.max() > 1e-4


def test_a_head_that_averages_all_states_reads_each_by_its_gradient(tiny_model):
    model = tiny_model("bert")
    result = ic.zero_shot(model, TEXT, ["river", "film"], target="film", method="raw_attention")
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        output = model.model(ids, output_attentions=True)
    states = output.last_hidden_state.clone().requires_grad_()
    mean = torch.nn.functional.normalize(states[0].mean(0), dim=0)
    (slope,) = torch.autograd.grad(mean @ torch.as_tensor(result.goal.vectors[1]), states)
    weights = slope[0].norm(dim=-1)
    expected = (weights / weights.sum()) @ output.attentions[-1][0].mean(0)
    np.testing.assert_allclose(result.scores, expected.numpy(), atol=1e-6)
