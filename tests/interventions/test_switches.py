"""Switches: 1 is nothing, 0 is the head gone, a cut edge is a formula, nobody else sees them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.heads.ablation import GatedModel
from interp_core.interventions import switches
from interp_core.interventions.question import encode_question
from tests.hand_made import write
from tests.interventions.families import FAMILIES, inputs_of, part, plain, without_head

CLASSIFIERS = ("bert-2-labels", "distilbert", "deberta-v2")


@pytest.mark.parametrize("family", FAMILIES)
def test_strength_1_changes_nothing_and_0_is_the_head_gone(tiny, tiny_model, family):
    model, (given, _) = tiny_model(family), inputs_of(tiny_model(family))
    every = {(layer, head): 1 for layer in range(2) for head in range(4)}
    same = ic.switch(model, given, heads=every, layers={0: 1, 1: 1}, mlps={0: 1, 1: 1})
    assert np.array_equal(same.logits_before, same.logits_after)

    off = ic.switch(model, given, heads={(1, 2): 0})
    assert np.abs(off.logits_after - off.logits_before).max() > 1e-4
    network = plain(tiny(family))
    without_head(network, family, 1, 2)
    encoded = encode_question(model, given, None)
    with torch.no_grad():
        truth = network(**encoded.inputs).logits[0].numpy()
    truth = truth[-1] if model.task in switches.VOCABULARY else truth
    np.testing.assert_allclose(off.logits_after, truth, rtol=0, atol=2e-6)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "t5"])
def test_strength_0_is_the_ablation_of_the_head_statistics(tiny_model, family):
    model, (given, _) = tiny_model(family), inputs_of(tiny_model(family))
    gated, encoded = GatedModel(model), encode_question(model, given, None)
    gates = gated.ones(1)
    gates[0, 0, 3] = 0
    with torch.no_grad():
        truth = gated.run(encoded.inputs, gates).logits[0].numpy()
    truth = truth[-1] if model.task in switches.VOCABULARY else truth
    off = ic.switch(model, given, heads={(0, 3): 0})
    np.testing.assert_allclose(off.logits_after, truth, rtol=0, atol=1e-6)


@pytest.mark.parametrize("family", ["bert-2-labels", "gpt2", "gemma2", "t5", "vit"])
def test_a_layer_at_0_is_skipped_and_an_mlp_at_0_adds_nothing(tiny, tiny_model, family):
    model, (given, _) = tiny_model(family), inputs_of(tiny_model(family))
    encoded = encode_question(model, given, None)
    skipped = ic.switch(model, given, layers={1: 0})
    silent = ic.switch(model, given, mlps={0: 0})
    double = ic.switch(model, given, mlps={0: 2})
    assert np.abs(double.logits_after - double.logits_before).max() > 1e-4
    if family == "gemma2":  # has a norm behind its MLP, which would undo another strength
        return
    for found, name, layer in ((skipped, "block", 1), (silent, "mlp", 0)):
        network = plain(tiny(family))
        module = part(network, family, layer, name)

        def hook(_module, given, options, output, name=name):
            changed = given[0] if name == "block" else torch.zeros_like(output)
            return changed if torch.is_tensor(output) else (changed, *output[1:])

        module.register_forward_hook(hook, with_kwargs=True)
        with torch.no_grad():
            truth = network(**encoded.inputs).logits[0].numpy()
        truth = truth[-1] if model.task in switches.VOCABULARY else truth
        np.testing.assert_allclose(found.logits_after, truth, rtol=0, atol=2e-6)


# Vectors of mean 0 and variance 1, which a norm leaves alone.
WORDS = np.array(
    [
        [1, 1, -1, -1],
        [1, -1, 1, -1],
        [1, -1, -1, 1],
        [-1, 1, 1, -1],
        [-1, 1, -1, 1],
        [-1, -1, 1, 1],
    ],
    dtype=float,
)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_cut_edge_has_the_closed_form(tmp_path, cut):
    """Even attention, values that are the words' first two numbers, in head 0 alone."""
    attention = torch.zeros(4, 12)
    attention[0, 8] = attention[1, 9] = 1  # values of head 0
    write(
        tmp_path / "model",
        transformer__wte__weight=torch.tensor(WORDS),
        transformer__h__0__attn__c_attn__weight=attention,
        transformer__h__0__attn__c_proj__weight=torch.eye(4),
    )
    model = ic.load_model(str(tmp_path / "model"))
    found = ic.switch(model, "a b c d", edges=[(0, 0, 3, 1)], edges_cut=cut)
    values = WORDS[1:5] * [1, 1, 0, 0]
    for logits, keys, share in (
        (found.logits_before, [0, 1, 2, 3], 1 / 4),
        (found.logits_after, [0, 2, 3], 1 / 3 if cut == "before" else 1 / 4),
    ):
        state = WORDS[4] + share * values[keys].sum(0)
        state = (state - state.mean()) / np.sqrt(state.var() + 1e-5)
        np.testing.assert_allclose(logits, WORDS @ state, atol=1e-4)


