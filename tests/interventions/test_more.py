"""Value zeroing, interactions of words, the lens for classifiers and steering."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.inputs.tokens import encode
from interp_core.interventions import switches
from interp_core.interventions.interactions import pairwise_interactions, shapley_interactions
from tests.interventions.families import inputs_of, part, plain

VALUES = {"bert-2-labels": (0, 32), "gpt2": (64, 96), "llama": (0, 16)}  # of the module's output


@pytest.mark.parametrize("family", VALUES)
def test_value_zeroing_is_a_slow_loop(tiny, tiny_model, family):
    model, network = tiny_model(family), plain(tiny(family))
    text = "The unhappiest actors know."
    found = ic.value_zeroing(model, text)
    inputs = encode(model, text).inputs
    size = inputs["input_ids"].shape[1]
    first, end = VALUES[family]
    kept = {}
    for layer in range(2):
        block = part(network, family, layer, "block")
        name = {"gpt2": "attn.c_attn", "llama": "self_attn.v_proj"}.get(
            family, "attention.self.value"
        )
        scores = np.zeros((size, size))
        for key in [None, *range(size)]:

            def silence(_module, _given, output, key=key):
                output = output.clone()
                output[:, key, first:end] = 0
                return output

            def keep(_module, _given, output, key=key):
                kept[key] = (output if torch.is_tensor(output) else output[0])[0].double()

            handles = [block.register_forward_hook(keep)]
            if key is not None:
                handles.append(block.get_submodule(name).register_forward_hook(silence))
            with torch.no_grad():
                network(**inputs)
            [each.remove() for each in handles]
            if key is not None:
                cosine = torch.nn.functional.cosine_similarity(kept[None], kept[key], dim=-1)
                scores[:, key] = 1 - cosine.numpy()
        if model.layout.causal:
            scores = np.tril(scores)
        scores /= scores.sum(-1, keepdims=True)
        np.testing.assert_allclose(found.weights[layer, 0], scores, atol=2e-5)


@pytest.mark.parametrize("family", ["deberta-v2", "t5", "vit", "gpt-neo", "mistral", "jamba"])
def test_value_zeroing_has_rows_of_1_and_nothing_where_nothing_may_be_seen(tiny_model, family):
    model = tiny_model(family)
    given = inputs_of(model)[0]
    found, maps = ic.value_zeroing(model, given), ic.attention_maps(model, given)
    assert found.kind == "zeroing"
    assert found.weights.shape == (len(maps.layer_numbers), 1, *maps.weights.shape[2:])
    np.testing.assert_allclose(found.weights.sum(-1), 1, atol=1e-5)
    unseen = (maps.weights == 0).all(1, keepdims=True)
    assert not found.weights[unseen].any()
    rolled = ic.attention_rollout(found)
    np.testing.assert_allclose(rolled.sum(-1), 1, atol=1e-5)


def test_attention_times_gradient_is_what_a_little_less_weight_does(sentiment, monkeypatch):
    text = "It is not bad."
    found = ic.attention_gradient(sentiment, text, target="positive")
    layer, head, query, key = np.unravel_index(found.weights.argmax(), found.weights.shape)

    def weaker(edges, cut):
        def edit(weights):
            scale = torch.ones_like(weights)
            scale[:, head, query, key] = 0.99
            return weights * scale

        return edit

    monkeypatch.setattr(switches, "edit_of", weaker)
    edges = [(layer, head, query, key)]
    less = ic.switch(sentiment, text, edges=edges, target="positive")
    moved = abs(less.value_after - less.value_before)
    assert moved == pytest.approx(found.weights.max() / 100, rel=0.05)


def test_interactions_of_known_games():
    weights = np.array([0.5, -1.0, 2.0, 0.25])

    def additive(present):
        return present @ weights

    def pair(present):
        return 3 * present[:, 0] * present[:, 2] + additive(present)

    def three(present):
        return present[:, 0] * present[:, 1] * present[:, 2]

    for method in (pairwise_interactions, shapley_interactions):
        np.testing.assert_allclose(method(additive, 4), 0, atol=1e-12)
        found = method(pair, 4)
        assert found[0, 2] == pytest.approx(3)
        assert np.abs(found).sum() == pytest.approx(6)
    # Of a coalition of three, each pair has the Shapley interaction 1 / (3 − 2 + 1).
    found = shapley_interactions(three, 4)
    np.testing.assert_allclose(found[[0, 0, 1], [1, 2, 2]], 0.5)
    np.testing.assert_allclose(found[3], 0, atol=1e-12)


def test_not_and_bad_act_together(sentiment):
    for method in ("pairwise", "shapley"):
        found = ic.word_interactions(sentiment, "It is not bad.", target="positive", method=method)
        best = found.loc[found["interaction"].idxmax()]
        assert {best["first"], best["second"]} == {"not", "bad"}
        assert len(found) == 10
    with pytest.raises(ic.BadInput, match="shapley interactions take 2 to 12"):
        ic.word_interactions(sentiment, "a b c d e f g h i j k l m", method="shapley")


def test_the_lens_ends_at_the_output_and_reads_with_the_models_own_head(tiny, tiny_model):
    model, network = tiny_model("bert-2-labels"), plain(tiny("bert-2-labels"))
    text = inputs_of(model)[0]
    lens = ic.classifier_lens(model, text)
    with torch.no_grad():
        output = network(**encode(model, text).inputs, output_hidden_states=True)
        for layer, state in enumerate(output.hidden_states):
            truth = network.classifier(network.bert.pooler(state))[0].numpy()
            found = lens[lens["layer"] == layer]["logit"]
            np.testing.assert_allclose(found, truth, atol=1e-5)
    assert lens["layer"].max() == 2


@pytest.mark.parametrize("family", ["distilbert", "bert-token-labels", "vit", "deberta-v2"])
def test_the_lens_of_other_classifiers_ends_at_their_output(tiny_model, family):
    model = tiny_model(family)
    given = inputs_of(model)[0]
    lens, answer = ic.classifier_lens(model, given), ic.switch(model, given)
    last = lens[lens["layer"] == lens["layer"].max()].set_index("label")["logit"]
    truth = answer.before.to_frame().set_index("label")["logit"]
    np.testing.assert_allclose(last[truth.index], truth, atol=1e-5)
    turned = ic.turning_points(lens)
    assert list(turned) == ["layer", "label", "previous"]


def test_the_lens_needs_a_classifier(tiny_model):
    with pytest.raises(ic.UnsupportedModel, match="logit lens"):
        ic.classifier_lens(tiny_model("gpt2"), "The actors know.")


def test_steering_adds_the_difference_of_two_states(tiny, tiny_model):
    model, network = tiny_model("gpt2"), plain(tiny("gpt2"))
    texts = ("The actors know", "The strange model", "The actors there")
    found = ic.steer(model, *texts, layer=0, strength=4.0, tokens=5)
    same = ic.steer(model, *texts, layer=0, strength=0.0, tokens=5)
    assert same.before.text == same.after.text == found.before.text
    reads = [encode(model, text).inputs for text in texts]
    with torch.no_grad():
        states = [network(**each, output_hidden_states=True).hidden_states[1][0] for each in reads]
        direction = states[1][-1] - states[2][-1]
        np.testing.assert_allclose(found.direction, direction, atol=1e-5)
        block = network.transformer.h[0]

        def add(_module, _given, output):
            return (
                output + 4 * direction
                if torch.is_tensor(output)
                else (output[0] + 4 * direction, *output[1:])
            )

        block.register_forward_hook(add)
        ids = reads[0]["input_ids"]
        for _ in range(5):
            ids = torch.cat([ids, network(ids).logits[:, -1:].argmax(-1)], 1)
    assert found.after.ids.tolist() == ids[0, -5:].tolist()
    best = found.next_token().set_index("label")
    for side, each in (("before", found.before), ("after", found.after)):
        column = best[f"probability_{side}"]
        assert column.idxmax() == each.tokens[0]
        assert column.max() == pytest.approx(each.probabilities[0], abs=1e-6)
        assert column.notna().sum() == 10
    assert "another model" in found.warning
    with pytest.raises(ic.BadInput, match="no direction"):
        ic.steer(model, texts[0], texts[1], texts[1], layer=0)


def test_the_chart_of_interactions_has_one_scale_for_both_signs(sentiment):
    from interp_core.drawing.interventions import square

    found = ic.word_interactions(sentiment, "It is not bad.", target="positive")
    frame = square(found)
    assert len(frame) == 25
    table = frame.pivot(index="y", columns="x", values="interaction").to_numpy()
    np.testing.assert_allclose(table, table.T)
    assert np.isnan(np.diag(table)).all()
