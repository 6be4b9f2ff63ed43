"""Model folders made to hurt: they are refused before they cost memory, time or another file.

Pickles, remote code, links and broken settings have their tests in tests/models/test_loading.py.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import modeling_utils

import interp_core as ic


@pytest.fixture
def folder(tiny, tmp_path):
    """`folder("bert")`: a copy of a tiny model's folder, to be spoilt."""
    return lambda family: shutil.copytree(tiny(family), tmp_path / family)


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


SIZES = [
    ("bert", {"hidden_size": 10**9}),
    ("bert", {"hidden_size": 8000}),
    ("bert", {"vocab_size": 10**9}),
    ("bert", {"intermediate_size": 10**9}),
    ("bert", {"max_position_embeddings": 10**9}),
    ("bert", {"type_vocab_size": 10**9}),
    ("bert", {"num_hidden_layers": 10**6}),
    ("bert", {"num_labels": 10**9}),
    ("bert", {"num_experts": 10**9}),
    ("bert", {"num_labels": float("inf")}),
    ("vit", {"image_size": 8000}),
    ("vit", {"num_channels": 10**8}),
    ("distilbert", {"max_position_embeddings": 10**7}),
    ("gpt2", {"n_layer": 10**6}),
    ("gpt2", {"n_embd": 10**7}),
]
MEMORY = 64 * 2**20


@pytest.mark.parametrize(("family", "settings"), SIZES)
def test_absurd_sizes_cost_no_memory(folder, family, settings):
    path = folder(family)
    change(path / "config.json", **settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ic.UnsafeModel, match=r"asks for|belong together"):
        ic.load_model(str(path))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (peak - before) * 1024 < MEMORY


def test_a_real_model_may_be_smaller_than_its_files(folder):
    """Extra weights beside the model's own are no reason to refuse it."""
    path = folder("bert")
    save_file({"x": torch.ones(1000)}, path / "extra.safetensors")
    assert ic.load_model(str(path)).n_layers == 2


@pytest.mark.parametrize("size", [{"height": 10**6, "width": 10**6}, {"shortest_edge": 10**9}])
@pytest.mark.parametrize("name", ["size", "crop_size"])
def test_an_image_processor_that_makes_gigantic_pictures_is_refused(folder, name, size):
    path = folder("vit")
    change(path / "preprocessor_config.json", **{name: size})
    with pytest.raises(ic.UnsafeModel, match="pixels"):
        ic.load_model(str(path))


def shard(path, part):
    """The weights named as parts by a list, as large models are saved."""
    weights = load_file(path / "model.safetensors")
    save_file({"x": torch.ones(1)}, path / "decoy.safetensors")
    (path / "model.safetensors").unlink()
    listed = {"metadata": {}, "weight_map": dict.fromkeys(weights, part)}
    (path / "model.safetensors.index.json").write_text(json.dumps(listed))
    return weights


@pytest.mark.parametrize("part", ["../outside.safetensors", "/{0}/outside.safetensors", "a/b", 7])
def test_a_list_of_parts_reads_no_file_outside_the_folder(folder, tmp_path, part):
    path = folder("bert")
    part = part.format(tmp_path) if isinstance(part, str) else part
    save_file(shard(path, part), tmp_path / "outside.safetensors", metadata={"format": "pt"})
    with pytest.raises(ic.UnsafeModel, match="part of the weights"):
        ic.load_model(str(path))


def test_a_list_of_parts_names_no_pickle(folder, tmp_path, monkeypatch):
    path, opened = folder("bert"), []
    monkeypatch.setattr(torch, "load", lambda *args, **_options: opened.append(args))
    shard(path, "evil.bin")
    (path / "evil.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(ic.UnsafeModel, match="part of the weights"):
        ic.load_model(str(path))
    assert not opened


def test_parts_of_the_folder_are_read(folder):
    path = folder("bert")
    weights = shard(path, "part-1.safetensors")
    save_file(weights, path / "part-1.safetensors", metadata={"format": "pt"})
    assert ic.load_model(str(path)).n_layers == 2


def test_settings_of_an_adapter_without_its_weights_lead_to_no_other_model(folder, tiny):
    path = folder("bert")
    text = json.dumps({"base_model_name_or_path": str(tiny("bert")), "peft_type": "LORA"})
    (path / "adapter_config.json").write_text(text)
    with pytest.raises(ic.ModelNotFound, match=r"no adapter_model\.safetensors"):
        ic.load_model(str(path))


def test_links_in_folders_of_the_folder_are_refused(folder):
    path = folder("bert")
    (path / "additional_chat_templates").mkdir()
    (path / "additional_chat_templates" / "x.jinja").symlink_to("/etc/passwd")
    with pytest.raises(ic.UnsafeModel, match="link out of the folder"):
        ic.load_model(str(path))


DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000
FILES = (
    "tokenizer_config.json",
    "tokenizer.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
    "adapter_config.json",
    "model.safetensors.index.json",
)


@pytest.mark.parametrize("name", FILES)
def test_json_nested_without_end_is_refused_or_not_read(folder, name):
    path = folder("bert")
    (path / name).write_text(DEEP)
    if name == "generation_config.json":  # says how to write; nothing here reads it
        assert ic.load_model(str(path)).n_layers == 2
        return
    with pytest.raises(ic.ClearheadError) as caught:
        ic.load_model(str(path))
    assert len(str(caught.value)) < 600


def test_a_configuration_inside_itself_two_hundred_times_is_refused(folder):
    path, nested = folder("bert"), {"model_type": "bert"}
    for _ in range(200):
        nested = {"model_type": "encoder-decoder", "encoder": nested, "decoder": nested}
        nested["decoder"] = {"model_type": "bert"}
    (path / "config.json").write_text(json.dumps(nested))
    with pytest.raises(ic.UnsafeModel, match="nested"):
        ic.load_model(str(path))


def test_layers_hidden_deep_in_the_settings_are_counted(folder):
    path = folder("bert")
    hidden = {"a": [{"b": {"num_hidden_layers": 10**6}}]}
    change(path / "config.json", text_config=hidden)
    with pytest.raises(ic.UnsafeModel, match="layers"):
        ic.load_model(str(path))


@pytest.mark.parametrize("name", ["_attn_implementation", "attn_implementation"])
def test_a_configuration_that_computes_with_code_from_the_hub_fetches_none(
    folder, name, monkeypatch
):
    """transformers runs a kernel of that name, where the package that fetches it is installed."""
    path, asked = folder("bert"), []
    whether = modeling_utils.is_kernel
    monkeypatch.setattr(modeling_utils, "is_kernel", lambda x: asked.append(x) or whether(x))
    change(path / "config.json", **{name: "somebody/kernel"})
    assert ic.load_model(str(path)).backend == "eager"
    assert asked
    assert not any("/" in str(each) for each in asked)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["tokenizer.json", "vocab.txt", "more.safetensors"])
def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(folder, name):
    path = folder("bert")
    (path / name).unlink(missing_ok=True)
    os.mkfifo(path / name)
    with pytest.raises(ic.UnsafeModel, match="is not a file"):
        ic.load_model(str(path))
