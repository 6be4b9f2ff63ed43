"""Vision models of every kind: which tokens are patches, and maps that are the model's own.

The reference is a plain transformers call on the same folder; where a patch stands is checked
against each family's documented order of tokens, written down here by hand.
"""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import torch
import transformers as tf
from PIL import Image

import interp_core as ic
from interp_core.inputs.images import as_seen, encode_image
from interp_core.models import vision
from tests.tiny import _liven

SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
PATCHES = {**SIZE, "intermediate_size": 48, "image_size": 12, "patch_size": 4}
TEXT = {**SIZE, "intermediate_size": 48, "vocab_size": 99, "max_position_embeddings": 16}
LABELS = {"num_labels": 3}
CLS, GRID = ["[CLS]"], [f"{row},{column}" for row in range(3) for column in range(3)]


def _kind(model: str, config: str, **more):
    return lambda: getattr(tf, model)(getattr(tf, config)(**{**PATCHES, **more}))


def _two(model: str, config: str, **more):
    """A checkpoint of two encoders, or a classifier with such a configuration."""
    return lambda: getattr(tf, model)(
        getattr(tf, config)(text_config=TEXT, vision_config=PATCHES, projection_dim=16, **more)
    )


# Name: the model, the tokens before the patches, the tokens after them, the task.
LABELLED, PLAIN = "image-classification", "encoder"
FAMILIES = {
    "vit": (_kind("ViTForImageClassification", "ViTConfig", **LABELS), CLS, [], LABELLED),
    "deit": (_kind("DeiTForImageClassification", "DeiTConfig"), [*CLS, "[DIST]"], [], LABELLED),
    "deit-teacher": (
        _kind("DeiTForImageClassificationWithTeacher", "DeiTConfig", **LABELS),
        [*CLS, "[DIST]"],
        [],
        LABELLED,
    ),
    "siglip-vision": (_kind("SiglipVisionModel", "SiglipVisionConfig"), [], [], PLAIN),
    "siglip": (_two("SiglipModel", "SiglipConfig"), [], [], PLAIN),
    "siglip-labels": (
        _two("SiglipForImageClassification", "SiglipConfig", **LABELS),
        [],
        [],
        LABELLED,
    ),
    "clip-vision": (_kind("CLIPVisionModel", "CLIPVisionConfig"), CLS, [], PLAIN),
    "clip-projection": (_kind("CLIPVisionModelWithProjection", "CLIPVisionConfig"), CLS, [], PLAIN),
    "clip": (_two("CLIPModel", "CLIPConfig"), CLS, [], PLAIN),
    "clip-labels": (_two("CLIPForImageClassification", "CLIPConfig", **LABELS), CLS, [], LABELLED),
    "metaclip-2": (_two("MetaClip2ForImageClassification", "MetaClip2Config"), CLS, [], LABELLED),
    "ijepa": (_kind("IJepaModel", "IJepaConfig"), [], [], PLAIN),
    "ijepa-labels": (_kind("IJepaForImageClassification", "IJepaConfig"), [], [], LABELLED),
    "dinov2": (_kind("Dinov2ForImageClassification", "Dinov2Config", **LABELS), CLS, [], LABELLED),
    "dinov2-registers": (
        _kind(
            "Dinov2WithRegistersForImageClassification",
            "Dinov2WithRegistersConfig",
            num_register_tokens=2,
            **LABELS,
        ),
        [*CLS, "[REG0]", "[REG1]"],
        [],
        LABELLED,
    ),
    "dinov3": (
        _kind("DINOv3ViTModel", "DINOv3ViTConfig", num_register_tokens=2),
        [*CLS, "[REG0]", "[REG1]"],
        [],
        PLAIN,
    ),
    "beit": (
        _kind("BeitForImageClassification", "BeitConfig", use_relative_position_bias=True),
        CLS,
        [],
        LABELLED,
    ),
    "data2vec-vision": (_kind("Data2VecVisionModel", "Data2VecVisionConfig"), CLS, [], PLAIN),
    "vit-mae": (_kind("ViTMAEModel", "ViTMAEConfig", mask_ratio=0.75), CLS, [], PLAIN),
    "vit-msn": (_kind("ViTMSNForImageClassification", "ViTMSNConfig"), CLS, [], LABELLED),
    "yolos": (
        _kind("YolosModel", "YolosConfig", image_size=[12, 12], num_detection_tokens=2),
        CLS,
        ["[DET0]", "[DET1]"],
        PLAIN,
    ),
    "aimv2": (_kind("Aimv2VisionModel", "Aimv2VisionConfig"), [], [], PLAIN),
    "mlcd": (_kind("MLCDVisionModel", "MLCDVisionConfig"), CLS, [], PLAIN),
    "pixio": (_kind("PixioModel", "PixioConfig", n_cls_tokens=2), ["[CLS0]", "[CLS1]"], [], PLAIN),
    "radio": (
        _kind("RadioModel", "RadioConfig", num_registers=1, num_cls_tokens=1, summary_idxs=[0]),
        ["[EXTRA0]", "[EXTRA1]"],
        [],
        PLAIN,
    ),
    "chinese-clip": (_two("ChineseCLIPModel", "ChineseCLIPConfig"), CLS, [], PLAIN),
}
CLASSIFIERS = [name for name, row in FAMILIES.items() if row[3] == LABELLED]
WINDOWED = {
    "swin": lambda: tf.SwinModel(
        tf.SwinConfig(
            image_size=16, patch_size=2, embed_dim=8, window_size=2, depths=[1, 1], num_heads=[2, 4]
        )
    ),
    "swinv2": lambda: tf.Swinv2Model(
        tf.Swinv2Config(
            image_size=16, patch_size=2, embed_dim=8, window_size=2, depths=[1, 1], num_heads=[2, 4]
        )
    ),
    "pvt": lambda: tf.PvtForImageClassification(
        tf.PvtConfig(
            image_size=32,
            hidden_sizes=[8, 8, 8, 8],
            depths=[1, 1, 1, 1],
            num_attention_heads=[1, 1, 1, 1],
        )
    ),
    "segformer": lambda: tf.SegformerForImageClassification(
        tf.SegformerConfig(
            hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 1, 1]
        )
    ),
    "levit": lambda: tf.LevitForImageClassification(
        tf.LevitConfig(
            image_size=64,
            hidden_sizes=[16, 24, 32],
            num_attention_heads=[1, 1, 1],
            depths=[1, 1, 1],
            key_dim=[4, 4, 4],
        )
    ),
    "siglip2": lambda: tf.Siglip2VisionModel(
        tf.Siglip2VisionConfig(**SIZE, intermediate_size=48, patch_size=4, num_patches=9)
    ),
}


