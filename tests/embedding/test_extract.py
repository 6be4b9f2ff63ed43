"""Vectors of tokens, texts and vocabularies, against the plain libraries."""

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.embedding.extract import batches
from interp_core.inputs.batching import read_all
from interp_core.inputs.tokens import encode
from tests.tiny import FAMILIES, TEXT, WITHOUT_MAPS

TEXTS = [
    TEXT,
    "The model was strange.",
    "Again!",
    "The actors know the model.",
    "The actors know what the model was doing there.",
    "Strange models again there.",
]
READERS = [name for name, (tokenizer, _) in FAMILIES.items() if tokenizer]
READERS = [name for name in READERS if name not in WITHOUT_MAPS]


def plain_states(model, text):
    """(layers + 1, tokens, dim) by calling the whole transformers model on one text alone."""
    inputs = encode(model, text).inputs
    config = model.model.config
    if config.is_encoder_decoder:
        start = torch.tensor([[config.decoder_start_token_id]])
        inputs = {**inputs, "decoder_input_ids": start}
    with torch.no_grad():
        output = model.model(**inputs, output_hidden_states=True, return_dict=True)
    states = output.get("encoder_hidden_states") or output.hidden_states
    return torch.stack(states)[:, 0].float().numpy()


@pytest.mark.parametrize("family", READERS)
def test_every_layer_equals_the_hidden_states_of_transformers_in_any_batch(tiny_model, family):
    model = tiny_model(family)
    found = ic.token_vectors(model, TEXTS, layer="all")
    for row, text in enumerate(TEXTS):
        expected = plain_states(model, text)
        for layer in range(model.n_layers + 1):
            mine = found.frame["row"].eq(row) & found.frame["layer"].eq(layer)
            np.testing.assert_allclose(found.values[mine], expected[layer], atol=1e-5)


def test_the_encoder_gives_the_same_vector_alone_and_among_a_hundred_texts(encoder):
    texts = [f"{'very ' * (n % 9)}strange model number {n}" for n in range(100)]
    together = ic.token_vectors(encoder, texts, layer=3)
    for row in (0, 8, 57):
        alone = plain_states(encoder, texts[row])[3]
        np.testing.assert_allclose(together.values[together.frame["row"] == row], alone, atol=1e-5)


def test_texts_of_different_lengths_never_share_a_batch(encoder):
    encoded, _ = read_all(encoder, TEXTS * 3)
    seen = []
    for batch in batches(encoder, encoded, [0]):
        assert len({len(encoded[row].sequence) for row in batch.rows}) == 1
        seen += batch.rows
    assert sorted(seen) == list(range(len(TEXTS) * 3))


def test_the_frame_says_text_token_position_and_layer(encoder):
    found = ic.token_vectors(encoder, ["Undoable things", "No"], layer=0)
    assert list(found.frame.columns[:4]) == ["text", "token", "position", "layer"]
    first = found.frame[found.frame["row"] == 0]
    assert list(first["token"]) == ["[CLS]", "undo", "##able", "things", "[SEP]"]
    assert list(first["position"]) == [0, 1, 2, 3, 4]
    assert list(first["word"]) == ["[CLS]", "Undoable", "Undoable", "things", "[SEP]"]
    assert list(first["special"]) == [True, False, False, False, True]
    assert set(found.frame["layer"]) == {0}
    assert found.values.dtype == np.float32


def test_mean_and_first_pooling_are_the_mean_and_the_first_token(encoder):
    tokens = ic.token_vectors(encoder, TEXTS, layer=4)
    mean = ic.token_vectors(encoder, TEXTS, layer=4, pooling="mean")
    first = ic.token_vectors(encoder, TEXTS, layer=4, pooling="first")
    assert list(mean.frame["text"]) == TEXTS
    for row in range(len(TEXTS)):
        part = tokens.values[tokens.frame["row"] == row]
        np.testing.assert_allclose(mean.values[row], part.mean(0), atol=1e-5)
        np.testing.assert_allclose(first.values[row], part[0], atol=1e-6)


def test_the_models_own_pooling_equals_sentence_transformers(encoder):
    from sentence_transformers import SentenceTransformer

    from interp_core.models.bundled_models import backbone_folder

    peer = SentenceTransformer(str(backbone_folder()), device="cpu").encode(TEXTS)
    mine = ic.token_vectors(encoder, TEXTS, pooling="model").values
    lengths = np.linalg.norm(mine, axis=1, keepdims=True)
    np.testing.assert_allclose(mine / lengths, peer, atol=1e-5)


