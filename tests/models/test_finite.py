"""Numbers that are not finite are named where they are met, and no function hands them on."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
import transformers as tf
from safetensors.torch import load_file, save_file

import interp_core as ic
from interp_core.models.finite import check_finite
from tests.pages.running import charts, run, words
from tests.tiny import TEXT
from tests.tiny_tokenizers import byte_level

NAN, INF = float("nan"), float("inf")


def spoiled(tiny, tmp_path, family, change):
    """A copy of a tiny model's folder with some of its weights changed."""
    folder = shutil.copytree(tiny(family), tmp_path / family)
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return str(folder)


def put(name, value, place=(0, 0)):
    def change(weights):
        weights[name][place] = value

    return change


@pytest.mark.parametrize(
    ("family", "tensor", "place", "value", "named"),
    [
        ("bert-2-labels", "bert.encoder.layer.1.output.dense.weight", (0, 0), NAN, "layer 1"),
        (
            "bert-2-labels",
            "bert.encoder.layer.0.attention.self.query.weight",
            (1, 2),
            INF,
            "layer 0",
        ),
        ("bert-2-labels", "bert.encoder.layer.1.output.LayerNorm.weight", 3, NAN, "LayerNorm"),
        ("bert-2-labels", "classifier.bias", 1, NAN, "classifier"),
        ("gpt2", "transformer.h.1.ln_1.bias", 3, -INF, "layer 1"),
        ("bart", "model.decoder.layers.2.fc1.weight", (0, 0), NAN, "layer 2"),
        ("vit", "vit.layernorm.weight", 3, NAN, "layernorm"),
        ("llama", "model.layers.0.mlp.down_proj.weight", (0, 0), NAN, "layer 0"),
    ],
)
def test_a_weight_that_every_text_meets_is_named_at_loading(
    tiny, tmp_path, family, tensor, place, value, named
):
    folder = spoiled(tiny, tmp_path, family, put(tensor, value, place))
    with pytest.raises(ic.NotFinite, match=named) as caught:
        ic.load_model(folder)
    assert ("NaN" if value != value else "infinite") in str(caught.value)
    assert f"{tensor} has" in str(caught.value)  # as it is called in the file


def _row_of(model_folder, word):
    return tf.AutoTokenizer.from_pretrained(model_folder).convert_tokens_to_ids(word)


@pytest.fixture(scope="module")
def rare(tiny, tmp_path_factory):
    """A classifier that computes NaN for texts with one certain word alone."""
    row = _row_of(tiny("bert-2-labels"), "strange")
    name = "bert.embeddings.word_embeddings.weight"
    return ic.load_model(
        spoiled(tiny, tmp_path_factory.mktemp("rare"), "bert-2-labels", put(name, NAN, (row, 0)))
    )


FINE, MET = "A model looks.", "A strange model."


def test_a_weight_that_few_texts_meet_is_named_in_the_notes(rare):
    assert "word_embeddings.weight has 1 NaN of" in rare.notes[-1]
    assert np.isfinite(ic.attention_maps(rare, FINE).weights).all()
    assert np.isfinite(ic.token_vectors(rare, [FINE]).values).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda m: ic.attention_maps(m, MET),
        lambda m: ic.norm_weighted_attention(m, MET),
        lambda m: ic.token_vectors(m, [FINE, MET]),
        lambda m: ic.head_statistics(m, [FINE, MET]),
        lambda m: ic.head_importance(m, [FINE, MET]),
        lambda m: ic.head_importance(m, [FINE, MET], method="ablation"),
        lambda m: ic.attribute(m, MET),
        lambda m: ic.attribute(m, MET, method="leave_one_out"),
        lambda m: ic.layer_conductance(m, MET),
        lambda m: ic.vocabulary_vectors(m),
        lambda m: ic.sanity_check(m, ic.attribute(m, MET)),
    ],
)
def test_every_function_names_what_a_certain_text_meets(rare, call):
    with pytest.raises(ic.NotFinite, match="not finite"):
        call(rare)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: ic.next_tokens(m, TEXT),
        lambda m: ic.surprisal(m, TEXT),
        lambda m: ic.logit_lens(m, TEXT),
        lambda m: ic.logit_attribution(m, TEXT),
        lambda m: ic.generate(m, TEXT),
        lambda m: ic.attribute(m, TEXT),
    ],
)
def test_language_models_name_it_too(tiny, tmp_path, call):
    last = len(tf.AutoTokenizer.from_pretrained(tiny("gpt2"))(TEXT)["input_ids"]) - 2
    name = "transformer.wpe.weight"  # met by texts of that many tokens alone
    model = ic.load_model(spoiled(tiny, tmp_path, "gpt2", put(name, INF, (last, 0))))
    with pytest.raises(ic.NotFinite):
        call(model)


