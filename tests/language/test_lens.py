"""The logit lens: by hand, against another way to the same numbers, and its last layer."""

import numpy as np
import pytest
import torch

import interp_core as ic
from tests import hand_made
from tests.needs import needs_language_model
from tests.tiny import TEXT

CAUSAL = (
    "gpt2",
    "gpt-neox",
    "gpt-neo",
    "opt",
    "llama",
    "qwen2",
    "qwen3",
    "mistral",
    "gemma",
    "gemma2",
    "gemma3",
    "gpt-oss",
    "jamba",
)
MASKED = ("bert-masked-lm", "roberta", "modernbert")
# The final norm, applied by hand to the states before the last, which nobody has normed yet.
NORMS = {
    "gpt2": lambda network: network.transformer.ln_f,
    "gpt-neox": lambda network: network.gpt_neox.final_layer_norm,
    "opt": lambda network: network.model.decoder.final_layer_norm,
    "llama": lambda network: network.model.norm,
    "gemma3": lambda network: network.model.norm,
}


def test_a_hand_made_layer_is_read_before_and_after(tmp_path):
    rng = torch.Generator().manual_seed(0)
    table, added = torch.randn(6, 4, generator=rng), torch.randn(4, generator=rng)
    folder = hand_made.write(
        tmp_path / "model",
        transformer__wte__weight=table,
        transformer__h__0__mlp__c_proj__bias=added,
    )
    found = ic.logit_lens(ic.load_model(str(folder)), "a c d", k=6)
    states = table[[1, 3, 4]].double()
    for layer, state in enumerate((states, states + added)):
        centred = state - state.mean(-1, keepdim=True)
        normed = centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
        chances = (normed @ table.double().T).softmax(-1)
        best = chances.topk(6)
        assert found.ids[layer].tolist() == best.indices.tolist()
        assert found.probabilities[layer] == pytest.approx(best.values.numpy(), abs=1e-5)
    final, first = chances.numpy(), (states - states.mean(-1, keepdim=True))
    first = (first / (first.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()) @ table.double().T
    first = first.softmax(-1).numpy()
    divergence = (final * np.log2(final / first)).sum(-1)
    assert found.divergence[0] == pytest.approx(divergence, abs=1e-4)
    assert found.divergence[1] == pytest.approx(0, abs=1e-6)
    answer = final.argmax(-1)
    rank = 1 + (first > first[range(3), answer][:, None]).sum(-1)
    assert found.answer_rank[0].tolist() == rank.tolist()


@pytest.mark.parametrize("family", [*CAUSAL, *MASKED])
def test_the_last_layer_is_the_models_own_prediction(tiny_model, family):
    model = tiny_model(family)
    found = ic.logit_lens(model, TEXT, k=3)
    read = model.tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        chances = model.model(read["input_ids"]).logits[0].softmax(-1)
    top = chances.topk(3)
    assert found.error < 1e-5
    assert found.ids[-1].tolist() == top.indices.tolist()
    assert found.probabilities[-1] == pytest.approx(top.values.numpy(), abs=1e-5)
    assert (found.answer_rank[-1] == 1).all()
    assert found.divergence[-1] == pytest.approx(0, abs=1e-5)
    assert len(found.ids) == model.n_layers + 1


@pytest.mark.parametrize("family", NORMS)
def test_earlier_layers_equal_norm_and_table_applied_by_hand(tiny_model, family):
    model = tiny_model(family)
    found = ic.logit_lens(model, TEXT, k=3)
    read = model.tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        states = model.model(read["input_ids"], output_hidden_states=True).hidden_states
        for layer, state in enumerate(states[:-1]):
            table = model.model.get_output_embeddings()
            top = table(NORMS[family](model.model)(state))[0].softmax(-1).topk(3)
            assert found.ids[layer].tolist() == top.indices.tolist()
            assert found.probabilities[layer] == pytest.approx(top.values.numpy(), abs=1e-5)


def test_a_bert_head_transforms_every_layer_alike(tiny_model):
    model = tiny_model("bert-masked-lm")
    found = ic.logit_lens(model, TEXT, k=3)
    read = model.tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        states = model.model(**read, output_hidden_states=True).hidden_states
        for layer, state in enumerate(states):
            top = model.model.cls(state)[0].softmax(-1).topk(3)
            assert found.probabilities[layer] == pytest.approx(top.values.numpy(), abs=1e-5)


def test_cells_and_frame_tell_the_same(tiny_model):
    found = ic.logit_lens(tiny_model("gpt2"), TEXT, k=4)
    frame = found.to_frame()
    line = frame[(frame["layer"] == 1) & (frame["position"] == 5)].iloc[0]
    cell = found.at(1, 5)
    assert line["best"] == cell["token"][0]
    assert line["probability"] == pytest.approx(cell["probability"][0])
    assert len(cell) == 4
    with pytest.raises(ic.BadInput, match="does not exist"):
        found.at(9, 0)


def test_some_positions_are_read_as_all_are(tiny_model):
    model = tiny_model("gpt2")
    whole, part = ic.logit_lens(model, TEXT), ic.logit_lens(model, TEXT, positions=[-1, 5, 7, 5])
    assert part.positions.tolist() == [5, 7, len(whole.tokens) - 1]
    frame = whole.to_frame()
    expected = frame[frame["position"].isin(part.positions)].reset_index(drop=True)
    found = part.to_frame()
    for name in frame.columns:
        if name in ("layer", "position", "token", "best", "answer", "answer_rank"):
            assert (found[name] == expected[name]).all()
        else:
            assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy(), abs=1e-5)
    assert part.at(1, 7)["id"].tolist() == whole.at(1, 7)["id"].tolist()
    for wrong, said in (([], "no positions"), ([99], "does not exist")):
        with pytest.raises(ic.BadInput, match=said):
            ic.logit_lens(model, TEXT, positions=wrong)
    with pytest.raises(ic.BadInput, match="was not computed"):
        part.at(1, 6)


def test_another_thread_is_not_disturbed(tiny_model):
    from threading import Thread

    model = tiny_model("llama")
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        truth = model.model(ids).logits
    wrong = []

    def others() -> None:
        with torch.inference_mode():
            wrong.extend(not torch.equal(model.model(ids).logits, truth) for _ in range(30))

    thread = Thread(target=others)
    thread.start()
    for _ in range(10):
        ic.logit_lens(model, TEXT)
    thread.join()
    assert len(wrong) == 30
    assert not any(wrong)


def test_stopping_and_silly_numbers(tiny_model):
    with pytest.raises(ic.Stopped):
        ic.logit_lens(tiny_model("gpt2"), TEXT, progress=lambda done, expected: False)
    with pytest.raises(ic.BadInput, match="Between 1 and"):
        ic.logit_lens(tiny_model("gpt2"), TEXT, k=0)
    with pytest.raises(ic.UnsupportedModel):
        ic.logit_lens(tiny_model("bert-2-labels"), TEXT)


@needs_language_model
def test_the_language_model_ends_at_its_own_answer():
    model = ic.load_model("language-model")
    found = ic.logit_lens(model, "The capital of France is")
    assert found.error < 1e-4
    assert found.names[int(found.answers[-1])].strip("▁") == "Paris"
    assert found.answer_rank[-1].tolist() == [1] * 5
    assert found.answer_rank[0, -1] > 100