def picture(width: int = 12, height: int = 12) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(model, folder, **size):
    size = size or {"height": 12, "width": 12}
    tf.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    tf.ViTImageProcessorPil(size=size).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    @cache
    def made(name: str):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = FAMILIES[name][0]()
            _liven(model)
        return save(model, tmp_path_factory.mktemp("vision") / name)

    return made


@pytest.fixture(scope="module")
def loaded(folder):
    return cache(lambda name: ic.load_model(str(folder(name))))


def own_output(folder, image, **options):
    """What transformers itself gives for the same folder and picture."""
    config = tf.AutoConfig.from_pretrained(folder)
    kind = getattr(tf, config.architectures[0])
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    if hasattr(model, "get_image_features"):
        model = model.vision_model
    pixels = tf.AutoImageProcessor.from_pretrained(folder)(images=image, return_tensors="pt")
    if config.model_type == "vit_mae":
        model.config.mask_ratio = 0.0
        options["noise"] = torch.arange(9.0)[None]  # a mask that hides nothing, in order
    with torch.no_grad():
        return model(**pixels, output_attentions=True, output_hidden_states=True, **options)


@pytest.mark.parametrize("name", FAMILIES)
def test_maps_equal_the_models_own_and_tokens_have_their_true_names(folder, loaded, name):
    _, before, after, task = FAMILIES[name]
    model, image = loaded(name), picture()
    maps = ic.attention_maps(model, image)
    truth = torch.cat(own_output(folder(name), image).attentions).numpy()
    assert maps.weights.shape == truth.shape
    np.testing.assert_allclose(maps.weights, truth, rtol=0, atol=1e-6)
    np.testing.assert_allclose(maps.weights.sum(-1), 1, atol=1e-5)
    assert truth.std() > 0.05 / truth.shape[-1]  # uneven: a swapped head or axis would show
    assert maps.tokens == [*before, *GRID, *after]
    assert maps.special.tolist() == [True] * len(before) + [False] * 9 + [True] * len(after)
    assert (model.task, model.n_layers, model.n_heads) == (task, 2, 4)