def test_the_models_own_pooling_is_the_pooler_or_the_last_token(tiny_model, sentiment):
    model = tiny_model("bert-2-labels")
    inputs = encode(model, TEXT).inputs
    with torch.no_grad():
        pooled = model.model.bert(**inputs).pooler_output.numpy()
    found = ic.token_vectors(model, [TEXT], pooling="model")
    np.testing.assert_allclose(found.values, pooled, atol=1e-5)
    decoder = tiny_model("gpt2")
    last = ic.token_vectors(decoder, [TEXT]).values[-1]
    np.testing.assert_allclose(ic.token_vectors(decoder, [TEXT], pooling="model").values[0], last)
    with pytest.raises(ic.BadInput, match="last layer"):
        ic.token_vectors(model, [TEXT], pooling="model", layer=0)
    with pytest.raises(ic.BadInput, match="no pooling of its own"):
        ic.token_vectors(tiny_model("distilbert"), [TEXT], pooling="model")


def test_the_vector_of_a_word_is_the_mean_of_its_pieces(encoder):
    texts = ["He is undoable.", "Undoable acts are undoable."]
    found = ic.word_vectors(encoder, texts, "undoable", layer=2)
    tokens = ic.token_vectors(encoder, texts, layer=2)
    for row, start in ((0, 3), (1, 1)):
        part = tokens.values[tokens.frame["row"] == row][start : start + 2]
        np.testing.assert_allclose(found.values[row], part.mean(0), atol=1e-6)
    with pytest.raises(ic.BadInput, match="Text 2 has no word 'is'"):
        ic.word_vectors(encoder, texts, "is")


def test_the_vocabulary_is_the_input_table_with_what_filters_need(encoder):
    found = ic.vocabulary_vectors(encoder)
    table = encoder.model.get_input_embeddings().weight.detach().numpy()
    np.testing.assert_array_equal(found.values, table)
    counts = found.frame["kind"].value_counts()
    assert counts.to_dict() == {"word": 23_695, "piece": 5_828, "unused": 994, "special": 5}
    ranked = found.frame[found.frame["rank"] >= 0]
    assert list(ranked["rank"]) == list(range(len(ranked)))
    assert len(ranked) == 29_523
    assert not found.frame.set_index("token").loc["##ing", "whole_word"]
    limited = ic.vocabulary_vectors(encoder, limit=120)
    np.testing.assert_array_equal(limited.values, table[:120])


@pytest.mark.parametrize("family", READERS)
def test_every_family_has_a_vocabulary(tiny_model, family):
    model = tiny_model(family)
    found = ic.vocabulary_vectors(model)
    assert len(found) == model.model.get_input_embeddings().num_embeddings
    assert set(found.frame["kind"]) <= {"word", "piece", "byte", "special", "unused"}
    assert found.frame["whole_word"].any()


@pytest.mark.parametrize("layer", [7, -8, 1.5, True, "last"])
def test_a_layer_that_does_not_exist_is_named(encoder, layer):
    with pytest.raises(ic.BadInput):
        ic.token_vectors(encoder, TEXTS, layer=layer)


def test_bad_texts_are_named_by_number(encoder, tiny_model):
    with pytest.raises(ic.BadInput, match="Text 2"):
        ic.token_vectors(encoder, ["fine", "  "])
    with pytest.raises(ic.BadInput, match="no texts"):
        ic.token_vectors(encoder, [])
    with pytest.raises(ic.BadInput, match="Unknown pooling"):
        ic.token_vectors(encoder, TEXTS, pooling="median")
    with pytest.raises(ic.InputTooLong, match="Text 2"):
        ic.token_vectors(encoder, ["fine", "long " * 600])
    with pytest.raises(ic.UnsupportedModel):
        ic.token_vectors(tiny_model("vit"), TEXTS)
    with pytest.raises(ic.UnsupportedModel):
        ic.vocabulary_vectors(tiny_model("vit"))


def test_long_texts_are_cut_only_when_asked_and_the_notes_say_so(encoder):
    found = ic.token_vectors(encoder, ["fine", "long " * 600], pooling="mean", truncate=True)
    cut = ic.token_vectors(encoder, ["long " * 510], pooling="mean")
    np.testing.assert_allclose(found.values[1], cut.values[0], atol=1e-5)
    (note,) = found.notes
    assert "1 text was truncated" in note


def test_a_caller_can_stop_between_batches(encoder):
    with pytest.raises(ic.Stopped):
        ic.token_vectors(encoder, TEXTS, progress=lambda done, expected: False)


def test_senses_of_a_word_part_as_layers_go_up(encoder):
    table = ic.sample_table("ambiguous_words")
    found = ic.word_vectors(encoder, list(table["text"]), list(table["word"]), layer="all")
    alike = []
    for layer in (0, 3, 6):
        nearest = ic.find_neighbours(ic.at_layer(found, layer), k=5).indices
        senses = (table["word"] + table["sense"]).to_numpy()
        alike.append((senses[nearest] == senses[:, None]).mean())
    assert alike[0] < 0.7 < 0.85 < alike[2]
    assert alike[0] < alike[1] < alike[2]
