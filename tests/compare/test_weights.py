"""What changed in the weights, against NumPy; frozen parts, other heads, another order of heads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import peft
import pytest
import torch
import transformers as tf

import interp_core as ic


def difference(first, second, name):
    one, two = (dict(each.model.named_parameters())[name] for each in (first, second))
    return one.detach().double().numpy(), (two.double() - one.double()).detach().numpy()


@pytest.fixture(scope="module")
def found(base, tuned):
    return ic.compare_weights(base, tuned)


def test_a_model_against_itself_has_no_change(base):
    found = ic.compare_weights(base, base)
    assert not found.matrices["change"].any()
    assert not found.heads["change"].any()
    assert found.reordered == ()
    assert found.total == 0
    assert len(found.unmatched) == 0


def test_only_what_was_trained_has_changed_and_by_what_numpy_says(found, base, tuned):
    changed = found.matrices[found.matrices["change"] > 0]
    assert list(changed["matrix"]) == ["classifier", "classifier.bias", "query"]
    query = changed[changed["matrix"] == "query"].iloc[0]
    before, delta = difference(base, tuned, "bert.encoder.layer.1.attention.self.query.weight")
    assert query["relative"] == pytest.approx(np.linalg.norm(delta) / np.linalg.norm(before))
    assert query["stable_rank"] == pytest.approx(1, abs=1e-5)  # one direction was added
    classifier = changed[changed["matrix"] == "classifier"].iloc[0]
    assert classifier["relative"] == pytest.approx(2)
    assert set(found.matrices["parameter"]) == {
        name.removeprefix("bert.") for name, _ in base.model.named_parameters()
    }


def test_each_head_has_its_own_rows_and_together_they_make_the_matrix(found, base, tuned):
    heads = found.heads[(found.heads["layer"] == 1) & (found.heads["matrix"] == "query")]
    _, delta = difference(base, tuned, "bert.encoder.layer.1.attention.self.query.weight")
    truth = np.linalg.norm(delta.reshape(4, 8, 32), axis=(1, 2))
    np.testing.assert_allclose(heads["change"], truth, rtol=1e-9)
    whole = ic.head_changes(found).query("layer == 1")["change"]
    np.testing.assert_allclose(whole, truth, rtol=1e-9)


def test_an_adapter_beside_its_base_has_changed_where_it_was_trained(base, tiny, tmp_path):
    torch.manual_seed(0)
    network = tf.AutoModelForSequenceClassification.from_pretrained(tiny("bert-2-labels"))
    targets = {"task_type": "SEQ_CLS", "target_modules": ["query"], "r": 2}
    trained = peft.get_peft_model(network, peft.LoraConfig(**targets))
    with torch.no_grad():
        for name, value in trained.named_parameters():
            if "lora_" in name:
                value.copy_(torch.randn_like(value) / 10)
    trained.save_pretrained(tmp_path)
    found = ic.compare_weights(base, ic.load_model(str(tmp_path)))
    changed = found.matrices[found.matrices["change"] > 0]
    assert set(changed["matrix"]) == {"query"}
    assert set(changed["layer"]) == {0, 1}
    assert (changed["stable_rank"] <= 2 + 1e-6).all()


@pytest.mark.parametrize("shape", [(5, 9), (90, 130), (70, 66)])
def test_the_stable_rank_is_that_of_the_singular_values(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    values = np.linalg.svd(matrix, compute_uv=False)
    truth = np.square(values).sum() / values[0] ** 2
    assert ic.stable_rank(matrix) == pytest.approx(truth, rel=1e-8)
    assert np.isnan(ic.stable_rank(np.zeros(shape)))


def test_heads_in_another_order_are_reported_as_that_and_not_as_change(base, reordered):
    found = ic.compare_weights(base, reordered)
    assert found.reordered == (1,)
    assert not found.matrices["change"].any()
    assert not found.heads["change"].any()
    # ORDER says which head of the base stands at each place of the copy.
    np.testing.assert_array_equal(found.order, [[0, 1, 2, 3], [1, 2, 0, 3]])


def test_another_order_and_a_change_are_told_apart(tuned, reordered, found):
    moved = ic.compare_weights(tuned, reordered)
    assert moved.reordered == (1,)
    assert moved.total == pytest.approx(found.total, rel=0.2)


def test_the_best_order_is_not_claimed_where_heads_are_just_others():
    rng = np.random.default_rng(0)
    costs = 1 + 0.2 * rng.random((6, 6))
    np.testing.assert_array_equal(ic.match_heads(costs), np.arange(6))
    costs[[0, 1], [1, 0]] = 0.1  # two that changed places, among four that merely changed
    np.testing.assert_array_equal(ic.match_heads(costs), [1, 0, 2, 3, 4, 5])


def test_a_backbone_and_a_classifier_on_it_are_compared_where_they_share(encoder, sentiment):
    found = ic.compare_weights(encoder, sentiment)
    assert set(found.unmatched["reason"]) == {"only in sentiment"}
    assert list(found.unmatched["parameter"]) == ["classifier.weight", "classifier.bias"]
    embeddings = found.matrices[found.matrices["parameter"].str.contains("embeddings")]
    assert not embeddings["change"].any()
    low_rank = found.matrices[found.matrices["matrix"] == "query"]
    assert (low_rank["stable_rank"].dropna() < 8.001).all()  # the rank of the adapter


@pytest.mark.parametrize("family", ["gpt2", "gpt-neox", "llama", "albert", "t5", "qwen3", "opt"])
def test_families_keep_their_heads_in_different_places(tiny_model, family):
    import copy

    model = tiny_model(family)
    network = copy.deepcopy(model.model)
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(1.25)
    found = ic.compare_weights(model, replace(model, name="more", model=network))
    np.testing.assert_allclose(found.matrices["relative"], 0.25, rtol=1e-5)
    np.testing.assert_allclose(found.heads["relative"], 0.25, rtol=1e-5)
    assert set(found.heads["matrix"]) == {"query", "key", "value", "output"}
    assert len(found.heads) == 4 * len(model.layout.attention_layers) * model.n_heads


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_a_decoder_has_cells_of_its_own(tiny_model, family):
    import copy

    model = tiny_model(family)
    network = copy.deepcopy(model.model)
    with torch.no_grad():
        for value in (
            network.get_decoder().layers.parameters()
            if family == "bart"
            else (network.decoder.block.parameters())
        ):
            value.mul_(1.25)
    found = ic.compare_weights(model, replace(model, name="more", model=network)).matrices
    assert not found.duplicated(["layer", "matrix"]).any()
    decoder = found["matrix"].str.startswith("decoder ")
    assert set(found[decoder]["layer"]) == {0, 1, 2}  # one more than the encoder has
    np.testing.assert_allclose(found[decoder]["relative"], 0.25, rtol=1e-5)
    assert not found[~decoder]["change"].any()


def test_reordered_heads_are_told_by_the_number_of_their_layer(tiny_model):
    import copy

    model = tiny_model("jamba")  # attends in layers 1 and 4 alone
    assert model.layout.attention_layers == (1, 4)
    network = copy.deepcopy(model.model)
    attention, size = network.model.layers[4].self_attn, 8
    heads = torch.tensor([1, 0, 2, 3])  # of one group
    with torch.no_grad():
        rows = torch.cat([torch.arange(head * size, (head + 1) * size) for head in heads])
        attention.q_proj.weight.copy_(attention.q_proj.weight[rows].clone())
        attention.o_proj.weight.copy_(attention.o_proj.weight[:, rows].clone())
    found = ic.compare_weights(model, replace(model, name="reordered", model=network))
    assert found.reordered == (4,)
    assert found.total == 0


def test_rounding_to_bfloat16_changes_every_matrix_a_little(tiny):
    pair = [ic.load_model(str(tiny("bert-2-labels")), dtype=d) for d in ("float32", "bfloat16")]
    found = ic.compare_weights(*pair)
    two_dimensional = found.matrices[found.matrices["shape"].str.contains("×")]
    assert two_dimensional["relative"].between(1e-4, 2**-8).all()


def test_models_that_share_nothing_are_refused(tiny_model, base):
    with pytest.raises(ic.BadInput, match="share no weights"):
        ic.compare_weights(base, tiny_model("gpt2"))