@pytest.mark.parametrize("name", FAMILIES)
def test_vectors_are_those_of_the_patches(folder, loaded, name):
    _, before, _, _ = FAMILIES[name]
    model, image = loaded(name), picture()
    states = own_output(folder(name), image).hidden_states[1][0]
    patches = states[len(before) : len(before) + 9]
    found = ic.image_vectors(model, [image], layer=1, pooling="patch")
    np.testing.assert_allclose(found.values, patches, atol=1e-5)
    plain = ic.image_vectors(model, [image], layer=1)
    if any(each.startswith("[CLS") for each in before):
        np.testing.assert_allclose(plain.values[0], states[0], atol=1e-5)
        assert not plain.notes
    else:
        np.testing.assert_allclose(plain.values[0], patches.mean(0), atol=1e-5)
        assert "no class token" in plain.notes[0]
        with pytest.raises(ic.BadInput, match="no class token"):
            ic.image_vectors(model, [image], pooling="first")


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifiers_picture_is_explained_and_its_heads_counted(folder, loaded, name):
    model, image = loaded(name), picture()
    truth = own_output(folder(name), image).logits[0]
    for method in ("integrated_gradients", "occlusion", "attention_rollout", "attention_relevance"):
        found = ic.attribute_image(model, image, method=method)
        assert found.patches.shape == (3, 3)
        assert found.value == pytest.approx(float(truth.max()), abs=1e-4)
    heads = ic.image_head_statistics(model, [image])
    assert len(heads) == 8
    importance = ic.head_importance(model, [image, image[::-1].copy()])
    assert importance["importance"].gt(0).any()


def test_importance_by_ablation_is_known_for_models_of_pictures(loaded):
    table = ic.head_importance(loaded("clip-labels"), [picture()], method="ablation")
    assert len(table) == 8


def test_a_patch_is_the_square_that_its_name_says(folder, loaded):
    """Independently of the maps: only the square's own token changes before the first layer."""
    for name in ("deit-teacher", "ijepa-labels", "yolos"):
        model, changed = loaded(name), picture()
        changed[4:8, 8:12] = 255 - changed[4:8, 8:12]
        a, b = (
            ic.image_vectors(model, [each], layer=0, pooling="patch").values
            for each in (picture(), changed)
        )
        assert (a != b).any(1).nonzero()[0].tolist() == [GRID.index("1,2")]


@pytest.mark.parametrize("name", ["deit-teacher", "clip-labels", "ijepa-labels", "vit-mae"])
def test_trial_passes_end_before_the_first_layer_and_leave_nothing_behind(loaded, name):
    model = loaded(name).model
    told, before = loaded(name).layout.pictures, own_hooks(model)
    pixels = torch.randn(2, told.channels, *told.size, generator=torch.Generator().manual_seed(0))
    entry = vision._Entry(model, torch.zeros_like(pixels[:1]))
    assert entry._module is not None
    states = entry(pixels)
    with torch.no_grad():
        truth = model(pixel_values=pixels, output_hidden_states=True, return_dict=True)
    assert torch.equal(states, truth.hidden_states[0])
    assert len(truth.hidden_states) == loaded(name).n_layers + 1
    assert own_hooks(model) == before


