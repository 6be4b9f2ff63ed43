"""Folders as people have them: what is wrong with one is named, with what to do about it."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers as tf
from safetensors.torch import load_file, save_file

import interp_core as ic
from interp_core.models import file_checks, folders

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 440449768\n"


@pytest.fixture
def folder(tiny, tmp_path):
    """`folder("bert")`: a copy of a tiny model's folder, to be spoilt."""
    return lambda family="bert": shutil.copytree(tiny(family), tmp_path / family)


def says(path, error, words):
    with pytest.raises(error, match=words) as caught:
        ic.load_model(str(path))
    assert len(str(caught.value)) < 700


def point(path):
    path.write_text(POINTER.format("0" * 64))


# ------------------------------------------------------------------------- git-lfs, broken files


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"]
)
def test_a_git_lfs_pointer_is_called_one_with_the_command(folder, name):
    path = folder()
    point(path / name)
    says(path, ic.ModelNotFound, rf"{name} in 'bert' is a git-lfs pointer.*git lfs pull")


def test_pointers_among_parts_of_weights_and_adapters(folder):
    path = folder()
    in_parts(path)
    point(path / "model-00002-of-00002.safetensors")
    says(path, ic.ModelNotFound, "model-00002-of-00002.safetensors .*git-lfs pointer")
    point(path / "model.safetensors.index.json")
    says(path, ic.ModelNotFound, "git-lfs pointer.*git lfs pull")
    adapter = path.parent / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    point(adapter / "adapter_model.safetensors")
    says(adapter, ic.ModelNotFound, "440,449,768 bytes")


def test_a_pointer_that_is_not_needed_is_no_obstacle(folder):
    path = folder()
    point(path / "flax_model.msgpack")
    point(path / "pytorch_model.bin")
    point(path / "another.safetensors")
    assert ic.load_model(str(path)).n_layers == 2


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: data[:7], "cut off or damaged"),
        (lambda data: data[:100], "cut off or damaged"),
        (lambda data: data[:-1], r"cut off \([\d,]+ of [\d,]+ bytes\)"),
        (lambda data: data + b"x", "damaged"),
        (lambda data: b"\xff" * 500, "cut off or damaged"),
        (lambda data: b"<!DOCTYPE html><html>Not found</html>", "a web page, not weights"),
        (lambda data: b"\x02\0\0\0\0\0\0\0[]", "cut off or damaged"),
    ],
)
def test_broken_weights_are_called_broken(folder, spoil, words):
    path = folder()
    file = path / "model.safetensors"
    file.write_bytes(spoil(file.read_bytes()))
    says(path, ic.UnsupportedModel, words)


