"""Norm-weighted attention: the parts add up, and equal a slow computation from the formula."""

import copy
import dataclasses
import threading

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.attention.norm_weighted import both_attentions
from tests.models.test_families import picture
from tests.tiny import FAMILIES, TEXT, WITHOUT_MAPS

ADDS_UP = 1e-5
ONE_STACK = [name for name in FAMILIES if name not in ("t5", "bart", *WITHOUT_MAPS)]
OTHER = "Nobody expected the strange café."


@pytest.mark.parametrize("family", ONE_STACK)
def test_parts_add_up_to_the_attention_blocks_output(tiny_model, family):
    model = tiny_model(family)
    source = picture() if family == "vit" else TEXT
    norms = ic.norm_weighted_attention(model, source)
    assert 0 < norms.reconstruction_error < ADDS_UP
    maps = ic.attention_maps(model, source)
    assert norms.weights.shape == maps.weights.shape
    assert norms.weights.dtype == np.float32
    assert (norms.kind, norms.layer_numbers) == ("norm", maps.layer_numbers)
    assert norms.tokens == maps.tokens
    assert not norms.weights[maps.weights == 0].any()


def test_parts_of_the_embedded_encoder_add_up(encoder):
    norms = ic.norm_weighted_attention(encoder, "The plot is not bad at all.")
    print(f"reconstruction error of encoder: {norms.reconstruction_error:.2e}")
    assert 0 < norms.reconstruction_error < ADDS_UP


@torch.no_grad()
def hidden_and_maps(model, text):
    """Input of each layer and attention of each layer, from a plain forward pass."""
    batch = model.tokenizer(text, return_tensors="pt")
    output = model.model(**batch, output_hidden_states=True, output_attentions=True)
    return output.hidden_states, output.attentions


def slow_norms(x, alpha, value, output, heads):
    """The norm of alpha_ij (x_j W_V + b_V) W_O by plain loops; weights are (input, output)."""
    (value_matrix, value_bias), output_matrix = value, output
    width = value_matrix.shape[1] // heads
    size = x.shape[0]
    result = np.zeros((heads, size, size))
    for h in range(heads):
        part = slice(h * width, (h + 1) * width)
        for i in range(size):
            for j in range(size):
                v = x[j] @ value_matrix[:, part] + value_bias[part]
                result[h, i, j] = np.linalg.norm(alpha[h, i, j] * (v @ output_matrix[part]))
    return result


def plain(tensor):
    return tensor.detach().double().numpy()


def test_norms_of_bert_equal_the_formula(tiny_model):
    model = tiny_model("bert")
    hidden, maps = hidden_and_maps(model, OTHER)
    ours = ic.norm_weighted_attention(model, OTHER).weights
    for number, layer in enumerate(model.model.encoder.layer):
        value, output = layer.attention.self.value, layer.attention.output.dense
        expected = slow_norms(
            plain(hidden[number][0]),
            plain(maps[number][0]),
            (plain(value.weight).T, plain(value.bias)),
            plain(output.weight).T,
            4,
        )
        np.testing.assert_allclose(ours[number], expected, atol=1e-5)


def test_norms_of_gpt2_read_the_input_after_its_layer_norm(tiny_model):
    model = tiny_model("gpt2")
    hidden, maps = hidden_and_maps(model, OTHER)
    ours = ic.norm_weighted_attention(model, OTHER).weights
    for number, block in enumerate(model.model.transformer.h):
        x = plain(block.ln_1(hidden[number])[0])
        matrix, bias = plain(block.attn.c_attn.weight), plain(block.attn.c_attn.bias)
        expected = slow_norms(
            x,
            plain(maps[number][0]),
            (matrix[:, 64:], bias[64:]),
            plain(block.attn.c_proj.weight),
            4,
        )
        np.testing.assert_allclose(ours[number], expected, atol=1e-5)