def own_hooks(model) -> int:
    return sum(len(each._forward_pre_hooks) for each in model.modules())


def test_rounding_of_batches_is_not_taken_for_a_change_of_tokens(folder, monkeypatch):
    """Processors round one picture of a batch otherwise than the picture alone."""
    exact, noise = vision._Entry.__call__, torch.Generator().manual_seed(1)

    def rounded(entry, pixels, **changed):
        states = exact(entry, pixels, **changed)
        return states * (1 + 1e-6 * torch.randn(states.shape, generator=noise))

    monkeypatch.setattr(vision._Entry, "__call__", rounded)
    model = ic.load_model(str(folder("radio")))
    assert ic.attention_maps(model, picture()).tokens == ["[EXTRA0]", "[EXTRA1]", *GRID]


def test_both_heads_of_a_deit_with_teacher_count(folder, loaded):
    truth = own_output(folder("deit-teacher"), picture())
    found = ic.attribute_image(loaded("deit-teacher"), picture())
    mean = (truth.cls_logits + truth.distillation_logits)[0] / 2
    np.testing.assert_allclose(found.prediction.logits, mean, atol=1e-5)
    assert not torch.allclose(truth.cls_logits, truth.distillation_logits)


def test_a_masked_autoencoder_sees_the_whole_picture_every_time(loaded):
    first, second = (ic.attention_maps(loaded("vit-mae"), picture()).weights for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_text_part_of_two_encoders_is_not_taken_for_the_pictures(folder, loaded):
    """The weights are those of the vision part, not fresh ones."""
    whole = tf.CLIPModel.from_pretrained(folder("clip"))
    ours = loaded("clip").model.state_dict()
    theirs = whole.vision_model.state_dict()
    for name, value in theirs.items():
        found = next(each for key, each in ours.items() if key.endswith(name))
        torch.testing.assert_close(found, value)


@pytest.mark.parametrize("name", WINDOWED)
def test_windows_pyramids_and_loose_patches_are_refused_in_a_sentence(tmp_path, name):
    folder = save(WINDOWED[name](), tmp_path / name)
    with pytest.raises(ic.UnsupportedModel, match=r"Use a|Choose a"):
        ic.load_model(str(folder))


# ------------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    "name",
    [
        "vit",
        "deit-teacher",
        "siglip",
        "clip-labels",
        "ijepa",
        "vit-mae",
        "beit",
        "dinov2-registers",
    ],
)
@pytest.mark.parametrize("size", [(20, 20), (14, 21)])
def test_a_picture_of_another_size_gets_interpolated_positions(folder, tmp_path, name, size):
    high, wide = size
    kept = json.loads((folder(name) / "config.json").read_text())["architectures"][0]
    model = getattr(tf, kept).from_pretrained(folder(name))
    other = save(model, tmp_path / name, height=high, width=wide)
    rows, columns = high // 4, wide // 4
    model = ic.load_model(str(other))
    maps = ic.attention_maps(model, picture())
    _, before, after, _ = FAMILIES[name]
    names = [f"{row},{column}" for row in range(rows) for column in range(columns)]
    assert maps.tokens == [*before, *names, *after]
    asks = {} if name.startswith("dinov2") else {"interpolate_pos_encoding": True}
    if name == "vit-mae":
        truth = None
    else:
        truth = torch.cat(own_output(other, picture(), **asks).attentions)
        np.testing.assert_allclose(maps.weights, truth, rtol=0, atol=1e-6)
    if model.task == LABELLED:
        found = ic.attribute_image(model, picture(), method="occlusion")
        assert found.patches.shape == (rows, columns)
        fine = ic.attribute_image(model, picture())
        assert fine.pixels.shape == (rows * 4, columns * 4)
        np.testing.assert_allclose(
            fine.pixels.reshape(rows, 4, columns, 4).sum((1, 3)), fine.patches, atol=1e-6
        )


