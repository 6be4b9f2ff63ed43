"""`pooling="model"` is `SentenceTransformer(folder).encode`, or is refused by name."""

import json
import shutil

import numpy as np
import peft
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import (
    CNN,
    LSTM,
    Dropout,
    LayerNorm,
    Pooling,
    WeightedLayerPooling,
)

import interp_core as ic
from interp_core.models.folders import find_model_folder

MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
OLD = {
    "cls": "cls_token",
    "max": "max_tokens",
    "mean": "mean_tokens",
    "lasttoken": "lasttoken",
    "mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "weightedmean": "weightedmean_tokens",
}
TEXTS = [
    "A model looks at words.",
    "The café near the river, and the strange actors didn't know what it was doing there.",
    "Why?",
    "unhappiest " * 40,
]


def save(tiny, folder, *modules, family="bert", **more):
    """A folder as sentence-transformers writes it, of a transformer and further modules."""
    torch.manual_seed(0)
    first = Transformer(str(tiny(family)))
    model = SentenceTransformer(modules=[first, *modules], device="cpu", **more)
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def compare(folder, texts=TEXTS, **more):
    """Ours and theirs, which are the same; gives our vectors."""
    right = SentenceTransformer(str(folder), device="cpu", **more).encode(texts)
    model = ic.load_model(str(folder))
    ours = ic.token_vectors(model, texts, pooling="model", truncate=True)
    assert ours.values.shape == right.shape
    assert np.abs(ours.values - right).max() < 1e-5
    assert list(ours.frame["text"]) == list(texts)
    return ours


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize("modes", [*MODES, ("mean", "cls"), ("lasttoken", "max", "mean"), MODES])
def test_every_mode_and_several_at_once(tiny, tmp_path, modes):
    ours = compare(save(tiny, tmp_path / "st", Pooling(32, modes)))
    assert ours.values.shape[1] == 32 * (1 if isinstance(modes, str) else len(modes))