@pytest.mark.parametrize("family", [*CLASSIFIERS, "gpt2", "llama", "t5", "vit", "albert"])
def test_a_cut_edge_is_gone_from_the_map_and_its_row_is_as_said(tiny_model, family):
    model, (given, _) = tiny_model(family), inputs_of(tiny_model(family))
    whole = ic.attention_maps(model, given).weights[1, 2]
    for cut in switches.CUTS:
        other = ic.switched_model(model, given, edges=[(1, 2, 6, 3)], edges_cut=cut)
        found = ic.attention_maps(other, given).weights[1, 2]
        truth = whole.copy()
        truth[6, 3] = 0
        if cut == "before":
            truth[6] /= 1 - whole[6, 3]
        np.testing.assert_allclose(found, truth, atol=1e-6)


@pytest.mark.parametrize("family", ["bert-2-labels", "llama", "t5", "vit"])
def test_the_ranking_is_what_each_switch_does(tiny_model, family):
    model, (given, _) = tiny_model(family), inputs_of(tiny_model(family))
    ranking = ic.head_removals(model, given)
    assert len(ranking) == 8
    assert ranking["logit_change"].abs().is_monotonic_decreasing
    for row in ranking.head(3).itertuples():
        found = ic.switch(model, given, heads={(row.layer, row.head): 0})
        change = found.value_after - found.value_before
        assert change == pytest.approx(row.logit_change, abs=1e-5)
    whole = ic.removal_effects(model, given)
    (row,) = whole[(whole["unit"] == "MLP") & (whole["layer"] == 1)].itertuples()
    found = ic.switch(model, given, mlps={1: 0})
    assert found.value_after - found.value_before == pytest.approx(row.logit_change, abs=1e-5)


def test_what_is_switched_reaches_attributions_and_later_attention(sentiment):
    text = "The plot is not bad."
    other = ic.switched_model(sentiment, text, layers={1: 0})
    moved = ic.attention_change(sentiment, other, text)
    assert moved["change"][moved["layer"] <= 1].max() < 1e-6
    assert moved["change"][moved["layer"] > 1].min() > 1e-4
    one, two = (ic.attribute(each, text, method="leave_one_out") for each in (sentiment, other))
    assert np.abs(one.scores - two.scores).max() > 0.01


@pytest.mark.parametrize("guarded", [True, False])
def test_ten_sessions_on_one_model_never_see_each_others_switches(tiny, monkeypatch, guarded):
    """Without the guard, a copy of the module tree for each, the same test finds the mixture."""
    model = ic.load_model(str(tiny("bert-2-labels")))
    (given, _), whole = inputs_of(model), {}

    def logits(number: int) -> np.ndarray:
        place = (number % 2, number % 4)
        return ic.switch(model, given, heads={place: number / 5}).logits_after

    for number in range(10):
        whole[number] = logits(number)
    if not guarded:
        monkeypatch.setattr(switches, "shared_copy", lambda network: network)
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(logits, [*range(10)] * 3))
    worst = max(np.abs(found[i] - whole[i % 10]).max() for i in range(30))
    assert bool(worst == 0) is guarded


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"heads": {(0, 9): 0}}, "no head"),
        ({"heads": {(0.7, 0): 0}}, "no head"),
        ({"heads": {("a", 0): 0}}, "no head"),
        ({"heads": [(0, 0)]}, "Give strengths by head"),
        ({"layers": {0.5: 0}}, "no layer"),
        ({"edges": [(0, 0.9, 2, 1)]}, "An edge is"),
        ({"heads": {(0, 1): 3}}, "between 0"),
        ({"heads": {(0, 1): "off"}}, "number from 0 to 2"),
        ({"mlps": {7: 0}}, "no MLP"),
        ({"edges": [(0, 1, 2)]}, "An edge is"),
        ({"edges": [(0, 1, 2, 99)]}, "Token 99"),
        ({"edges": [(0, 0, 1, 1)], "edges_cut": "during"}, "edges_cut"),
    ],
)
def test_what_does_not_exist_is_refused(tiny_model, options, told):
    with pytest.raises(ic.BadInput, match=told):
        ic.switch(tiny_model("bert-2-labels"), "The actors know.", **options)


def test_the_only_key_cannot_be_cut_before_the_softmax(tiny_model):
    with pytest.raises(ic.BadInput, match="only key"):
        ic.switch(tiny_model("gpt2"), "The actors know.", edges=[(0, 0, 0, 0)])