def in_parts(path):
    """The weights in two parts with a list, as large models are saved."""
    weights = load_file(path / "model.safetensors")
    names = sorted(weights)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    listed = {}
    for number, half in enumerate(halves, start=1):
        part = f"model-{number:05d}-of-00002.safetensors"
        save_file({name: weights[name] for name in half}, path / part, metadata={"format": "pt"})
        listed |= dict.fromkeys(half, part)
    (path / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": listed}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))


def test_a_missing_or_broken_part_is_named(folder):
    path = folder()
    in_parts(path)
    assert ic.load_model(str(path)).n_layers == 2
    second = path / "model-00002-of-00002.safetensors"
    second.write_bytes(second.read_bytes()[:-5])
    says(path, ic.UnsupportedModel, "model-00002-of-00002.safetensors: it is cut off")
    second.unlink()
    says(path, ic.ModelNotFound, "1 of the 2 parts.*model-00002-of-00002.safetensors")
    (path / "model.safetensors.index.json").unlink()
    says(path, ic.ModelNotFound, r"without their list model\.safetensors\.index\.json")


# ------------------------------------------------------------------------------- training runs


def checkpoint(path):
    """What a training run leaves beside the weights."""
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        torch.save({"step": 1}, path / name)
    (path / "trainer_state.json").write_text('{"global_step": 500}')
    return path


def test_a_checkpoint_loads_and_its_pickles_are_not_opened(folder, monkeypatch):
    path, opened = checkpoint(folder("bert-2-labels")), []
    monkeypatch.setattr(torch, "load", lambda *args, **_options: opened.append(args))
    assert ic.load_model(str(path)).task == "sequence-classification"
    (path / "model.safetensors").unlink()
    says(path, ic.ModelNotFound, r"holds no model\.safetensors")  # those pickles are no weights
    assert not opened


def test_a_training_run_lists_its_checkpoints_and_says_which(folder, tmp_path):
    run = tmp_path / "run"
    for step in (500, 1000, 1500):
        checkpoint(
            shutil.copytree(
                folder() if step == 500 else tmp_path / "bert", run / f"checkpoint-{step}"
            )
        )
    says(run, ic.ModelNotFound, r"checkpoint-500, checkpoint-1000, checkpoint-1500.*last.*-1500")
    state = {"best_model_checkpoint": "/gone/run/checkpoint-1000"}
    (run / "checkpoint-1500" / "trainer_state.json").write_text(json.dumps(state))
    says(run, ic.ModelNotFound, "checkpoint-1000 as its best.*run/checkpoint-1000'")
    assert ic.load_model(str(run / "checkpoint-1000")).n_layers == 2


def test_several_adapters_or_models_in_one_folder_are_listed(folder, tmp_path):
    for name in ("first", "second"):
        (tmp_path / "many" / name).mkdir(parents=True)
        (tmp_path / "many" / name / "adapter_config.json").write_text("{}")
    says(tmp_path / "many", ic.ModelNotFound, "adapters in folders.*first, second")
    folder()
    says(tmp_path, ic.ModelNotFound, "bert")


# ------------------------------------------------------------------------- caches and other paths


def cached(folder, tmp_path, *versions):
    home = tmp_path / "hub" / "models--me--tiny"
    (home / "refs").mkdir(parents=True)
    for version in versions:
        shutil.copytree(folder, home / "snapshots" / version)
    (home / "refs" / "main").write_text(versions[-1])
    return home


def test_a_folder_of_the_hubs_cache_leads_to_its_version(tiny, tmp_path):
    home = cached(tiny("bert"), tmp_path, "abc", "def")
    for path in (home, home / "snapshots", home / "snapshots" / "abc"):
        model = ic.load_model(str(path))
        assert model.n_layers == 2
        assert any("version def" in note for note in model.notes) == (path.name != "abc")
    says(tmp_path / "hub", ic.ModelNotFound, "cache of the Hub.*models--me--tiny")
    (home / "refs" / "main").unlink()
    says(home, ic.ModelNotFound, "no config.json")


@pytest.mark.parametrize("method", ["stat", "open"])
def test_what_may_not_be_read_is_said(folder, monkeypatch, method):
    """As for a user without permission; the one who runs the tests may be allowed everything."""
    path, real = folder(), getattr(Path, method)

    def refused(self, *given, **more):
        if self.parent == path:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *given, **more)

    monkeypatch.setattr(Path, method, refused)
    says(path, ic.ModelNotFound, "may not be read by the user")


def test_a_revision_stands_behind_the_name(tiny, tmp_path, monkeypatch):
    home = cached(tiny("bert"), tmp_path, "a" * 40)
    shutil.copytree(tiny("bert-2-labels"), home / "snapshots" / ("b" * 40))
    for name, version in {"v1": "a", "feature/two": "b"}.items():
        (home / "refs" / name).parent.mkdir(exist_ok=True)
        (home / "refs" / name).write_text(version * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home.parent))
    one, two = (ic.load_model(f"me/tiny@{name}") for name in ("v1", "feature/two"))
    assert (one.name, one.revision) == ("me/tiny@v1", "v1")
    assert (len(one.labels), len(two.labels)) == (0, 2)
    assert ic.load_model("me/tiny", revision="feature/two").labels == two.labels
    for name in ("me/tiny@v3", "me/tiny@../v1", "me/tiny@", "me/tiny@v1@v1"):
        with pytest.raises(ic.ModelNotFound):
            ic.load_model(name)
    with pytest.raises(ic.BadInput, match="another revision"):
        ic.load_model("me/tiny@v1", revision="feature/two")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "model.zip"])
def test_a_file_leads_to_its_folder(folder, name):
    path = folder()
    (path / name).touch()
    says(path / name, ic.ModelNotFound, f"'{name}' is a file.*{path}'")


# --------------------------------------------------------------------------------- other formats


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("tiny.Q4_K_M.gguf", ic.UnsupportedModel, r'gguf_file="tiny\.Q4_K_M\.gguf"'),
        ("model.onnx", ic.UnsupportedModel, "ONNX export"),
        ("onnx/model.onnx", ic.UnsupportedModel, "ONNX export"),
        ("openvino_model.bin", ic.UnsupportedModel, "OpenVINO export"),
        ("tf_model.h5", ic.UnsupportedModel, "TensorFlow weights.*from_tf=True"),
        ("model.ckpt-1000.index", ic.UnsupportedModel, "TensorFlow weights"),
        ("flax_model.msgpack", ic.UnsupportedModel, "Flax weights.*from_flax=True"),
        ("consolidated.00.pth", ic.UnsupportedModel, "original format of Llama"),
        ("zero_to_fp32.py", ic.UnsupportedModel, "distributed training run"),
        ("weights.npz", ic.UnsupportedModel, "MLX"),
        ("pytorch_model.bin", ic.UnsafeModel, "pickled weights only.*save_pretrained"),
        ("best.ckpt", ic.UnsafeModel, "pickled weights only"),
    ],
)
def test_other_formats_are_named_with_the_way_out(folder, configured, name, error, words):
    path = folder()
    (path / "model.safetensors").unlink()
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).write_bytes(b"something")
    if not configured:
        (path / "config.json").unlink()
    says(path, error, words)