@pytest.mark.parametrize("mode", MODES)
def test_modes_as_older_versions_wrote_them(tiny, tmp_path, mode):
    folder = save(tiny, tmp_path / "st", Pooling(32, "mean"), Normalize())
    old = {f"pooling_mode_{name}": given == mode for given, name in OLD.items()}
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 32, **old})
    )
    names = ("Transformer", "Pooling", "Normalize")
    places = ("", "1_Pooling", "2_Normalize")
    listed = [
        {"idx": n, "name": str(n), "path": place, "type": f"sentence_transformers.models.{name}"}
        for n, (name, place) in enumerate(zip(names, places))
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    compare(folder)


@pytest.mark.parametrize(
    "family", ["roberta", "albert", "distilbert", "llama", "gpt2", "modernbert", "qwen3"]
)
def test_other_families(tiny, tmp_path, family):
    mode = "lasttoken" if family in ("llama", "gpt2", "qwen3") else "mean"
    compare(save(tiny, tmp_path / "st", Pooling(32, mode), Normalize(), family=family), TEXTS[:1])


DENSE = {
    "tanh": lambda: Dense(32, 20),
    "no bias, no activation": lambda: Dense(32, 20, bias=False, activation_function=None),
    "gelu": lambda: Dense(32, 20, activation_function=torch.nn.GELU()),
    "shortcut": lambda: Dense(32, 32, use_residual=True),
    "shortcut through weights": lambda: Dense(32, 12, use_residual=True),
}


@pytest.mark.parametrize("name", DENSE)
def test_dense_layers_with_what_may_follow(tiny, tmp_path, name):
    dense = DENSE[name]()
    folder = save(
        tiny,
        tmp_path / "st",
        Pooling(32, "mean"),
        dense,
        Dropout(0.3),
        LayerNorm(dense.out_features),
        Normalize(),
    )
    compare(folder)
    model = ic.load_model(str(folder))
    with pytest.raises(ic.BadInput, match="last layer only"):
        ic.token_vectors(model, TEXTS[:1], pooling="model", layer=1)


def test_layers_before_the_pooling(tiny, tmp_path):
    dense = Dense(32, 16, module_input_name="token_embeddings")
    norm = Normalize(module_input_name="token_embeddings")
    compare(save(tiny, tmp_path / "st", dense, norm, Pooling(16, ("mean", "max"))))


def test_an_old_folder_keeps_its_transformer_in_a_folder_of_its_own(tiny, tmp_path):
    new = save(tiny, tmp_path / "new", Pooling(32, "max"), Dense(32, 8))
    old = tmp_path / "old"
    (old / "0_Transformer").mkdir(parents=True)
    for path in new.iterdir():
        inside = path.is_file() and "sentence_transformers" not in path.name
        place = old / "0_Transformer" if inside and path.name != "modules.json" else old
        shutil.move(path, place / path.name)
    listed = json.loads((old / "modules.json").read_text())
    listed[0]["path"] = "0_Transformer"
    (old / "modules.json").write_text(json.dumps(listed))
    compare(old)


@pytest.mark.parametrize("limit", [5, 16, 1000])
def test_texts_are_cut_where_the_library_cuts_them(tiny, tmp_path, limit):
    folder = save(tiny, tmp_path / "st", Pooling(32, "mean"))
    change(folder / "sentence_bert_config.json", max_seq_length=limit)
    long = [text for text in TEXTS if limit < 1000 or len(text) < 200]
    compare(folder, long)
    if limit == 5:
        model = ic.load_model(str(folder))
        with pytest.raises(ic.InputTooLong, match="at most 5"):
            ic.token_vectors(model, TEXTS, pooling="model")
        cut = ic.token_vectors(model, TEXTS[:2], pooling="model", truncate=True)
        (note,) = cut.notes
        assert "2 texts were truncated" in note


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("modes", ["cls", MODES])
def test_the_default_prompt_stands_before_every_text(tiny, tmp_path, include, modes):
    prompts = {"query": "A strange model: ", "passage": "river "}
    folder = save(
        tiny,
        tmp_path / "st",
        Pooling(32, modes, include_prompt=include),
        prompts=prompts,
        default_prompt_name="query",
    )
    ours = compare(folder)
    general = folder / "config_sentence_transformers.json"
    change(general, default_prompt_name=None)
    assert np.abs(compare(folder).values - ours.values).max() > 1e-3
    change(general, default_prompt_name="query")
    with pytest.raises(ic.BadInput, match="empty"):
        ic.token_vectors(ic.load_model(str(folder)), [" "], pooling="model")


def test_the_first_numbers_of_nested_vectors(tiny, tmp_path):
    folder = save(tiny, tmp_path / "st", Pooling(32, "mean"), Normalize(), truncate_dim=7)
    assert compare(folder).values.shape[1] == 7


@pytest.mark.parametrize("lower", [True, False])
def test_lower_case(tiny, tmp_path, lower):
    folder = save(tiny, tmp_path / "st", Pooling(32, "mean"), family="roberta")
    change(folder / "sentence_bert_config.json", do_lower_case=lower)
    compare(folder, ["A MODEL Looks", "The River İ"])
    model = ic.load_model(str(folder))
    assert any("lower case" in note for note in model.notes) == lower


def test_every_layer_is_pooled_where_nothing_trained_follows(tiny, tmp_path):
    folder = save(tiny, tmp_path / "st", Pooling(32, "mean"), Normalize())
    model = ic.load_model(str(folder))
    layers = ic.token_vectors(model, TEXTS[:2], pooling="model", layer="all")
    plain = ic.token_vectors(model, TEXTS[:2], pooling="mean", layer="all").values
    assert np.allclose(layers.values, plain / np.linalg.norm(plain, axis=1)[:, None], atol=1e-6)


def test_the_embedded_encoder_is_a_sentence_transformer(encoder):
    from interp_core.models.bundled_models import backbone_folder

    right = SentenceTransformer(str(backbone_folder()), device="cpu").encode(TEXTS[:3])
    ours = ic.token_vectors(encoder, TEXTS[:3], pooling="model").values
    assert np.abs(ours - right).max() < 1e-5


def test_an_adapter_has_the_modules_beside_it_or_those_of_its_base(tiny, tmp_path):
    base = save(tiny, tmp_path / "base", Pooling(32, "max"), Dense(32, 9))
    model = SentenceTransformer(str(base), device="cpu")
    model.add_adapter(
        peft.LoraConfig(
            task_type="FEATURE_EXTRACTION", target_modules=["query"], init_lora_weights=False
        )
    )
    right = model.encode(TEXTS)
    model.save_pretrained(str(tmp_path / "adapter"))
    change(tmp_path / "adapter" / "adapter_config.json", base_model_name_or_path="../base")
    for remove in (False, True):
        if remove:
            (tmp_path / "adapter" / "modules.json").unlink()
        loaded = ic.load_model(str(tmp_path / "adapter"))
        ours = ic.token_vectors(loaded, TEXTS, pooling="model", truncate=True).values
        assert np.abs(ours - right).max() < 1e-5


# ------------------------------------------------------------------------------------- refused


UNKNOWN = {
    "LSTM": lambda: [LSTM(32, 8), Pooling(16, "mean")],
    "CNN": lambda: [CNN(32, 8), Pooling(24, "mean")],
    "WeightedLayerPooling": lambda: [
        WeightedLayerPooling(32, num_hidden_layers=2),
        Pooling(32, "mean"),
    ],
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_module_is_refused_by_name_and_the_rest_works(tiny, tmp_path, name):
    folder = save(tiny, tmp_path / "st", *UNKNOWN[name]())
    model = ic.load_model(str(folder))
    with pytest.raises(ic.UnsupportedModel, match=f"module '{name}'"):
        ic.token_vectors(model, TEXTS[:1], pooling="model")
    assert ic.token_vectors(model, TEXTS[:1], pooling="mean").values.shape == (1, 32)


@pytest.fixture
def folder(tiny, tmp_path):
    """A folder with a dense layer, to be spoilt."""
    return save(tiny, tmp_path / "st", Pooling(32, "mean"), Dense(32, 8))


def refused(folder, error, says):
    model = ic.load_model(str(folder))
    with pytest.raises(error, match=says) as caught:
        ic.token_vectors(model, TEXTS[:1], pooling="model")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("file", "settings", "error", "says"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "attention"}, ic.UnsupportedModel, "attention"),
        ("1_Pooling/config.json", {"pooling_mode": ["mean", 7]}, ic.UnsupportedModel, "'7'"),
        (
            "1_Pooling/config.json",
            {"pooling_mode": None, "pooling_mode_new_tokens": True},
            ic.UnsupportedModel,
            "pooling_mode_new_tokens",
        ),
        ("2_Dense/config.json", {"activation_function": "evil.Code"}, ic.UnsupportedModel, "evil"),
        (
            "2_Dense/config.json",
            {"activation_function": "torch.hub.load"},
            ic.UnsupportedModel,
            "torch.hub.load",
        ),
        (
            "2_Dense/config.json",
            {"activation_function": "torch.nn.Linear"},
            ic.UnsupportedModel,
            "torch.nn.Linear",
        ),
        (
            "2_Dense/config.json",
            {"module_input_name": "elsewhere"},
            ic.UnsupportedModel,
            "elsewhere",
        ),
        (
            "config_sentence_transformers.json",
            {"default_prompt_name": "none"},
            ic.UnsupportedModel,
            "'none'",
        ),
        (
            "sentence_bert_config.json",
            {"tokenizer_args": {"add_special_tokens": False}},
            ic.UnsupportedModel,
            "add_special_tokens",
        ),
    ],
)
def test_unknown_settings_are_refused_by_name(folder, file, settings, error, says):
    change(folder / file, **settings)
    refused(folder, error, says)


