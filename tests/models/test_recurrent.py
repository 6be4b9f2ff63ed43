"""The recurrent network: same interface as a transformer, no attention, exact attributions."""

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.models.bundled_models import backbone_folder
from interp_core.models.recurrent import FILE_NAME, load_recurrent

TEXT = "The plot is not bad at all, and the cast is a delight."


@pytest.fixture(scope="module")
def lstm():
    return ic.load_model("sentiment-lstm")


def test_it_has_a_layer_but_no_heads(lstm):
    assert (lstm.n_layers, lstm.n_heads) == (1, 0)
    assert lstm.layout.attention_layers == ()


@pytest.mark.parametrize("call", [ic.attention_maps, ic.norm_weighted_attention])
def test_asking_for_attention_is_refused_with_what_to_do(lstm, call):
    with pytest.raises(ic.UnsupportedModel, match=r"no attention.*transformer"):
        call(lstm, TEXT)


def test_methods_that_read_attention_are_not_offered(lstm):
    offered = set(ic.attribution_methods(lstm))
    assert {"integrated_gradients", "occlusion", "lime"} <= offered
    assert not {"rollout", "raw_attention", "attention_relevance"} & offered


@pytest.mark.parametrize("text", [TEXT, "bad", "It is far from boring."])
@pytest.mark.parametrize("baseline", ["pad", "mask", "zero"])
def test_integrated_gradients_add_up_to_the_difference(lstm, text, baseline):
    for evaluations, share in ((None, 0.01), (200, 1e-4)):
        found = ic.attribute(lstm, text, baseline=baseline, evaluations=evaluations)
        difference = found.value - found.baseline_value
        assert found.scores.sum() == pytest.approx(difference, rel=share, abs=1e-5)


@pytest.mark.parametrize("method", ["shapley_sampling", "kernel_shap"])
def test_shapley_values_add_up_too(lstm, method):
    found = ic.attribute(lstm, TEXT, method=method)
    assert found.scores.sum() == pytest.approx(found.value - found.baseline_value, abs=1e-4)


def test_padding_changes_nothing(lstm):
    ids = lstm.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    filled = torch.cat([ids, torch.zeros(1, 5, dtype=ids.dtype)], 1)
    mask = torch.arange(filled.shape[1])[None] < ids.shape[1]
    with torch.inference_mode():
        alone = lstm.model(ids, output_hidden_states=True)
        padded = lstm.model(filled, mask, output_hidden_states=True)
    assert torch.allclose(alone.logits, padded.logits, atol=1e-5)
    states = padded.hidden_states[-1][:, : ids.shape[1]]
    assert torch.allclose(alone.hidden_states[-1], states, atol=1e-5)


def test_the_decision_reads_the_two_last_states_alone(lstm):
    """What reads forwards ends at the last token, what reads backwards at the first."""
    ids = lstm.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        output = lstm.model(ids, output_hidden_states=True)
        states, half = output.hidden_states[-1][0], lstm.model.config.hidden_size // 2
        read = torch.cat([states[-1, :half], states[0, half:]])
        assert torch.allclose(lstm.model.classifier(read), output.logits[0], atol=1e-5)


def test_its_word_vectors_are_those_of_the_encoder(lstm, encoder):
    ours = lstm.model.get_input_embeddings().weight
    assert torch.equal(ours, encoder.model.get_input_embeddings().weight)
    assert np.array_equal(lstm.tokenizer(TEXT)["input_ids"], encoder.tokenizer(TEXT)["input_ids"])


def test_vectors_of_tokens_come_from_both_layers(lstm):
    for layer in (0, 1):
        assert ic.token_vectors(lstm, ["a good film"], layer=layer).values.shape == (5, 384)


def test_a_plain_encoder_is_not_to_be_had_from_it():
    with pytest.raises(ic.UnsupportedModel, match="no encoder head"):
        ic.load_model("sentiment-lstm", task="encoder")


def test_a_file_that_lacks_a_tensor_is_refused(lstm, tmp_path):
    from safetensors.torch import save_file

    save_file({"classifier.bias": torch.zeros(2)}, tmp_path / FILE_NAME)
    with pytest.raises(ValueError, match=r"missing .*classifier\.weight"):
        load_recurrent(("negative", "positive"), backbone_folder(), tmp_path)
