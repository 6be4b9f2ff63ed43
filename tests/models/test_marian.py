"""Translators of the Marian family, whose tokenizer is two sentencepiece models and no fast one."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

import interp_core as ic
from tests.tiny_tokenizers import SENTENCES

TEXT, TARGET = "The model looks at words.", "the film"


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    from transformers import MarianConfig, MarianMTModel

    folder = tmp_path_factory.mktemp("marian")
    trained = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=trained,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(trained.getvalue())
    pieces = SentencePieceProcessor(model_proto=trained.getvalue())
    names = [pieces.id_to_piece(place) for place in range(pieces.get_piece_size())]
    names = ["</s>", "<unk>", *(each for each in names if not each.startswith("<")), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({each: at for at, each in enumerate(names)}))
    languages = {"source_lang": "en", "target_lang": "de"}
    settings = {"tokenizer_class": "MarianTokenizer", "model_max_length": 512, **languages}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    last = len(names) - 1
    config = MarianConfig(
        vocab_size=len(names),
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        pad_token_id=last,
        decoder_start_token_id=last,
        eos_token_id=0,
        forced_eos_token_id=0,
    )
    MarianMTModel(config).save_pretrained(folder)
    return ic.load_model(str(folder))


def test_maps_are_those_of_plain_calls(translator):
    read = translator.tokenizer(TEXT, text_target=TARGET, return_tensors="pt")
    with torch.inference_mode():
        plain = translator.model(**read, output_attentions=True)
    maps = ic.attention_maps(translator, TEXT, TARGET)
    for ours, theirs in (
        (maps.encoder, plain.encoder_attentions),
        (maps.decoder, plain.decoder_attentions),
        (maps.cross, plain.cross_attentions),
    ):
        np.testing.assert_allclose(ours.weights, torch.cat(theirs), atol=1e-6)
    assert maps.encoder.tokens[-1] == "</s>"