def test_norms_of_llama_repeat_each_value_head_for_its_group(tiny_model):
    model = tiny_model("llama")
    hidden, maps = hidden_and_maps(model, OTHER)
    ours = ic.norm_weighted_attention(model, OTHER).weights
    for number, layer in enumerate(model.model.model.layers):
        x = plain(layer.input_layernorm(hidden[number])[0])
        matrix = plain(layer.self_attn.v_proj.weight).T  # (32, 2 heads of 8)
        repeated = np.concatenate([matrix[:, :8]] * 2 + [matrix[:, 8:]] * 2, 1)
        output = plain(layer.self_attn.o_proj.weight).T
        expected = slow_norms(x, plain(maps[number][0]), (repeated, np.zeros(32)), output, 4)
        np.testing.assert_allclose(ours[number], expected, atol=1e-5)


def test_a_pair_is_weighed_as_one_sequence(tiny_model):
    model = tiny_model("bert")
    norms = ic.norm_weighted_attention(model, "A model", "looks inside")
    assert norms.tokens == ic.attention_maps(model, "A model", "looks inside").tokens
    assert norms.reconstruction_error < ADDS_UP


def test_threads_that_share_a_model_get_what_they_get_alone(tiny_model):
    """Hooks of one pass must not hear another: texts of the same length, many times at once."""
    model = tiny_model("bert")
    texts = ["The plot is not bad.", "The bad is not plot."]
    alone = [ic.norm_weighted_attention(model, text).weights for text in texts]
    assert alone[0].shape == alone[1].shape
    start, found, failures = threading.Barrier(2), {0: [], 1: []}, []

    def work(number):
        try:
            start.wait()
            for _ in range(40):
                found[number].append(ic.norm_weighted_attention(model, texts[number]).weights)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for number in (0, 1):
        for weights in found[number]:
            np.testing.assert_allclose(weights, alone[number], atol=1e-6)


def test_no_hook_stays_behind_even_after_an_error(tiny_model, monkeypatch):
    from interp_core.attention import norm_weighted

    model = tiny_model("bert")
    hooks = lambda: sum(len(m._forward_hooks) for m in model.model.modules())  # noqa: E731
    before = hooks()
    ic.norm_weighted_attention(model, OTHER)
    assert hooks() == before

    def fail(*_args, **_options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(norm_weighted, "forward", fail)
    with pytest.raises(RuntimeError):
        ic.norm_weighted_attention(model, OTHER)
    assert hooks() == before


def test_a_block_whose_parts_do_not_add_up_is_refused(tiny_model):
    """An unknown architecture with known names: here the output is scaled after projection."""
    model = tiny_model("bert")
    strange = copy.deepcopy(model.model)
    dense = strange.encoder.layer[0].attention.output.dense
    dense.register_forward_hook(lambda _module, _inputs, output: 1.01 * output)
    with pytest.raises(ic.UnsupportedModel, match="do not sum"):
        ic.norm_weighted_attention(dataclasses.replace(model, model=strange), OTHER)


def test_an_architecture_with_unknown_names_is_refused(tiny_model):
    model = tiny_model("bert")
    strange = copy.deepcopy(model.model)
    for layer in strange.encoder.layer:
        layer.attention.output.projection = layer.attention.output.dense
        del layer.attention.output.dense
        layer.attention.output.forward = lambda hidden, _rest: hidden
    with pytest.raises(ic.UnsupportedModel, match="bert"):
        ic.norm_weighted_attention(dataclasses.replace(model, model=strange), OTHER)


def test_encoder_decoder_models_are_refused_in_words(tiny_model):
    with pytest.raises(ic.BadInput, match="one stack"):
        ic.norm_weighted_attention(tiny_model("t5"), OTHER)


def test_one_pass_gives_both_kinds_of_attention(tiny_model):
    bert = tiny_model("bert")
    passes = []
    hook = bert.model.register_forward_hook(lambda *_: passes.append(1))
    raw, norms = both_attentions(bert, TEXT)
    hook.remove()
    assert len(passes) == 1
    assert raw.weights == pytest.approx(ic.attention_maps(bert, TEXT).weights, abs=1e-7)
    assert norms.weights == pytest.approx(ic.norm_weighted_attention(bert, TEXT).weights, abs=1e-7)
    assert (raw.kind, norms.kind) == ("attention", "norm")
    assert norms.reconstruction_error is not None
    assert raw.reconstruction_error is None
