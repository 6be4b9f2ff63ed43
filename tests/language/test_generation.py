"""Generation: deterministic, seeded, stops; its maps are those of every step and of one pass."""

import numpy as np
import pytest
import torch

import interp_core as ic
from tests.needs import needs_language_model
from tests.tiny import TEXT

CAUSAL = (
    "gpt2",
    "gpt-neox",
    "gpt-neo",
    "llama",
    "qwen2",
    "mistral",
    "gemma2",
    "gemma3",
    "gpt-oss",
    "jamba",
)
SHORT = "The strange model was doing"


def stepwise(model: ic.LoadedModel, text: str, tokens: int) -> np.ndarray:
    """Maps (layers, heads, n, n) stitched from what transformers' own generation returns.

    The last token has no row there; keys that a step could not see are zero.
    """
    ids = model.tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        output = model.model.generate(
            ids,
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            do_sample=False,
            num_beams=1,
            output_attentions=True,
            return_dict_in_generate=True,
        )
    size = output.sequences.shape[1]
    layers = len(model.layout.attention_layers)
    whole = np.zeros((layers, model.n_heads, size, size), dtype=np.float32)
    row = 0
    for step in output.attentions:
        maps = [each[0].float().numpy() for each in step if each is not None]
        high = maps[0].shape[-2]
        for layer, each in enumerate(maps):  # layers with a sliding window kept fewer keys
            whole[layer, :, row : row + high, row + high - each.shape[-1] : row + high] = each
        row += high
    return whole


@pytest.mark.parametrize(
    "family", ["gpt2", "gpt-neox", "llama", "qwen2", "mistral", "gemma2", "gpt-oss"]
)
def test_the_maps_are_those_of_every_step_stitched_together(tiny_model, family, monkeypatch):
    model = tiny_model(family)
    monkeypatch.setattr("interp_core.language.generation.end_marks", lambda model: set())
    found = ic.generate(model, SHORT, tokens=7)
    stitched = stepwise(model, SHORT, 7)
    assert found.maps.weights.shape == stitched.shape
    assert np.abs(found.maps.weights[:, :, :-1] - stitched[:, :, :-1]).max() < 1e-5


@pytest.mark.parametrize("family", CAUSAL)
def test_maps_and_probabilities_equal_one_pass_over_the_final_sequence(tiny_model, family):
    model = tiny_model(family)
    found = ic.generate(model, SHORT, tokens=6)
    ids = torch.as_tensor(found.maps.queries.ids)[None]
    with torch.inference_mode():
        output = model.model(ids, output_attentions=True, use_cache=False)
    maps = np.stack([each[0].numpy() for each in output.attentions if each is not None])
    assert np.abs(found.maps.weights - maps).max() < 1e-5
    chances = output.logits[0].softmax(-1)
    places = range(found.prompt - 1, ids.shape[1] - 1)
    own = [float(chances[place, ids[0, place + 1]]) for place in places]
    assert found.probabilities == pytest.approx(own, abs=1e-5)
    assert [int(chances[place].argmax()) for place in places] == found.ids.tolist()
    assert found.maps.weights.sum(-1).max() < 1 + 1e-5