def test_other_formats_beside_the_weights_are_no_obstacle(folder):
    path = folder()
    for name in ("tf_model.h5", "flax_model.msgpack", "model.onnx", "model.gguf"):
        (path / name).write_bytes(b"something")
    assert ic.load_model(str(path)).n_layers == 2


def test_weights_of_another_name_are_named(folder):
    path = folder()
    (path / "model.safetensors").rename(path / "best.safetensors")
    says(path, ic.UnsupportedModel, r"reads model\.safetensors, and .* holds best\.safetensors")


# ------------------------------------------------------------------- configuration and tokenizer


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "t5", "roberta"])
def test_a_missing_tokenizer_is_said(folder, family):
    path = folder(family)
    for file in path.iterdir():
        if file.name not in ("config.json", "model.safetensors", "generation_config.json"):
            file.unlink()
    says(path, ic.UnsupportedModel, r"tokenizer.*tokenizer\.save_pretrained")


def test_a_head_that_the_configuration_does_not_name_is_said(folder):
    path = folder("bert-2-labels")
    config = json.loads((path / "config.json").read_text())
    del config["architectures"]
    (path / "config.json").write_text(json.dumps(config))
    model = ic.load_model(str(path))
    assert model.task == "encoder"
    assert any("'classifier.bias'" in note and "task=" in note for note in model.notes)
    asked = ic.load_model(str(path), task="sequence-classification")
    assert asked.labels == ("class 0", "class 1")
    right = tf.AutoModelForSequenceClassification.from_pretrained(path)
    ids = torch.tensor([[2, 5, 6, 3]])
    with torch.no_grad():
        assert torch.allclose(asked.model(ids).logits, right(ids).logits, atol=1e-6)


def test_a_plain_encoder_without_a_named_class_has_nothing_to_say(folder):
    path = folder()
    config = json.loads((path / "config.json").read_text())
    del config["architectures"]
    (path / "config.json").write_text(json.dumps(config))
    assert ic.load_model(str(path)).notes == ()


# ------------------------------------------------------------- what cannot be read, hostile lists


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_file_that_cannot_be_read_is_named(folder, monkeypatch, name):
    path = folder()
    opened = type(path).open

    def refuse(error):
        def open_or_refuse(self, *given, **more):
            if self.name == name:
                raise error
            return opened(self, *given, **more)

        return open_or_refuse

    for error, said in (
        (PermissionError(13, "Permission denied"), "may not be read by the user"),
        (FileNotFoundError(2, "No such file"), "is not there any more"),
        (OSError(5, "Input/output error"), r"cannot be read \(Input/output error\)"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(type(path), "open", refuse(error))
            says(path, ic.ModelNotFound, rf"{name} in '{path.name}' {said}")


def test_a_folder_in_place_of_a_file_and_a_cut_off_shard_are_named(folder):
    path = folder()
    (path / "vocab.txt").unlink(missing_ok=True)
    (path / "vocab.txt").mkdir()
    says(path, ic.ModelNotFound, r"vocab\.txt in .* is a folder, and a file is expected")
    path = folder("gpt2")
    in_parts(path)
    part = path / "model-00002-of-00002.safetensors"
    part.write_bytes(part.read_bytes()[:-9])
    says(path, ic.UnsupportedModel, rf"{part.name}: it is cut off")


@pytest.mark.parametrize(
    ("names", "kind", "said"),
    [
        (["../model.safetensors"], ic.UnsafeModel, "'../model.safetensors'"),
        (["/etc/passwd"], ic.UnsafeModel, "'/etc/passwd'"),
        (["a/b.safetensors"], ic.UnsafeModel, "'a/b.safetensors'"),
        (["..\\model.safetensors"], ic.UnsafeModel, "as a part of the weights"),
        ([7], ic.UnsafeModel, "''"),
        (["model-00009-of-00009.safetensors"], ic.ModelNotFound, "model-00009-of-00009"),
        ([], ic.ModelNotFound, "names no files"),
    ],
)
def test_a_list_of_parts_that_leads_elsewhere_is_refused_by_name(folder, names, kind, said):
    path = folder()
    in_parts(path)
    parts = {f"tensor {number}": name for number, name in enumerate(names)}
    (path / folders.INDEX).write_text(json.dumps({"weight_map": parts}))
    says(path, kind, said)


def test_a_list_of_parts_without_end_is_not_read(folder, monkeypatch):
    path = folder()
    in_parts(path)
    monkeypatch.setattr(file_checks, "MAX_INDEX_BYTES", 100)
    says(path, ic.UnsafeModel, r"index\.json is larger than")
    with pytest.raises(ic.UnsafeModel):
        folders.read_files(path)
