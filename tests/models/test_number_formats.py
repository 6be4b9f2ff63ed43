"""Every function in 16 bits, close to float32; devices, and models that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.models import device as models_device
from tests.tiny import TEXT

FORMATS = ["bfloat16", "float16"]
# Of the largest value: bfloat16 keeps 8 bits, float16 11, and roundings add up over the layers.
SLACK = {"bfloat16": 0.1, "float16": 0.02}
SENTENCE = "The plot is thin, but the actors are far from boring."


def near(found, truth, dtype):
    found, truth = np.asarray(found), np.asarray(truth)
    assert found.shape == truth.shape
    assert np.isfinite(found).all()
    off = np.abs(found - truth).max()
    assert off <= SLACK[dtype] * max(np.abs(truth).max(), 1e-6), off


@pytest.fixture(scope="module")
def half():
    made = {}

    def load(name, dtype):
        return made.setdefault((name, dtype), ic.load_model(name, dtype=dtype))

    return load


CLASSIFIER = {
    "maps": lambda m: ic.attention_maps(m, SENTENCE).weights,
    "norms": lambda m: ic.norm_weighted_attention(m, SENTENCE).weights,
    "vectors": lambda m: ic.token_vectors(m, [SENTENCE]).values,
    "vocabulary": lambda m: ic.vocabulary_vectors(m, limit=50).values,
    "heads": lambda m: ic.head_statistics(m, [SENTENCE]).frame[["entropy", "confidence"]],
    "gradients": lambda m: ic.attribute(m, SENTENCE, method="input_x_gradient").scores,
    "removal": lambda m: ic.attribute(m, SENTENCE, method="leave_one_out").scores,
    "relevance": lambda m: ic.attribute(m, SENTENCE, method="attention_relevance").scores,
}
REAL = ("maps", "norms", "vectors", "vocabulary", "removal")  # others are random and small


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("what", CLASSIFIER)
def test_a_classifier_in_16_bits_is_close_to_float32(sentiment, tiny, half, dtype, what):
    """Gradients, which most processors compute slowly in 16 bits, are those of a small model."""
    name = "sentiment" if what in REAL else str(tiny("distilbert"))
    whole = sentiment if what in REAL else half(name, "float32")
    near(CLASSIFIER[what](half(name, dtype)), CLASSIFIER[what](whole), dtype)


RUNS = {
    "integrated gradients": lambda m: ic.attribute(m, TEXT, evaluations=16).scores,
    "shapley": lambda m: ic.attribute(m, TEXT, method="shapley_sampling", evaluations=16).scores,
    "importance": lambda m: ic.head_importance(m, [TEXT, TEXT])["importance"],
    "ablation": lambda m: ic.head_importance(m, [TEXT], method="ablation")["importance"],
    "conductance": lambda m: ic.layer_conductance(m, TEXT, evaluations=8).scores,
    "faithfulness": lambda m: [
        ic.faithfulness(m, ic.attribute(m, TEXT, method="leave_one_out")).comprehensiveness
    ],
    "rollout": lambda m: ic.attention_rollout(ic.attention_maps(m, TEXT)),
    "projection": lambda m: (
        ic.project(ic.token_vectors(m, [TEXT, TEXT, "a", "b", "c"]), method="pca").coordinates
    ),
}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("what", RUNS)
def test_everything_else_runs_in_16_bits_and_is_finite(tiny, half, dtype, what):
    model = half(str(tiny("distilbert")), dtype)
    assert np.isfinite(np.asarray(RUNS[what](model), dtype=float)).all()


WRITING = {
    "next": lambda m: ic.next_tokens(m, TEXT)["probability"],
    "surprisal": lambda m: ic.surprisal(m, TEXT)["surprisal"][1:],
    "lens": lambda m: ic.logit_lens(m, TEXT).probabilities,
    "logit": lambda m: [ic.logit_attribution(m, TEXT, target=5).logit],
    "written": lambda m: ic.generate(m, TEXT, tokens=3).probabilities,
}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("family", ["gpt2", "llama"])
@pytest.mark.parametrize("what", WRITING)
def test_a_language_model_in_16_bits_runs(tiny, half, dtype, family, what):
    found = WRITING[what](half(str(tiny(family)), dtype))
    assert np.isfinite(np.asarray(found, dtype=float)).all()


@pytest.mark.parametrize("dtype", FORMATS)
def test_pictures_and_pairs_of_stacks_run_in_16_bits(tiny, half, dtype):
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    model = half(str(tiny("vit")), dtype)
    for method in ("integrated_gradients", "occlusion", "attention_rollout"):
        assert np.isfinite(ic.attribute_image(model, image, method=method).patches).all()
    assert np.isfinite(ic.image_vectors(model, [image], pooling="patch").values).all()
    assert ic.image_head_statistics(model, [image])["entropy"].notna().all()
    maps = ic.attention_maps(half(str(tiny("bart")), dtype), TEXT)
    assert np.isfinite(maps.cross.weights).all()


def test_rows_of_maps_in_bfloat16_sum_to_one_within_its_rounding(half):
    sums = ic.attention_maps(half("sentiment", "bfloat16"), SENTENCE).weights.sum(-1)
    assert 1 - 2**-7 < sums.min() < 1 - 1e-4
    assert 1 + 1e-4 < sums.max() < 1 + 2**-7
    assert (
        "bfloat16, which rounds every number by up to 0.39%"
        in half("sentiment", "bfloat16").notes[0]
    )


# ----------------------------------------------------------------------------------- devices


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "mps", "tpu", "", " "])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(device):
    if not device:
        assert models_device.find_device(device) == torch.device("cpu")
        return
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ic.BadInput, match=r"Unknown device .* one of: cpu"):
        ic.load_model("sentiment", device=device)


@pytest.mark.parametrize("dtype", ["int8", "float8_e4m3fn", "half a float", "float"])
def test_a_number_format_that_is_none_is_refused(dtype):
    if dtype == "float":  # torch's other name of float32
        return
    with pytest.raises(ic.BadInput, match="Use float32, bfloat16 or float16"):
        ic.load_model("sentiment", dtype=dtype)


@pytest.mark.parametrize("name", ["distilbert", "gpt2"])
def test_a_model_that_is_spread_over_devices_gives_the_same(tiny, monkeypatch, name):
    """The copies that methods hook into must not call the original's modules.

    On one processor, with the hooks by which accelerate moves tensors between several GPUs.
    """
    accelerate = pytest.importorskip("accelerate")
    dispatch = accelerate.dispatch_model

    def spread_out(model, **_):
        places = {name: "cpu" for name, _ in model.named_children()}
        return dispatch(model, device_map=places, force_hooks=True)

    monkeypatch.setattr(accelerate, "dispatch_model", spread_out)
    folder = str(tiny(name))
    plain, spread = ic.load_model(folder), ic.load_model(folder, device="auto")
    assert any(hasattr(each, "_hf_hook") for each in spread.model.modules())
    calls = [
        lambda m: ic.attention_maps(m, TEXT).weights,
        lambda m: ic.attribute(m, TEXT, method="input_x_gradient").scores,
        lambda m: ic.head_importance(m, [TEXT, TEXT])["importance"],
        lambda m: ic.head_importance(m, [TEXT], method="ablation")["importance"],
        lambda m: ic.head_statistics(m, [TEXT]).frame["entropy"],
        lambda m: ic.token_vectors(m, [TEXT]).values,
    ]
    if name == "gpt2":
        calls += [lambda m: ic.logit_lens(m, TEXT).probabilities]
    for call in calls:
        np.testing.assert_allclose(call(spread), call(plain), atol=1e-5)


# ------------------------------------------------------------------------------------ memory


def test_numbers_are_counted_from_the_headers(tiny):
    model = ic.load_model(str(tiny("bert")))
    count = sum(each.numel() for each in model.model.parameters())
    assert models_device.count_numbers(tiny("bert")) == count


def test_what_does_not_fit_is_refused_before_loading_with_the_figures(tiny, monkeypatch):
    folder, need = str(tiny("bert")), models_device.count_numbers(tiny("bert")) * 4
    monkeypatch.setattr(models_device, "available", lambda: models_device.PASS + need - 1)
    monkeypatch.setattr("transformers.AutoModel.from_pretrained", None)  # is not even asked
    with pytest.raises(
        ic.ModelTooLarge, match=r"MiB in float32, and .* free\. In bfloat16"
    ) as told:
        ic.load_model(folder)
    assert "check_memory" in str(told.value)
    monkeypatch.undo()
    monkeypatch.setattr(models_device, "available", lambda: models_device.PASS + need - 1)
    assert ic.load_model(folder, dtype="bfloat16").dtype == "bfloat16"
    assert ic.load_model(folder, check_memory=False).dtype == "float32"
    monkeypatch.setattr(models_device, "available", lambda: None)  # a system that does not tell
    assert ic.load_model(folder).dtype == "float32"


def test_what_fits_in_no_format_asks_for_a_smaller_model(tiny, monkeypatch):
    monkeypatch.setattr(models_device, "available", lambda: 1000)
    for dtype in ("float32", "bfloat16"):
        with pytest.raises(ic.ModelTooLarge, match="smaller model"):
            ic.load_model(str(tiny("bert")), dtype=dtype)


def test_the_memory_of_a_gpu_is_looked_at_too(sentiment, monkeypatch):
    monkeypatch.setattr(models_device, "free_on_device", lambda device: 1000)
    with pytest.raises(ic.ModelTooLarge, match=r"'cuda:0'.*bfloat16"):
        models_device.check_device_room(sentiment.model, torch.device("cuda:0"))