def test_greedy_words_are_those_of_transformers(tiny_model):
    model = tiny_model("llama")
    ids = model.tokenizer(SHORT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        whole = model.model.generate(ids, max_new_tokens=8, do_sample=False)
    found = ic.generate(model, SHORT, tokens=8)
    assert found.ids.tolist() == whole[0, ids.shape[1] :].tolist()
    assert found.text == model.tokenizer.decode(whole[0, ids.shape[1] :])
    assert (found.ranks == 1).all()


def test_the_end_mark_stops_the_writing_and_is_not_text(tiny_model, monkeypatch):
    model = tiny_model("gpt2")
    free = ic.generate(model, SHORT, tokens=6)
    end = int(free.ids[2])
    monkeypatch.setattr(model.model.generation_config, "eos_token_id", [end, 3])
    found = ic.generate(model, SHORT, tokens=6)
    stop = free.ids.tolist().index(end)
    assert found.ended
    assert found.ids.tolist() == free.ids[: stop + 1].tolist()
    assert found.text == model.tokenizer.decode(free.ids[:stop])
    assert found.maps.weights.shape[-1] == found.prompt + stop + 1


def test_sampling_is_the_same_for_the_same_seed(tiny_model):
    model = tiny_model("gpt2")
    draw = [ic.generate(model, SHORT, tokens=8, temperature=1.0, seed=s).ids for s in (1, 1, 2)]
    assert (draw[0] == draw[1]).all()
    assert (draw[0] != draw[2]).any()
    cold = ic.generate(model, SHORT, tokens=8, temperature=1e-4)
    assert (cold.ids == ic.generate(model, SHORT, tokens=8).ids).all()


def test_samples_follow_the_tempered_chances(tiny_model):
    model = tiny_model("gpt2")
    first = [ic.generate(model, "The", tokens=1, temperature=0.5, seed=s).ids[0] for s in range(80)]
    best = ic.next_tokens(model, "The", k=330)
    weights = best["probability"] ** 2 / (best["probability"] ** 2).sum()
    top = set(best["id"][:40])
    share = weights[:40].sum()
    seen = np.mean([number in top for number in first])
    assert abs(seen - share) < 4 * np.sqrt(share * (1 - share) / 80)


def test_alternatives_have_the_chosen_token_marked(tiny_model):
    found = ic.generate(tiny_model("gpt2"), SHORT, tokens=3)
    assert found.alternatives.groupby("step").size().tolist() == [10, 10, 10]
    marked = found.alternatives[found.alternatives["chosen"]]
    assert marked["id"].tolist() == found.ids.tolist()
    assert marked["probability"].to_numpy() == pytest.approx(found.probabilities)
    assert found.to_frame()["position"].tolist() == [found.prompt + step for step in range(3)]


def test_the_maps_merge_into_words(tiny_model):
    maps = ic.generate(tiny_model("gpt2"), SHORT, tokens=3).maps.by_word()
    assert len(maps.tokens) == len(SHORT.split()) + 3
    assert maps.weights.sum(-1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"tokens": 0}, ic.BadInput, "Between 1 and 200"),
        ({"tokens": 201}, ic.BadInput, "Between 1 and 200"),
        ({"tokens": 60}, ic.InputTooLong, "generate at most"),
        ({"temperature": -1}, ic.BadInput, "temperature"),
        ({"progress": lambda done, expected: False}, ic.Stopped, "Stopped"),
    ],
)
def test_a_mistake_gets_a_sentence(tiny_model, options, error, said):
    with pytest.raises(error, match=said):
        ic.generate(tiny_model("gpt2"), SHORT, **options)


@pytest.mark.parametrize("family", ["bert-masked-lm", "t5", "bert-2-labels"])
def test_models_that_do_not_write_are_refused(tiny_model, family):
    with pytest.raises(ic.UnsupportedModel):
        ic.generate(tiny_model(family), TEXT)


@pytest.mark.parametrize("family", ["gpt2", "llama", "opt", "gemma"])
def test_a_repeated_sequence_reads_back_as_the_same_tokens_twice(tiny_model, family):
    model = tiny_model(family)
    text = ic.repeated_sequence(model, length=5, seed=3)
    read = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert len(read) == 10
    assert read[:5] == read[5:]
    assert len(set(read[:5])) == 5
    assert text == ic.repeated_sequence(model, length=5, seed=3)
    assert text != ic.repeated_sequence(model, length=5, seed=4)


def test_a_tokenizer_without_enough_words_says_so(tiny_model):
    with pytest.raises(ic.BadInput, match="shorter sequence"):
        ic.repeated_sequence(tiny_model("llama"), length=31)
    with pytest.raises(ic.BadInput, match="Between 2 and 31"):
        ic.repeated_sequence(tiny_model("gpt2"), length=500)


@needs_language_model
def test_the_language_model_writes_and_copies():
    model = ic.load_model("language-model")
    found = ic.generate(model, "The capital of France is", tokens=4)
    assert found.text.startswith(" Paris")
    stitched = stepwise(model, "The capital of France is", 4)
    assert np.abs(found.maps.weights[:, :, :-1] - stitched[:, :, :-1]).max() < 1e-5
    for seed in range(3):
        text = ic.repeated_sequence(model, seed=seed)
        read = model.tokenizer(text)["input_ids"]
        assert len(read) == 50
        assert read[:25] == read[25:]
    costs = ic.surprisal(model, text)["surprisal"]
    assert costs[26:].mean() < costs[1:25].mean() / 2
