"""What training runs leave in a folder: settings of outputs, names of wrappers, own classes."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import interp_core as ic
from interp_core.models.tasks import offered_readings
from tests.tiny import TEXT

HABITS = {
    "return_dict": False,
    "output_attentions": True,
    "output_hidden_states": True,
    "torchscript": True,
    "gradient_checkpointing": True,
    "use_cache": False,
}


@pytest.fixture
def folder(tiny, tmp_path):
    """`folder("bert", setting=...)`: a copy of a tiny model's folder with other settings."""

    def copied(family, **settings):
        path = shutil.copytree(tiny(family), tmp_path / family)
        file = path / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))
        return path

    return copied


@pytest.mark.parametrize("family", ["bert-5-labels", "gpt2", "t5"])
def test_how_a_run_wanted_its_outputs_changes_nothing(folder, tiny, family):
    plain, found = ic.load_model(str(tiny(family))), ic.load_model(str(folder(family, **HABITS)))
    for ask in (
        lambda m: ic.attention_maps(m, TEXT, "the model" if family == "t5" else None).weights,
        lambda m: ic.attribute(m, TEXT).scores,
        lambda m: ic.token_vectors(m, [TEXT], pooling="mean").values,
    ):
        assert (ask(plain) == ask(found)).all()
    if family == "bert-5-labels":
        assert ic.predict_texts(found, [TEXT]).equals(ic.predict_texts(plain, [TEXT]))


@pytest.mark.parametrize("wrapper", ["_orig_mod.", "module."])
def test_weights_saved_inside_a_wrapper_are_read(folder, tiny, wrapper):
    path = folder("bert-5-labels")
    weights = load_file(path / "model.safetensors")
    save_file(
        {f"{wrapper}{name}": value for name, value in weights.items()},
        path / "model.safetensors",
        metadata={"format": "pt"},
    )
    found, plain = ic.load_model(str(path)), ic.load_model(str(tiny("bert-5-labels")))
    assert ic.weights_digest(found) == ic.weights_digest(plain)


@pytest.mark.parametrize("named", [None, ["MyBertForSentiment"]])
def test_the_task_of_a_class_of_ones_own_can_be_chosen(folder, tiny, named):
    path = str(folder("bert-5-labels", architectures=named))
    model = ic.load_model(path)
    assert model.task == "encoder"
    assert "Read as" in model.notes[0]
    assert offered_readings(path)[:2] == ("encoder", "sequence-classification")
    chosen = ic.load_model(path, task="sequence-classification")
    truth = ic.load_model(str(tiny("bert-5-labels")))
    ids = torch.tensor([[2, 5, 6, 3]])
    assert torch.equal(chosen.model(ids).logits, truth.model(ids).logits)
    with pytest.raises(ic.UnsupportedModel, match="no weights for the masked-lm head"):
        ic.load_model(path, task="masked-lm")
