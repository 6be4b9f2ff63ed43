"""What a decoder starts with and how much it reads, where the settings do not simply say so."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
import torch
import transformers as tf

import interp_core as ic
from tests.tiny import TEXT, _liven
from tests.tiny_more import BOTH, build_more
from tests.tiny_tokenizers import byte_fallback, unigram

START = "decoder_start_token_id"


def change(folder, name, **settings):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize(
    ("written", "start", "told"), [(None, 2, True), (3, 3, False), ("config", 0, False)]
)
def test_a_start_that_no_setting_names_is_told(tmp_path, written, start, told):
    folder = build_more("pegasus", tmp_path)
    if written != "config":
        change(folder, "config.json", **{START: None})
        change(folder, "generation_config.json", **{START: written})
    model = ic.load_model(str(folder))
    assert any(START in note for note in model.notes) == told
    assert ic.attention_maps(model, TEXT, "the model").decoder.queries.ids[0] == start


def test_the_maps_of_fsmt_are_those_of_a_causal_decoder(tmp_path):
    """By default, transformers leaves out that mask where it keeps a cache."""
    tokenizer = unigram()
    size = {"src_vocab_size": len(tokenizer), "tgt_vocab_size": len(tokenizer)}
    settings = {**BOTH, "max_position_embeddings": 64, "langs": ["en", "de"], **size}
    model = tf.FSMTForConditionalGeneration(tf.FSMTConfig(**settings))
    _liven(model)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    maps = ic.attention_maps(ic.load_model(str(tmp_path)), TEXT, "the model looks")
    assert not maps.decoder.weights[:, :, 0, 1:].any()
    ids = torch.tensor(maps.decoder.queries.ids)[None]
    with torch.no_grad():
        reads = torch.tensor(maps.encoder.queries.ids)[None]
        found = tf.FSMTForConditionalGeneration.from_pretrained(
            tmp_path, attn_implementation="eager"
        )(reads, decoder_input_ids=ids, use_cache=False, output_attentions=True)
    truth = torch.cat(found.decoder_attentions).numpy()
    np.testing.assert_allclose(maps.decoder.weights, truth, atol=1e-6)


def test_the_limit_of_a_decoder_of_recordings_is_that_of_its_table(tmp_path):
    tokenizer = byte_fallback()
    part = {**BOTH, "max_target_positions": 20, "vocab_size": len(tokenizer)}
    tf.WhisperForCausalLM(tf.WhisperConfig(**part)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert ic.load_model(str(tmp_path)).max_tokens == 20


def test_a_model_that_needs_a_picture_beside_the_text_is_refused_in_words(tmp_path):
    tokenizer = byte_fallback()
    text = {"vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 1}
    seen = {"hidden_size": 32, "num_hidden_layers": 1, "image_size": 16, "patch_size": 8}
    heads = {"num_attention_heads": 2, "intermediate_size": 32}
    config = tf.BlipConfig(text_config=text | heads, vision_config=seen | heads)
    tf.BlipForConditionalGeneration(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ic.UnsupportedModel, match="only together with a picture"):
        ic.load_model(str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "package"), [("XLMTokenizer", "sacremoses"), ("FlaubertTokenizer", "sacremoses")]
)
def test_a_package_that_a_tokenizer_needs_is_named(tiny, tmp_path, kind, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    folder = shutil.copytree(tiny("bert"), tmp_path / "own")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps({"<s>": 0, "</s>": 1, "<unk>": 2}))
    (folder / "merges.txt").write_text("a b 1\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind}))
    with pytest.raises(ic.UnsupportedModel, match=f"pip install {package}`"):
        ic.load_model(str(folder))


def test_a_long_text_is_counted_without_a_warning(tiny, caplog):
    model = ic.load_model(str(tiny("bert-2-labels")))
    model.tokenizer.model_max_length = 8
    with caplog.at_level("WARNING", logger="transformers"):
        model.tokenizer("word " * 100)
    assert "longer than the specified" not in caplog.text