def test_float16_that_overflows_in_a_layer_names_the_layer(tiny, tmp_path):
    def grow(weights):
        weights["model.layers.1.mlp.down_proj.weight"] *= 6e4

    folder = spoiled(tiny, tmp_path, "llama", grow)
    ic.load_model(folder)  # float32 holds it
    with pytest.raises(ic.NotFinite, match=r"layers\.1.*layer 1.*bfloat16 or float32"):
        ic.load_model(folder, dtype="float16")


def test_weights_too_large_for_float16_are_named_with_the_cure(tiny, tmp_path):
    row = _row_of(tiny("bert-2-labels"), "strange")
    name = "bert.embeddings.word_embeddings.weight"
    folder = spoiled(tiny, tmp_path, "bert-2-labels", put(name, 1e6, (row, 0)))
    assert ic.load_model(folder).notes == ()
    notes = ic.load_model(folder, dtype="float16").notes
    assert "1 infinite" in notes[-1]
    assert "65,504" in notes[-1]


def test_numbers_at_padding_are_nobodys_and_those_at_words_are(tiny):
    """A model may compute anything for padding: texts of different lengths in one batch work."""
    from interp_core.models.finite import _padding_only

    value, mask = torch.zeros(2, 4, 3), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    value[1, 3] = NAN
    assert _padding_only(value, mask)
    value[1, 1] = NAN
    assert not _padding_only(value, mask)
    maps = torch.zeros(2, 5, 4, 4)
    maps[1, :, 2] = NAN
    assert _padding_only(maps, mask)


def test_sums_that_overflow_are_no_fault():
    """The sum of finite numbers may be infinite: only the numbers themselves count."""
    from interp_core.models.finite import _sums

    assert _sums(torch.full((10,), 6e4, dtype=torch.float16))
    assert _sums(torch.full((10,), 3e38))
    check_finite(np.full(10, 1e308), "numbers")
    with pytest.raises(ic.NotFinite, match="1 of 3 numbers"):
        check_finite(np.array([1.0, NAN, 2.0]), "numbers")


def test_vectors_of_a_file_with_nan_are_still_told_by_the_reader(tmp_path):
    np.save(tmp_path / "v.npy", np.array([[1.0, NAN], [1.0, 2.0]]))
    with pytest.raises(ic.ClearheadError):
        ic.read_vectors(str(tmp_path / "v.npy"))


def test_gradients_that_overflow_are_not_handed_on(sentiment, monkeypatch):
    from interp_core.attribution.result import MethodOutput

    with pytest.raises(ic.NotFinite, match="gradients"):
        MethodOutput(np.array([0.0, NAN]))


def test_hooks_of_a_failed_pass_are_taken_away(rare):
    before = sum(len(each._forward_hooks) for each in rare.model.modules())
    with pytest.raises(ic.NotFinite):
        ic.attention_maps(rare, MET)
    assert sum(len(each._forward_hooks) for each in rare.model.modules()) == before


@pytest.mark.parametrize(
    "page",
    [
        "attention_heads",
        "head_entropy",
        "word_attributions",
        "embedding_projector",
        "compare_models",
    ],
)
def test_every_page_names_the_place(tiny, tmp_path, page):
    name = "bert.encoder.layer.1.output.dense.weight"
    app = run(page, model=spoiled(tiny, tmp_path, "bert-2-labels", put(name, NAN)), text=FINE)
    assert not app.exception
    assert "encoder.layer.1.output.dense" in words(app).replace("\\", "")
    assert not charts(app)


@pytest.mark.parametrize("page", ["language_models", "embedding_projector", "attention_heads"])
def test_pages_name_what_a_certain_text_meets(tiny, tmp_path, page):
    text = "the model " * 20
    last = len(tf.AutoTokenizer.from_pretrained(tiny("gpt2"))(text)["input_ids"]) - 2
    folder = spoiled(tiny, tmp_path, "gpt2", put("transformer.wpe.weight", NAN, (last, 0)))
    app = run(page, model=folder, text=text, points="text")
    assert not app.exception
    assert "come out of transformer.wpe, whose weight transformer.wpe.weight has 1 NaN" in words(
        app
    ).replace("\\", "")
    assert not charts(app)


def test_generation_of_transformers_itself_is_watched(tiny, tmp_path):
    assert byte_level()
    model = ic.load_model(str(tiny("t5")))
    row = tf.AutoTokenizer.from_pretrained(tiny("t5"))(TEXT)["input_ids"][1]
    with torch.no_grad():
        model.model.get_input_embeddings().weight[row, 0] = NAN
    with pytest.raises(ic.NotFinite):
        ic.attention_maps(model, TEXT)
