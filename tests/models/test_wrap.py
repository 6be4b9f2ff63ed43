"""What somebody holds already is looked into as it would be from its folder, and stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

import interp_core as ic
from interp_core.models import wrap as wrapping
from tests.tiny import FAMILIES, TEXT

READ = ["bert-5-labels", "gpt2", "t5", "vit", "gemma3"]


@pytest.fixture(scope="module")
def held(tiny):
    """`held("gpt2")`: the model and its tokenizer as transformers loads them, in training mode."""
    kept = {}

    def load(family):
        if family not in kept:
            folder = tiny(family)
            config = transformers.AutoConfig.from_pretrained(folder)
            model = getattr(transformers, config.architectures[0]).from_pretrained(folder).train()
            texts = FAMILIES[family][0] is not None
            kind = transformers.AutoTokenizer if texts else transformers.ViTImageProcessorPil
            kept[family] = model, kind.from_pretrained(folder)
        return kept[family]

    return load


def state(model):
    return (
        model.training,
        model.config._attn_implementation,
        model.config.architectures,
        [each.requires_grad for each in model.parameters()],
        sum(len(part._forward_hooks) for part in model.modules()),
    )


@pytest.mark.parametrize("family", READ)
def test_it_is_the_record_that_the_folder_gives(held, tiny_model, family):
    model, tool = held(family)
    before = state(model)
    assert model.config._attn_implementation == "sdpa"  # which returns no weights
    wrapped, loaded = ic.wrap(model, tool), tiny_model(family)
    for name in ("task", "labels", "layout", "readings", "notes", "max_tokens", "backend"):
        assert getattr(wrapped, name) == getattr(loaded, name), name
    picture = Image.fromarray((np.indices((12, 12)).sum(0) * 10).astype(np.uint8)).convert("RGB")
    asked = picture if family == "vit" else TEXT
    found, expected = (ic.attention_maps(each, asked) for each in (wrapped, loaded))
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-6)
    assert found.tokens == expected.tokens
    assert state(model) == before


def test_the_weights_are_the_same_memory(held):
    model, tool = held("bert-5-labels")
    wrapped = ic.wrap(model, tool)
    ours, theirs = wrapped.model.classifier.weight, model.classifier.weight
    assert ours.data_ptr() == theirs.data_ptr()
    logits = model.eval()(**tool(TEXT, return_tensors="pt")).logits[0].softmax(-1)
    shown = ic.attribute(wrapped, TEXT, method="input_x_gradient").prediction
    assert shown.probabilities.max() == pytest.approx(float(logits.max()), abs=1e-5)
    model.train()


def test_a_head_can_be_left_out_and_none_made_up(held):
    model, tool = held("bert-5-labels")
    assert ic.wrap(model, tool, task="encoder").labels == ()
    with pytest.raises(ic.UnsupportedModel, match="has no causal-lm head"):
        ic.wrap(model, tool, task="causal-lm")


def test_a_class_of_ones_own_is_read_as_what_it_comes_from(held):
    model, tool = held("bert-5-labels")
    kind = type("Mine", (type(model),), {})
    assert ic.wrap(kind(model.config), tool).task == "sequence-classification"


def test_what_is_around_a_model_is_taken_off(held):
    model, tool = held("bert-5-labels")
    assert ic.wrap(torch.nn.DataParallel(model), tool).n_layers == 2


def test_what_is_no_model_with_its_tokenizer_is_said_in_words(held):
    (model, tool), (pictures, processor) = held("bert-5-labels"), held("vit")
    pipe = transformers.pipeline("text-classification", model=model, tokenizer=tool)
    wrong = {
        "use `ic.load_model": ("sentiment", tool),
        "The model comes first": (tool, model),
        "not Linear": (torch.nn.Linear(2, 2), tool),
        "pipe.model, pipe.tokenizer": (pipe, None),
        "needs its tokenizer, not nothing": (model, None),
        "needs its tokenizer, not ViT": (model, processor),
        "needs its image processor": (pictures, tool),
        "the record as it is": (ic.wrap(model, tool), tool),
    }
    for told, given in wrong.items():
        with pytest.raises(ic.BadInput, match=told):
            ic.wrap(*given)


def test_a_model_without_attention_maps_is_refused(tiny):
    folder = tiny("mamba")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with pytest.raises(ic.UnsupportedModel, match="no attention weights"):
        ic.wrap(model, transformers.AutoTokenizer.from_pretrained(folder))


def test_the_attention_implementation_is_blamed_only_where_it_is_the_cause(held, monkeypatch):
    model, tool = held("bert-5-labels")
    config = type(model.config)(**{**model.config.to_dict(), "vocab_size": 7})
    smaller = type(model)(config)
    assert smaller.config._attn_implementation == "sdpa"
    with pytest.raises(ic.UnsupportedModel, match="do not belong together") as refused:
        ic.wrap(smaller, tool)
    assert "load it again" not in str(refused.value)
    monkeypatch.setattr(wrapping, "_set_eager", lambda own, before: None)
    with pytest.raises(ic.UnsupportedModel, match="loaded with sdpa attention: load it again"):
        ic.wrap(model, tool)
