"""The language model: groups of heads, what comes next, and heads that copy."""

import pytest
import torch

import interp_core as ic
from interp_core.heads.induction import induction_scores
from tests.needs import needs_language_model


@pytest.fixture(scope="module")
def smol():
    return ic.load_model("language-model")


@needs_language_model
def test_it_has_groups_of_three_heads(smol):
    assert (smol.n_layers, smol.n_heads, smol.layout.kv_heads) == (30, 9, 3)
    assert smol.layout.causal
    assert smol.task == "causal-lm"


@needs_language_model
@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("The capital of France is", "Paris"),
        ("When Mary and John went to the store, John gave a drink to", "Mary"),
    ],
)
def test_what_comes_next(smol, text, token):
    ids = smol.tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        best = int(smol.model(ids).logits[0, -1].argmax())
    assert smol.tokenizer.decode([best]).strip() == token


@needs_language_model
@pytest.mark.parametrize("seed", [11, 12])
def test_heads_that_copy_show_on_fresh_random_tokens(smol, seed):
    scores = induction_scores(smol, seed=seed).set_index(["layer", "head"])
    assert scores.previous_token_score.idxmax() == (16, 0)
    assert scores.induction_score.idxmax() == (18, 6)
    assert scores.previous_token_score.max() > 0.75
    assert scores.induction_score.max() > 0.75