def test_a_model_that_cannot_interpolate_refuses_another_size_in_a_sentence(folder, tmp_path):
    model = tf.Aimv2VisionModel.from_pretrained(folder("aimv2"))
    other = save(model, tmp_path / "aimv2", height=20, width=20)
    with pytest.raises(ic.UnsupportedModel, match=r"20 × 20 pixels, and .* reads 12 × 12 only"):
        ic.attention_maps(ic.load_model(str(other)), picture())


def test_oblong_patches_and_pictures_keep_their_rows(tmp_path):
    config = tf.ViTConfig(**{**PATCHES, "image_size": (12, 20), "patch_size": (6, 4)})
    model = ic.load_model(str(save(tf.ViTModel(config), tmp_path / "vit", height=12, width=20)))
    maps = ic.attention_maps(model, picture())
    assert maps.tokens == [*CLS, *(f"{row},{column}" for row in range(2) for column in range(5))]


def test_pictures_of_different_sizes_go_through_together(folder, tmp_path):
    """Processors that keep the shape of a picture make different numbers of patches."""
    model = tf.Dinov2ForImageClassification.from_pretrained(folder("dinov2"))
    model.save_pretrained(tmp_path)
    tf.BitImageProcessorPil(do_center_crop=False, size={"shortest_edge": 12}).save_pretrained(
        tmp_path
    )
    model = ic.load_model(str(tmp_path))
    images = [picture(12, 12), picture(24, 12), picture(12, 12)]
    found = ic.image_vectors(model, images, pooling="patch")
    assert found.frame.groupby("picture").size().tolist() == [9, 18, 9]
    np.testing.assert_allclose(found.values[:9], found.values[-9:], atol=1e-5)
    assert len(ic.head_importance(model, images)) == 8


def test_what_is_laid_over_patches_is_what_the_model_sees(tmp_path, folder):
    """A processor that crops the middle: the picture's edge is not what the patches cover."""
    model = tf.CLIPVisionModel.from_pretrained(folder("clip-vision"))
    model.save_pretrained(tmp_path)
    tf.CLIPImageProcessorPil(
        size={"shortest_edge": 12}, crop_size={"height": 12, "width": 12}
    ).save_pretrained(tmp_path)
    image = picture(24, 12)
    seen = np.asarray(as_seen(ic.load_model(str(tmp_path)), image))
    np.testing.assert_array_equal(seen, image[:, 6:18])


def test_tokens_without_a_class_token_are_asked_by_patch_or_by_mean(loaded):
    maps = ic.attention_maps(loaded("siglip"), picture())
    with pytest.raises(ic.BadInput, match="no class token"):
        ic.patch_table(maps, maps.weights[0, 0])
    mean = ic.patch_table(maps, maps.weights[0, 0], "mean")["weight"]
    np.testing.assert_allclose(mean, maps.weights[0, 0].mean(0), atol=1e-6)


def test_a_text_model_reads_no_pictures(sentiment):
    with pytest.raises(ic.UnsupportedModel, match="reads text"):
        encode_image(sentiment, picture())


def test_pil_images_of_other_modes_are_read_as_in_files_or_refused(folder):
    model = ic.load_model(str(folder("vit")))
    grey = picture()[..., 0]
    (expected,) = encode_image(model, Image.fromarray(grey)).inputs.values()
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert torch.equal(encode_image(model, deep).inputs["pixel_values"], expected)
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    white = Image.new("RGB", (20, 20), "white")
    found = [encode_image(model, each).inputs["pixel_values"] for each in (clear, white)]
    assert torch.equal(*found)
    for unknown in (grey.astype(np.float32), grey.astype(np.int32)):
        with pytest.raises(ic.BadInput, match="Convert it to 8 bits"):
            encode_image(model, Image.fromarray(unknown))


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.uint16, np.int64])
def test_arrays_that_would_be_clipped_are_refused(folder, kind):
    model = ic.load_model(str(folder("vit")))
    for array in (picture().astype(kind), picture()[..., 0].astype(kind)):
        with pytest.raises(ic.BadInput, match="uint8"):
            ic.attention_maps(model, array)
