"""Loading runs nothing of the folder, never invents weights, and says in words what is wrong."""

import json
import os
import pickle
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel

import interp_core as ic

PLANT = "import pathlib; pathlib.Path({!r}).touch()\n"


@pytest.fixture
def folder(tiny, tmp_path):
    """`folder("bert")`: a copy of a tiny model's folder, to be spoilt."""
    return lambda family: shutil.copytree(tiny(family), tmp_path / family)


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def rewrite_weights(path, keep, rename=lambda name: name):
    tensors = load_file(path / "model.safetensors")
    kept = {rename(name): value for name, value in tensors.items() if keep(name)}
    assert kept
    assert len(kept) < len(tensors) or kept.keys() != tensors.keys()
    save_file(kept, path / "model.safetensors", metadata={"format": "pt"})


# ---------------------------------------------------------------------------------------- safety


class Bomb:
    """Unpickling this creates a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mknod, (str(self.target),)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.ckpt"])
@pytest.mark.parametrize("decoy", [False, True])
def test_pickled_weights_are_never_unpickled(folder, tmp_path, monkeypatch, name, decoy):
    path, mark = folder("bert"), tmp_path / "executed"
    opened = []
    monkeypatch.setattr(torch, "load", lambda *args, **_options: opened.append(args))
    (path / "model.safetensors").unlink()
    (path / name).write_bytes(pickle.dumps(Bomb(mark)))
    if decoy:  # a safetensors file that is not the model's must not open the way to the pickle
        save_file({"x": torch.ones(1)}, path / "adapter.safetensors")
    with pytest.raises(ic.UnsupportedModel if decoy else ic.UnsafeModel) as caught:
        ic.load_model(str(path))
    assert not mark.exists()
    assert not opened
    if not decoy:
        assert "save_pretrained(new_folder)` writes safetensors" in str(caught.value)


def test_the_bomb_would_have_gone_off(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "executed")))
    assert (tmp_path / "executed").exists()


def plant(path, mark):
    for name in ("evil.py", "modeling_evil.py", "tokenization_evil.py"):
        (path / name).write_text(PLANT.format(str(mark)) + "class Evil: pass\n")


def test_remote_code_beside_a_known_architecture_is_ignored(folder, tmp_path):
    path, mark = folder("bert"), tmp_path / "executed"
    plant(path, mark)
    change(path / "config.json", auto_map={"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"})
    model = ic.load_model(str(path))
    assert type(model.model).__module__ == "transformers.models.bert.modeling_bert"
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["evil", None, ["bert"], 7])
def test_remote_code_of_an_unknown_architecture_is_refused(folder, tmp_path, kind):
    path, mark = folder("bert"), tmp_path / "executed"
    plant(path, mark)
    change(path / "config.json", model_type=kind, auto_map={"AutoConfig": "evil.Evil"})
    with pytest.raises(ic.UnsafeModel, match="never runs"):
        ic.load_model(str(path))
    assert not mark.exists()


@pytest.mark.parametrize("fast", [True, False])
def test_remote_tokenizer_code_is_refused_or_ignored_but_never_run(folder, tmp_path, fast):
    path, mark = folder("bert"), tmp_path / "executed"
    plant(path, mark)
    change(
        path / "tokenizer_config.json",
        auto_map={"AutoTokenizer": ["evil.Evil", "evil.Evil"]},
        tokenizer_class="Evil",
    )
    if not fast:
        (path / "tokenizer.json").unlink()
    try:
        ic.load_model(str(path))
    except (ic.UnsafeModel, ic.UnsupportedModel):
        pass
    else:
        assert fast
    assert not mark.exists()


def test_remote_image_processor_code_is_refused(folder, tmp_path):
    path, mark = folder("vit"), tmp_path / "executed"
    plant(path, mark)
    change(path / "preprocessor_config.json", auto_map={"AutoImageProcessor": "evil.Evil"})
    with pytest.raises(ic.UnsafeModel, match="never runs"):
        ic.load_model(str(path))
    assert not mark.exists()


def test_links_out_of_the_folder_are_refused(folder, tmp_path):
    path = folder("bert")
    shutil.move(path / "model.safetensors", tmp_path / "elsewhere.safetensors")
    (path / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(ic.UnsafeModel, match="link out of the folder"):
        ic.load_model(str(path))


def test_links_within_a_hub_cache_are_followed(folder, tmp_path):
    """The Hub's cache keeps files in `blobs` and links to them from `snapshots/<revision>`."""
    root = tmp_path / "models--me--tiny"
    (root / "snapshots").mkdir(parents=True)
    (root / "blobs").mkdir()
    path = shutil.copytree(folder("bert"), root / "snapshots" / "abc")
    shutil.move(path / "model.safetensors", root / "blobs" / "0123")
    (path / "model.safetensors").symlink_to("../../blobs/0123")
    assert ic.load_model(str(path)).n_layers == 2


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("{", ic.ModelNotFound, "not valid JSON"),
        ("", ic.ModelNotFound, "not valid JSON"),
        ("\xef\xbb\xbf{}", ic.ModelNotFound, "byte order mark"),
        ("\x80\x81", ic.ModelNotFound, "not valid JSON"),
        ("[1, 2]", ic.ModelNotFound, "holds no settings"),
        ("[" * 100_000, ic.ModelNotFound, "not valid JSON"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, ic.ModelNotFound, "not valid JSON"),
        ('{"a": "' + "x" * 5_000_000 + '"}', ic.UnsafeModel, "larger than 4 MB"),
        ("{}", ic.UnsupportedModel, "does not know the architecture"),
        (
            '{"model_type": "bert", "architectures": 5, "hidden_size": "x"}',
            ic.UnsupportedModel,
            "config.json|transformers cannot load",
        ),
        ('{"model_type": "bert", "num_hidden_layers": 1000000000}', ic.UnsafeModel, "layers"),
        ('{"model_type": "bert", "num_attention_heads": 0}', ic.UnsupportedModel, ""),
    ],
)
def test_broken_or_hostile_configurations_are_refused_in_words(folder, text, error, says):
    path = folder("bert")
    (path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match=says) as caught:
        ic.load_model(str(path))
    assert len(str(caught.value)) < 600


