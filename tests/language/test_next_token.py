"""Next tokens and surprisal: known distributions, identities, masks, mistakes."""

import numpy as np
import pytest
import torch

import interp_core as ic
from tests import hand_made
from tests.tiny import TEXT

CAUSAL = ("gpt2", "gpt-neox", "opt", "llama", "mistral", "gemma2", "gpt-oss", "jamba")
CHANCES = np.array([0.05, 0.4, 0.3, 0.15, 0.06, 0.04])


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A model that gives every token the chances above, whatever stands before."""
    table = torch.zeros(6, 4)
    table[:, 0] = torch.from_numpy(np.log(CHANCES))
    folder = hand_made.write(
        tmp_path_factory.mktemp("known") / "model",
        transformer__wte__weight=table,
        transformer__ln_f__weight=torch.zeros(4),
        transformer__ln_f__bias=torch.tensor([1.0, 0, 0, 0]),
    )
    return ic.load_model(str(folder))


def test_a_known_distribution_is_listed_best_first(known):
    found = ic.next_tokens(known, "a b", k=6)
    order = np.argsort(-CHANCES)
    assert found["id"].tolist() == order.tolist()
    assert found["token"].tolist() == [hand_made.WORDS[number] for number in order]
    assert found["probability"].to_numpy() == pytest.approx(CHANCES[order], abs=1e-6)
    assert found["logit"].to_numpy() == pytest.approx(np.log(CHANCES[order]), abs=1e-6)
    assert found["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert found.attrs["entropy"] == pytest.approx(-(CHANCES * np.log2(CHANCES)).sum(), abs=1e-6)


def test_surprisal_is_minus_the_log_of_the_known_chance(known):
    found = ic.surprisal(known, "a b c a")
    assert np.isnan(found["surprisal"][0])
    expected = -np.log2(CHANCES[[2, 3, 1]])
    assert found["surprisal"][1:].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert found["rank"][1:].tolist() == [2, 3, 1]
    entropy = -(CHANCES * np.log2(CHANCES)).sum()
    assert found["entropy"][1:].to_numpy() == pytest.approx(entropy, abs=1e-6)


def test_equal_chances_cost_the_log_of_the_vocabulary(tmp_path):
    model = ic.load_model(str(hand_made.write(tmp_path / "even")))
    found = ic.surprisal(model, "a b c")
    assert found["surprisal"][1:].to_numpy() == pytest.approx(np.log2(6), abs=1e-6)
    assert (found["rank"][1:] == 1).all()


@pytest.mark.parametrize("family", CAUSAL)
def test_both_agree_with_the_models_own_logits(tiny_model, family):
    model = tiny_model(family)
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        logs = model.model(ids).logits[0].double().log_softmax(-1)
    found = ic.surprisal(model, TEXT)
    own = logs[:-1].gather(1, ids[0, 1:, None])[:, 0].numpy()
    assert found["surprisal"][1:].to_numpy() == pytest.approx(-own / np.log(2), abs=1e-5)
    top = ic.next_tokens(model, TEXT, position=3, k=4)
    assert top["id"].tolist() == logs[3].topk(4).indices.tolist()
    assert top["probability"].to_numpy() == pytest.approx(logs[3].topk(4).values.exp().numpy())


def test_an_end_mark_that_the_tokenizer_adds_is_passed_over(tiny_model):
    model = tiny_model("opt")
    last = len(model.tokenizer(TEXT)["input_ids"]) - 1
    assert ic.next_tokens(model, TEXT).attrs["position"] == last - 1


@pytest.mark.parametrize("family", ["bert-masked-lm", "roberta", "modernbert"])
def test_a_masked_model_guesses_each_word_from_the_rest(tiny_model, family):
    model = tiny_model(family)
    found = ic.surprisal(model, TEXT)
    read = model.tokenizer(TEXT, return_tensors="pt")
    place = 4
    read["input_ids"][0, place] = model.tokenizer.mask_token_id
    with torch.inference_mode():
        line = model.model(**read).logits[0, place].double().log_softmax(-1)
    own = model.tokenizer(TEXT)["input_ids"][place]
    assert found["surprisal"][place] == pytest.approx(float(-line[own] / np.log(2)), abs=1e-5)
    assert np.isnan(found["surprisal"][0])
    top = ic.next_tokens(model, TEXT, position=place)
    assert top["id"][0] == int(line.argmax())


def test_a_written_mask_is_the_place_to_guess(tiny_model):
    model = tiny_model("bert-masked-lm")
    text = "The plot is [MASK] bad."
    assert ic.next_tokens(model, text).attrs["position"] == 4
    assert ic.surprisal(model, text)["surprisal"].isna().tolist() == [
        *(True, False, False, False, True, False, False, True)
    ]
    assert ic.surprisal(model, "[MASK]")["surprisal"].isna().all()
    with pytest.raises(ic.BadInput, match=r"Write \[MASK\]"):
        ic.next_tokens(model, "The plot is bad.")


def test_a_masked_reading_can_be_stopped(tiny_model):
    with pytest.raises(ic.Stopped):
        ic.surprisal(tiny_model("bert-masked-lm"), TEXT, progress=lambda done, expected: False)


@pytest.mark.parametrize("k", [0, 10_000])
def test_a_silly_number_of_tokens_is_refused(known, k):
    with pytest.raises(ic.BadInput, match="Between 1 and 6"):
        ic.next_tokens(known, "a", k=k)


def test_a_text_whose_logits_do_not_fit_in_memory_is_refused(known, monkeypatch):
    monkeypatch.setattr("interp_core.language.residual_stream.MOST_LOGITS", 30)
    assert len(ic.surprisal(known, "a b c d e")) == 5
    with pytest.raises(ic.InputTooLong, match="for at most 5 fit"):
        ic.surprisal(known, "a b c d e a")


@pytest.mark.parametrize("family", ["bert-2-labels", "t5", "bert"])
def test_other_models_are_refused_in_words(tiny_model, family):
    with pytest.raises(ic.UnsupportedModel, match="language model, such as `language-model`"):
        ic.next_tokens(tiny_model(family), TEXT)
