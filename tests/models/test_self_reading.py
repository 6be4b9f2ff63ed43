"""Encoder-decoder classifiers, whose decoder reads the text again, one place later."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers as tf

import interp_core as ic
from tests.tiny import TEXT


@pytest.fixture(params=["BartForSequenceClassification", "T5ForSequenceClassification"])
def folder(request, tiny, tmp_path):
    family = "bart" if request.param.startswith("Bart") else "t5"
    base = tiny(family)
    config = tf.AutoConfig.from_pretrained(base, num_labels=3)
    torch.manual_seed(0)
    getattr(tf, request.param)(config).save_pretrained(tmp_path)
    tf.AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path)
    return tmp_path


def test_maps_are_those_of_the_classifier_itself(folder):
    model = ic.load_model(str(folder))
    assert model.task == "sequence-classification"
    maps = ic.attention_maps(model, TEXT)
    plain = tf.AutoModelForSequenceClassification.from_pretrained(
        folder, attn_implementation="eager"
    ).eval()
    inputs = tf.AutoTokenizer.from_pretrained(folder)(
        TEXT, return_tensors="pt", return_token_type_ids=False
    )
    with torch.no_grad():
        output = plain(**inputs, output_attentions=True)
    for part, truth in (
        (maps.encoder, output.encoder_attentions),
        (maps.decoder, output.decoder_attentions),
        (maps.cross, output.cross_attentions),
    ):
        assert np.abs(part.weights - torch.cat(truth).numpy()).max() < 1e-6
    assert maps.decoder.tokens[1:] == maps.encoder.tokens[:-1]


def test_it_can_be_explained(folder):
    model = ic.load_model(str(folder))
    found = ic.attribute(model, TEXT, method="leave_one_out")
    assert found.target in model.labels
    assert np.isfinite(found.scores).all()