def test_a_broken_tokenizer_configuration_is_refused_in_words(folder):
    path = folder("bert")
    (path / "tokenizer_config.json").write_text("{")
    with pytest.raises(ic.ClearheadError, match=r"not valid JSON|no tokenizer"):
        ic.load_model(str(path))


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_files_are_named(folder, missing):
    path = folder("bert")
    (path / missing).unlink()
    with pytest.raises((ic.ModelNotFound, ic.UnsupportedModel), match=missing.split(".")[0]):
        ic.load_model(str(path))


def test_truncated_weights_are_refused_in_words(folder):
    path = folder("bert")
    data = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(ic.UnsupportedModel, match="cannot load"):
        ic.load_model(str(path))


# --------------------------------------------------------------------------------- missing weights


def headless(folder):
    """A plain BertModel checkpoint whose configuration promises a classifier."""
    path = folder("bert")
    change(path / "config.json", architectures=["BertForSequenceClassification"])
    return path


def test_a_promised_head_that_is_missing_gives_the_plain_encoder_and_a_note(folder):
    model = ic.load_model(str(headless(folder)))
    assert model.task == "encoder"
    assert type(model.model).__name__ == "BertModel"
    assert model.labels == ()
    assert len(model.notes) == 1
    assert "no weights for the sequence-classification head" in model.notes[0]


@pytest.mark.parametrize("task", ["masked-lm", "sequence-classification", "token-classification"])
def test_a_missing_head_that_was_asked_for_is_refused(folder, task):
    with pytest.raises(ic.UnsupportedModel, match=f"no weights for the {task} head"):
        ic.load_model(str(headless(folder)), task=task)


def test_a_missing_pooler_is_left_out_and_not_made_up(folder):
    path = folder("bert")
    rewrite_weights(path, keep=lambda name: not name.startswith("pooler"))
    model = ic.load_model(str(path))
    assert model.model.pooler is None
    assert "no pooler weights" in model.notes[0]
    assert ic.attention_maps(model, "A model").weights.shape[0] == 2


def test_a_classifier_without_the_pooler_it_reads_is_no_classifier(folder):
    path = folder("bert-2-labels")
    rewrite_weights(path, keep=lambda name: "pooler" not in name)
    model = ic.load_model(str(path))
    assert model.task == "encoder"
    assert model.model.pooler is None
    with pytest.raises(ic.UnsupportedModel, match="pooler"):
        ic.load_model(str(path), task="sequence-classification")


@pytest.mark.parametrize("family", ["bert", "bert-2-labels", "gpt2", "t5"])
def test_missing_weights_of_the_body_are_refused(folder, family):
    path = folder(family)
    part = {
        "gpt2": "h.1.attn.c_attn.weight",
        "t5": "encoder.block.1.layer.0.SelfAttention.q.weight",
    }
    lost = part.get(family, "encoder.layer.1.attention.self.query.weight")
    rewrite_weights(path, keep=lambda name: not name.endswith(lost))
    with pytest.raises(ic.UnsupportedModel, match=r"lacks 1 weights of the model's body"):
        ic.load_model(str(path))


def test_weights_of_another_shape_are_refused(folder):
    path = folder("bert")
    change(path / "config.json", vocab_size=7)
    with pytest.raises(ic.UnsupportedModel):
        ic.load_model(str(path))