@pytest.mark.parametrize(
    ("kind", "place", "error", "says"),
    [
        ("evil.Module", "2_Dense", ic.UnsafeModel, "evil.Module"),
        ("sentence_transformers.models.Dense", "../elsewhere", ic.UnsafeModel, "out of the folder"),
        ("sentence_transformers.models.Dense", "/etc", ic.UnsafeModel, "out of the folder"),
        (
            "sentence_transformers.sparse_encoder.modules.SpladePooling",
            "2_Dense",
            ic.UnsupportedModel,
            "SpladePooling",
        ),
    ],
)
def test_modules_from_elsewhere_are_refused(folder, kind, place, error, says):
    listed = json.loads((folder / "modules.json").read_text())
    listed[2] |= {"type": kind, "path": place}
    (folder / "modules.json").write_text(json.dumps(listed))
    refused(folder, error, says)


@pytest.mark.parametrize("text", ["{", "[]", "[1]", '{"a": 1}', "[" * 100_000])
def test_a_broken_list_of_modules_is_refused(folder, text):
    (folder / "modules.json").write_text(text)
    refused(folder, ic.UnsupportedModel, "does not list modules")


def test_a_list_of_modules_without_end_is_not_read(folder):
    (folder / "modules.json").write_text("[" + " " * 5_000_000 + "]")
    refused(folder, ic.UnsafeModel, "larger than 4 MB")
    (folder / "config.json").rename(folder / "config.old")
    with pytest.raises(ic.UnsafeModel, match="larger than 4 MB"):
        find_model_folder(folder)


def test_pickled_weights_of_a_module_are_not_opened(folder, monkeypatch):
    opened = []
    monkeypatch.setattr(torch, "load", lambda *args, **_options: opened.append(args))
    weights = load_file(folder / "2_Dense" / "model.safetensors")
    torch.save(weights, folder / "2_Dense" / "pytorch_model.bin")
    (folder / "2_Dense" / "model.safetensors").unlink()
    refused(folder, ic.UnsafeModel, "no safetensors weights")
    assert not opened
