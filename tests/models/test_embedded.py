"""The built-in models: they load without a network, are what their cards say, and do their task."""

import hashlib
import socket

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.datasets import digit_labels, digit_picture, held_out
from interp_core.models import load as loading
from interp_core.models.registry import BUNDLED, bundled_card
from tests import needs

TOGETHER = 12 * 10**6  # bytes of all weights in the repository
AT_LEAST = {
    "sentiment": ("SST-2 dev accuracy", 0.90),
    "intents": ("SNIPS validation accuracy", 0.97),
    "slots": ("SNIPS validation entity F1", 0.93),
    "pos": ("UD English EWT test accuracy", 0.945),
    "digits": ("held-out accuracy", 0.97),
    "sentiment-lstm": ("SST-2 dev accuracy", 0.86),
    "language-model": ("attention of the best induction head", 0.75),
}
CARDS = {card.name: card for card in ic.bundled_models()}
HERE = [name for name in CARDS if needs.HERE.get(name, True)]


@pytest.fixture(scope="module")
def loaded():
    """Every model, loaded for these tests, with the network closed."""
    models = {}

    def load(name):
        if name not in models:
            models[name] = ic.load_model(name)
        return models[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *_a, **_k: pytest.fail("used the network"))
        patch.setattr(loading, "_load_bundled", loading._load_bundled.__wrapped__)
        yield load


@pytest.mark.parametrize("name", HERE)
def test_a_model_is_what_its_card_says(loaded, name):
    model, card = loaded(name), CARDS[name]
    assert (model.name, model.task, model.labels) == (card.name, card.task, card.labels)
    assert (model.n_layers, model.n_heads) == (card.layers, card.heads)
    assert model.model.num_parameters() == card.parameters
    assert (model.revision, model.dtype) == (card.revision, "float32")
    assert not model.notes
    assert not model.model.training


@pytest.mark.parametrize("name", HERE)
def test_a_model_asked_for_another_task_says_that_it_has_no_such_head(loaded, name):
    other = "question-answering"
    with pytest.raises(ic.UnsupportedModel, match=other):
        ic.load_model(name, task=other)


@pytest.mark.parametrize("name", AT_LEAST)
def test_the_card_holds_the_quality_that_was_promised(name):
    figure, least = AT_LEAST[name]
    assert CARDS[name].metrics[figure] >= least


@pytest.mark.parametrize("name", CARDS)
def test_the_card_belongs_to_the_weights_beside_it(name):
    card = bundled_card(name)
    files = sorted(card.folder.glob("*.safetensors"))
    assert len(files) == (card.form not in ("backbone", "package"))
    for file in files:
        assert card.revision == hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def test_all_weights_of_the_repository_together_are_small():
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*.safetensors")) < TOGETHER


# ------------------------------------------------------------------------------- hand-picked texts


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Will it rain in Boston tomorrow?", "GetWeather"),
        ("Book a table for four at an Italian restaurant", "BookRestaurant"),
        ("Play some jazz from 1959", "PlayMusic"),
        ("Add this song to my running playlist", "AddToPlaylist"),
        ("I give this novel five stars out of six", "RateBook"),
        ("When is the next showing of the film at the cinema?", "SearchScreeningEvent"),
        ("Find me the TV series Star Trek", "SearchCreativeWork"),
    ],
)
def test_intents(loaded, text, intent):
    assert ic.attribute(loaded("intents"), text, method="saliency").prediction.label == intent


def token_labels(model, text):
    """The label of every token that is not special."""
    encoded = model.tokenizer(text, return_tensors="pt", return_special_tokens_mask=True)
    special = encoded.pop("special_tokens_mask")[0].bool()
    with torch.inference_mode():
        best = model.model(**encoded).logits[0, ~special].argmax(-1).tolist()
    return " ".join(model.labels[number] for number in best)


def test_slots(loaded):
    found = token_labels(loaded("slots"), "Will it rain in Boston tomorrow?")
    assert found == "O O B-condition_description O B-city B-timeRange O"


def test_parts_of_speech_follow_the_sentence_not_the_word(loaded):
    assert token_labels(loaded("pos"), "They book a table.") == "PRON VERB DET NOUN PUNCT"
    assert token_labels(loaded("pos"), "They read a book.") == "PRON VERB DET NOUN PUNCT"


@pytest.mark.parametrize("name", ["sentiment", "sentiment-lstm"])
def test_sentiment(loaded, name):
    texts = {"A wonderful, moving film.": "positive", "A dull and lifeless mess.": "negative"}
    for text, label in texts.items():
        assert ic.attribute(loaded(name), text, method="saliency").prediction.label == label


def test_digits_reads_the_pictures_it_never_saw(loaded):
    model, (_, numbers) = loaded("digits"), held_out()
    pictures = [digit_picture(number) for number in numbers]
    pixels = model.processor(images=pictures, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        found = model.model(pixels).logits.argmax(-1).numpy()
    share = np.mean(found == digit_labels()[numbers])
    assert share == pytest.approx(CARDS["digits"].metrics["held-out accuracy"], abs=0.006)


def test_digits_has_a_patch_for_each_pixel_and_its_maps_are_rows_of_shares(loaded):
    maps = ic.attention_maps(loaded("digits"), digit_picture(0))
    assert maps.weights.shape == (4, 4, 65, 65)
    assert maps.tokens[0] == "[CLS]"
    assert (maps.tokens[1], maps.tokens[-1]) == ("0,0", "7,7")
    assert np.allclose(maps.weights.sum(-1), 1, atol=1e-5)


def test_digits_reads_text_only_in_words_of_refusal(loaded):
    with pytest.raises(ic.BadInput, match="Give an image"):
        ic.attention_maps(loaded("digits"), "seven")