def test_a_tokenizer_larger_than_the_embedding_is_refused(folder, tiny):
    """GPT-2's own tokenizer files beside a model with a smaller vocabulary."""
    path = folder("bert")
    tensors = load_file(path / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    half = len(tensors[name]) // 2
    tensors[name] = tensors[name][:half].contiguous()
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    change(path / "config.json", vocab_size=half)
    with pytest.raises(ic.UnsupportedModel, match="do not belong together"):
        ic.load_model(str(path))


def test_an_added_token_beyond_the_embedding_is_refused_only_where_it_is_used(folder):
    from transformers import AutoTokenizer

    path = folder("bert")
    tokenizer = AutoTokenizer.from_pretrained(path)
    tokenizer.add_tokens(["<image>"])
    tokenizer.save_pretrained(path)
    model = ic.load_model(str(path))
    assert ic.attention_maps(model, "A model looks.").tokens[1] == "a"
    with pytest.raises(ic.BadInput, match="'<image>'"):
        ic.attention_maps(model, "A model looks at <image>.")


def test_quantized_checkpoints_are_refused_in_words(folder):
    path = folder("llama")
    change(path / "config.json", quantization_config={"quant_method": "mxfp4"})
    with pytest.raises(ic.UnsupportedModel, match="quantized"):
        ic.load_model(str(path))


@pytest.mark.parametrize("asked", ["flash_attention_2", "sdpa", "kernels-community/flash-attn"])
def test_maps_are_eager_whatever_the_configuration_asks_for(folder, tiny_model, asked):
    path = folder("bert")
    change(path / "config.json", _attn_implementation=asked, attn_implementation=asked)
    model = ic.load_model(str(path))
    assert model.backend == "eager"
    theirs = ic.attention_maps(model, "A model looks.").weights
    ours = ic.attention_maps(tiny_model("bert"), "A model looks.").weights
    np.testing.assert_allclose(theirs, ours, atol=1e-6)


# ------------------------------------------------------------------------------ names and options


@pytest.mark.parametrize("name", ["", "   ", "\0", "a\0b"])
def test_no_name_is_refused(name):
    with pytest.raises(ic.ModelNotFound, match="Name a model"):
        ic.load_model(name)


@pytest.mark.parametrize(
    "name",
    ["x" * 10_000, "a/b/c", "no such model!", "~nobody-here/model", "../nowhere", "a..b", "é"],
)
def test_names_that_are_neither_folder_nor_hub_id_are_refused_shortly(name):
    with pytest.raises(ic.ModelNotFound, match=r"not a Hub id.*encoder") as caught:
        ic.load_model(name)
    assert len(str(caught.value)) < 400


def test_a_folder_above_that_holds_no_model_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    with pytest.raises(ic.ModelNotFound, match=r"no config\.json"):
        ic.load_model("../..")


def test_a_file_is_not_a_folder(folder):
    with pytest.raises(ic.ModelNotFound, match="is a file, not a model folder"):
        ic.load_model(str(folder("bert") / "model.safetensors"))


def test_models_that_are_read_at_once_tie_their_weights_and_leave_transformers_as_it_is(tiny):
    from transformers import PreTrainedModel

    ties, folder = PreTrainedModel.tie_weights, str(tiny("gpt2"))
    with ThreadPoolExecutor(3) as pool:
        loaded = list(pool.map(ic.load_model, [folder] * 9))
    assert PreTrainedModel.tie_weights is ties
    assert {each.task for each in loaded} == {"causal-lm"}
    assert torch.get_default_dtype() == torch.float32


def test_while_a_model_of_another_number_format_is_built_other_threads_compute_as_before(
    folder, monkeypatch
):
    path, building, seen = folder("gpt2"), threading.Event(), threading.Event()
    change(path / "config.json", dtype="bfloat16")
    build = GPT2LMHeadModel.__init__

    def slowly(self, *args, **options):
        build(self, *args, **options)
        formats.append(self.lm_head.weight.dtype)
        building.set()
        assert seen.wait(60)

    def others():
        return [
            torch.zeros(1).dtype,
            (torch.arange(3) / 2).dtype,
            torch.nn.Linear(1, 1).weight.dtype,
        ]

    formats, usual = [], others()
    monkeypatch.setattr(GPT2LMHeadModel, "__init__", slowly)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(ic.load_model, str(path), dtype="bfloat16")
        assert building.wait(60)
        meanwhile = others()
        seen.set()
        model = loading.result().model
    assert meanwhile == usual == [torch.float32] * 3
    assert set(formats) == {torch.bfloat16} == {each.dtype for each in model.parameters()}


@pytest.mark.parametrize("name", ["sentiment", "sentiment-lstm", "bert"])
def test_weights_that_are_random_at_first_leave_the_numbers_of_others_as_they_are(
    folder, monkeypatch, name
):
    """Another thread may compute with a seed meanwhile: to go back afterwards would not do."""
    path = folder("bert-2-labels") if name == "bert" else name
    if name == "bert":  # a head of random numbers is made before it is left out
        rewrite_weights(path, lambda key: not key.startswith("classifier"))
    state = torch.get_rng_state()
    monkeypatch.setattr(torch, "set_rng_state", lambda _: pytest.fail("set back"))
    monkeypatch.setattr(torch.random, "set_rng_state", lambda _: pytest.fail("set back"))
    ic.load_model(str(path))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["encoder", "someone/somewhere", "nowhere at all"])
