"""Maps of tensors that transformers returned, and what people run into, said in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers

import interp_core as ic
from tests.tiny import TEXT

SHORT = "A strange model."


@pytest.fixture(scope="module")
def bert(tiny):
    """A model with eager attention, and its tokenizer, by transformers alone."""
    folder = tiny("bert")
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def batch(bert):
    """Two texts of different lengths, padded, and what the model returned."""
    model, tokenizer = bert
    given = tokenizer([TEXT, SHORT], return_tensors="pt", padding=True)
    with torch.no_grad():
        return given, model(**given, output_attentions=True)


def names(tokenizer, given, row=0):
    return tokenizer.convert_ids_to_tokens(given["input_ids"][row])


def test_they_are_the_maps_of_the_model(bert, tiny_model):
    model, tokenizer = bert
    given = tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        found = model(**given, output_attentions=True).attentions
    maps = ic.maps_from(found, names(tokenizer, given), word_ids=given.word_ids())
    expected = ic.attention_maps(tiny_model("bert"), TEXT)
    np.testing.assert_allclose(maps.weights, expected.weights, atol=1e-6)
    assert maps.tokens == expected.tokens
    assert maps.special.tolist() == expected.special.tolist()
    assert maps.layer_numbers == expected.layer_numbers
    assert len(maps.without_special().tokens) == len(expected.without_special().tokens)
    assert len(maps.by_word().tokens) < len(maps.tokens)
    assert maps.even is None


def test_one_text_of_a_padded_batch_is_that_text_alone(bert, batch, tiny_model):
    _, tokenizer = bert
    given, output = batch
    mask = given["attention_mask"]
    shown = names(tokenizer, given, 1)
    maps = ic.maps_from(output.attentions, shown, index=1, attention_mask=mask)
    expected = ic.attention_maps(tiny_model("bert"), SHORT)
    np.testing.assert_allclose(maps.weights, expected.weights, atol=1e-5)
    assert maps.tokens == expected.tokens


def test_a_decoders_even_spread_is_over_the_keys_that_it_sees(tiny):
    folder = tiny("gpt2")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    given = tokenizer(SHORT, return_tensors="pt")
    with torch.no_grad():
        found = model.eval()(**given, output_attentions=True).attentions
    maps = ic.maps_from(found, names(tokenizer, given))
    expected = ic.attention_maps(ic.load_model(str(folder)), SHORT)
    assert maps.tokens == expected.tokens  # byte-level pieces made readable
    np.testing.assert_allclose(maps.even[0], expected.even[0])


def test_cross_attention_has_keys_of_its_own():
    weights = [np.full((1, 2, 3, 4), 0.25)]
    maps = ic.maps_from(weights, list("abc"), key_tokens=list("wxyz"))
    assert (maps.tokens, maps.key_tokens) == (list("abc"), list("wxyz"))
    with pytest.raises(ic.BadInput, match="`key_tokens`"):
        ic.maps_from(weights, list("abc"))


def test_layers_without_attention_keep_their_numbers():
    even = np.full((2, 3, 3), 1 / 3)
    maps = ic.maps_from([None, even, None, even], list("abc"))
    assert maps.layer_numbers == (1, 3)


def test_sdpa_returns_nothing_and_that_is_said(tiny):
    folder = tiny("bert")
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="sdpa")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    given = tokenizer(SHORT, return_tensors="pt")
    with torch.no_grad():
        output = model(**given)
    for nothing in (output.attentions, (None, None), ()):
        with pytest.raises(ic.BadInput, match='attn_implementation="eager"'):
            ic.maps_from(nothing, names(tokenizer, given))


def test_what_people_run_into_is_said_in_words(bert, batch):
    _, tokenizer = bert
    given, output = batch
    found, shown = output.attentions, names(tokenizer, given, 1)
    one = [each[1:] for each in found]
    wrong = {
        "of 2 texts. Choose one": ({}, found, shown),
        r"these positions are padding.*attention_mask": ({}, one, shown),
        "whole output is given.*output.attentions": ({}, output, shown),
        r"tokens for \d+ queries.*convert_ids_to_tokens": ({}, one, shown[1:]),
        "list of strings": ({}, one, "a strange model"),
        "`tokens` is a list": ({}, one, None),
        "`index` is the number": ({"index": "0"}, found, shown),
        "either one layer of several texts": ({}, found[0], shown),
        "one tuple of layers for each step": ({}, (found, found), shown),
        "shape": ({}, found[0][0], shown),
        "different shapes": ({}, [one[0], one[1][:, :2]], shown),
        "one step of generation": ({}, [each[:, :, :1] for each in one], shown),
        "after the softmax": ({}, [each * 3 for each in one], shown),
        "not finite": ({}, [each * float("nan") for each in one], shown),
        "mask has the shape": ({"attention_mask": [1, 1]}, one, shown),
        "`special` has 1 entries": (
            {"special": [True], "attention_mask": given["attention_mask"][1]},
            one,
            shown,
        ),
    }
    for told, (options, attentions, tokens) in wrong.items():
        with pytest.raises(ic.BadInput, match=told):
            ic.maps_from(attentions, tokens, **options)


def test_a_model_in_training_mode_is_named_as_a_cause(bert):
    model, tokenizer = bert
    given = tokenizer(TEXT, return_tensors="pt")
    shown = names(tokenizer, given)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        try:
            found = model.train()(**given, output_attentions=True).attentions
        finally:
            model.eval()
    with pytest.raises(ic.BadInput, match=r"training mode.*`model\.eval\(\)`"):
        ic.maps_from(found, shown)
    with pytest.raises(ic.BadInput, match="after the softmax") as refused:
        ic.maps_from([each - 1 for each in found], shown)
    assert "training mode" not in str(refused.value)


def test_queries_and_keys_in_the_wrong_order_are_no_weights(bert):
    model, tokenizer = bert
    given = tokenizer(TEXT, return_tensors="pt")
    with torch.no_grad():
        found = model(**given, output_attentions=True).attentions
    with pytest.raises(ic.BadInput, match="queries before keys"):
        ic.maps_from([each.transpose(-1, -2) for each in found], names(tokenizer, given))


def test_what_stands_in_the_place_of_a_model_or_of_maps_is_named(bert):
    model, _ = bert
    with pytest.raises(ic.BadInput, match="a BertModel, not a loaded model"):
        ic.attention_maps(model, TEXT)
    with pytest.raises(ic.BadInput, match="a name, not a loaded model"):
        ic.attention_maps("sentiment", TEXT)
    for draws in (ic.overview, ic.head_view, ic.heatmap):
        with pytest.raises(ic.BadInput, match="Attention maps are needed, not NoneType"):
            draws(None)