def test_an_unknown_task_is_refused_first_with_the_known_ones(name):
    with pytest.raises(ic.BadInput, match=r"Unknown task 'poetry'.*masked-lm"):
        ic.load_model(name, task="poetry")


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_an_unknown_device_is_refused(device):
    with pytest.raises(ic.BadInput, match=device):
        ic.load_model("encoder", device=device)


@pytest.mark.parametrize("dtype", ["float99", "int8", "nn"])
def test_an_unknown_number_format_is_refused(dtype):
    with pytest.raises(ic.BadInput, match=dtype):
        ic.load_model("encoder", dtype=dtype)


def test_the_embedded_encoder_has_its_published_shape(encoder):
    assert (encoder.name, encoder.task, encoder.dtype) == ("encoder", "encoder", "float32")
    assert (encoder.n_layers, encoder.n_heads, encoder.max_tokens) == (6, 12, 512)
    assert sum(p.numel() for p in encoder.model.parameters()) == 22_713_216
    with pytest.raises(ic.UnsupportedModel, match="no masked-lm head"):
        ic.load_model("encoder", task="masked-lm")


def test_embedded_models_heed_the_number_format():
    assert ic.load_model("encoder", dtype="bfloat16").dtype == "bfloat16"


# ----------------------------------------------------------------------------------- the closed net


@pytest.fixture
def online(monkeypatch):
    """huggingface_hub believes that it may use the network."""
    from huggingface_hub import constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def assert_not_found(name="someone/some-model"):
    with pytest.raises(ic.ModelNotFound, match=r"not be reached.*encoder") as caught:
        ic.load_model(name)
    assert name in str(caught.value)


def test_hub_names_with_the_network_switched_off(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: pytest.fail("used the network"))
    assert_not_found()


@pytest.mark.parametrize("name", ["gpt2", "someone/some-model"])
def test_hub_names_when_connections_are_refused(online, monkeypatch, name):
    tried = []

    def refuse(*_args, **_options):
        tried.append(1)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert_not_found(name)
    assert tried


def test_hub_names_when_the_name_look_up_hangs(online, monkeypatch):
    """No socket time-out covers the look-up of a name: it may hang for minutes."""
    from interp_core.models import hub

    assert hub.PATIENCE_SECONDS < 10
    monkeypatch.setattr(hub, "PATIENCE_SECONDS", 0.5)
    release, tried = threading.Event(), []

    def hang(*_args, **_options):
        tried.append(1)
        release.wait()
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        assert_not_found()  # although the look-up has not come back
        hanging = [thread for thread in threading.enumerate() if thread.name == "hub"]
        assert tried
        assert hanging
        assert all(thread.daemon for thread in hanging)  # the process can still end
    finally:
        release.set()


def test_a_pickled_hub_model_is_refused_before_anything_is_fetched(online, monkeypatch):
    from interp_core.models import hub

    monkeypatch.setattr(hub, "_listing", lambda *_: ["config.json", "pytorch_model.bin"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: pytest.fail("used the network"))
    with pytest.raises(ic.UnsafeModel, match="writes safetensors"):
        ic.load_model("someone/some-model")


def test_a_download_that_breaks_off_is_told_in_words(online, monkeypatch):
    import huggingface_hub

    from interp_core.models import hub

    def broken(*_args, local_files_only=False, **_options):
        raise OSError("nothing cached" if local_files_only else "connection lost")

    monkeypatch.setattr(hub, "_listing", lambda *_: ["model.safetensors"])
    monkeypatch.setattr(huggingface_hub, "snapshot_download", broken)
    with pytest.raises(ic.ModelNotFound, match="was interrupted"):
        ic.load_model("someone/some-model")


def test_nothing_but_data_is_ever_fetched():
    from fnmatch import fnmatch

    from interp_core.models.hub import PATTERNS

    for name in ("modeling_x.py", "pytorch_model.bin", "model.pkl", "model.pt", "a.so", "x.ckpt"):
        assert not any(fnmatch(name, pattern) for pattern in PATTERNS)
