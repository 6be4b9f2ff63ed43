"""Every family loads with its true layout, and its maps are the model's own eager attentions.

The reference is always a plain transformers call on the same folder: the class that the
configuration names, loaded apart from Clearhead.
"""

import dataclasses

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

import interp_core as ic
from tests.tiny import FAMILIES, TEXT, WITHOUT_MAPS

OTHER = "Where does it look?"
LONGER = f"{TEXT} {OTHER}"[:95]
EXACT = 1e-6

# task, layers, heads, causal, key-value heads, windows, number of labels
EXPECTED = {
    "bert": ("encoder", 2, 4, False, 4, (None, None), 0),
    "bert-2-labels": ("sequence-classification", 2, 4, False, 4, (None, None), 2),
    "bert-5-labels": ("sequence-classification", 2, 4, False, 4, (None, None), 5),
    "bert-token-labels": ("token-classification", 2, 4, False, 4, (None, None), 3),
    "bert-masked-lm": ("masked-lm", 2, 4, False, 4, (None, None), 0),
    "distilbert": ("sequence-classification", 2, 4, False, 4, (None, None), 2),
    "roberta": ("masked-lm", 2, 4, False, 4, (None, None), 0),
    "albert": ("encoder", 3, 4, False, 4, (None, None, None), 0),
    "electra": ("sequence-classification", 2, 4, False, 4, (None, None), 2),
    "deberta-v2": ("token-classification", 2, 4, False, 4, (None, None), 2),
    # local_attention=6 sees 3 tokens on each side, so |i - j| < 4.
    "modernbert": ("masked-lm", 3, 4, False, 4, (None, 4, 4), 0),
    "gpt2": ("causal-lm", 2, 4, True, 4, (None, None), 0),
    "gpt-neox": ("causal-lm", 2, 4, True, 4, (None, None), 0),
    "gpt-neo": ("causal-lm", 2, 4, True, 4, (None, 4), 0),
    "opt": ("causal-lm", 2, 4, True, 4, (None, None), 0),
    "llama": ("causal-lm", 2, 4, True, 2, (None, None), 0),
    "qwen2": ("causal-lm", 2, 4, True, 2, (None, 3), 0),
    "qwen3": ("causal-lm", 2, 4, True, 2, (None, None), 0),
    "mistral": ("causal-lm", 2, 4, True, 2, (4, 4), 0),
    "gemma": ("causal-lm", 2, 4, True, 2, (None, None), 0),
    "gemma2": ("causal-lm", 2, 4, True, 2, (4, None), 0),
    "gemma3": ("causal-lm", 3, 4, True, 1, (5, None, 5), 0),
    "gpt-oss": ("causal-lm", 2, 4, True, 2, (4, None), 0),
    "t5": ("encoder-decoder", 2, 4, False, 4, (None, None), 0),
    "bart": ("encoder-decoder", 2, 2, False, 2, (None, None), 0),
    "vit": ("image-classification", 2, 4, False, 4, (None, None), 3),
    "jamba": ("causal-lm", 6, 4, True, 2, (None,) * 6, 0),
}
ATTENTION_LAYERS = {"jamba": (1, 4)}  # attn_layer_period=3, attn_layer_offset=1
SEQ2SEQ = ["t5", "bart"]
ONE_STACK = [name for name in EXPECTED if name not in (*SEQ2SEQ, "vit")]
CAUSAL = [name for name, row in EXPECTED.items() if row[3]]
WINDOWED = [name for name, row in EXPECTED.items() if any(row[5])]


def reference(folder):
    """The model and tokenizer as a transformers user would load them."""
    config = transformers.AutoConfig.from_pretrained(folder)
    kind = getattr(transformers, config.architectures[0])
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder)


@torch.no_grad()
def own_attentions(folder, *texts):
    model, tokenizer = reference(folder)
    output = model(**tokenizer(*texts, return_tensors="pt"), output_attentions=True)
    return torch.stack([a[0] for a in output.attentions if a is not None]).numpy()


def test_every_tiny_family_is_expected_or_has_no_maps():
    assert {*EXPECTED, *WITHOUT_MAPS} == set(FAMILIES)


@pytest.mark.parametrize("family", EXPECTED)
def test_layout_is_the_architectures(tiny_model, family):
    model = tiny_model(family)
    task, layers, heads, causal, kv_heads, windows, labels = EXPECTED[family]
    assert (model.task, model.n_layers, model.n_heads) == (task, layers, heads)
    assert (model.layout.causal, model.layout.kv_heads) == (causal, kv_heads)
    assert model.layout.windows == windows
    assert len(model.labels) == labels
    assert model.layout.attention_layers == ATTENTION_LAYERS.get(family, tuple(range(layers)))
    assert model.backend == "eager"
    assert model.notes == ()
    assert not model.model.training


def test_label_names_keep_the_order_of_their_numbers(tiny_model):
    assert tiny_model("bert-5-labels").labels == tuple(f"class {n}" for n in range(5))


@pytest.mark.parametrize(("head", "group"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_two_query_heads_share_each_of_two_key_value_heads(tiny_model, head, group):
    assert tiny_model("llama").layout.kv_group(head) == group


@pytest.mark.parametrize("family", WITHOUT_MAPS)
def test_models_without_maps_are_refused_in_words(tiny, family):
    with pytest.raises(ic.UnsupportedModel, match=f"{family} models .* (Choose|Use) a"):
        ic.load_model(str(tiny(family)))


@pytest.mark.parametrize("family", ONE_STACK)
def test_maps_equal_the_models_own_attentions(tiny, tiny_model, family):
    maps = ic.attention_maps(tiny_model(family), TEXT)
    truth = own_attentions(tiny(family), TEXT)
    assert maps.weights.dtype == np.float32
    assert maps.weights.shape == truth.shape
    np.testing.assert_allclose(maps.weights, truth, rtol=0, atol=EXACT)
    assert truth.std() > 0.2 / truth.shape[-1]  # uneven: a swapped head or axis would show
    assert maps.layer_numbers == tiny_model(family).layout.attention_layers
    assert len(maps.tokens) == len(maps.word_ids) == len(maps.special) == truth.shape[-1]


@pytest.mark.parametrize("family", [name for name in ONE_STACK if name != "gpt-oss"])
def test_rows_sum_to_one(tiny_model, family):
    sums = ic.attention_maps(tiny_model(family), TEXT).weights.sum(-1)
    np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_rows_of_a_model_with_attention_sinks_sum_to_less_than_one(tiny_model):
    sums = ic.attention_maps(tiny_model("gpt-oss"), TEXT).weights.sum(-1)
    assert sums.max() <= 1 + EXACT
    assert sums.mean() < 0.95


@pytest.mark.parametrize("family", CAUSAL)
def test_causal_maps_are_lower_triangular(tiny_model, family):
    weights = ic.attention_maps(tiny_model(family), TEXT).weights
    assert not np.triu(weights, 1).any()


@pytest.mark.parametrize(
    "family", [n for n, row in EXPECTED.items() if n in ONE_STACK and not row[3]]
)
def test_encoders_look_ahead(tiny_model, family):
    assert np.triu(ic.attention_maps(tiny_model(family), TEXT).weights, 1).any()


@pytest.mark.parametrize("family", WINDOWED)
def test_queries_see_exactly_the_keys_within_the_window(tiny_model, family):
    model = tiny_model(family)
    maps = ic.attention_maps(model, TEXT)
    size = len(maps.tokens)
    distance = np.arange(size)[:, None] - np.arange(size)
    for layer, width in enumerate(EXPECTED[family][5]):
        allowed = np.abs(distance) < (width or size)
        if model.layout.causal:
            allowed &= distance >= 0
        seen = maps.weights[layer].max(0) > 0  # by any head
        np.testing.assert_array_equal(seen, allowed)
        assert width is None or width < size


@pytest.mark.parametrize("family", ONE_STACK)
def test_padding_never_leaks(tiny, tiny_model, family):
    """The map of a text alone is its block of the map in a right-padded batch."""
    model, tokenizer = reference(tiny(family))
    tokenizer.padding_side = "right"
    batch = tokenizer([OTHER, LONGER], return_tensors="pt", padding=True)
    with torch.no_grad():
        output = model(**batch, output_attentions=True)
    alone = ic.attention_maps(tiny_model(family), OTHER).weights
    size = alone.shape[-1]
    assert int(batch["attention_mask"][0].sum()) == size < batch["input_ids"].shape[1]
    block = [a[0, :, :size, :size] for a in output.attentions if a is not None]
    np.testing.assert_allclose(alone, torch.stack(block).numpy(), rtol=0, atol=EXACT)


@pytest.mark.parametrize("family", ["bert", "albert", "roberta", "modernbert"])
def test_text_pairs_are_one_sequence_with_the_right_segments(tiny, tiny_model, family):
    model = tiny_model(family)
    maps = ic.attention_maps(model, OTHER, "A model looks.")
    np.testing.assert_allclose(
        maps.weights, own_attentions(tiny(family), OTHER, "A model looks."), rtol=0, atol=EXACT
    )
    segments = [s for s in maps.queries.segments if s is not None]
    assert segments == sorted(segments)
    assert set(segments) == {0, 1}
    assert [s is None for s in maps.queries.segments] == list(maps.special)


def test_second_text_of_a_pair_has_segment_id_one(tiny_model):
    from interp_core.inputs.tokens import encode

    encoded = encode(tiny_model("bert"), "A model", "looks inside")
    # [CLS] a model [SEP] looks inside [SEP]
    assert encoded.inputs["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 1]]
    assert encoded.sequence.segments == (None, 0, 0, None, 1, 1, None)
    assert encoded.sequence.word_ids == (None, 0, 1, None, 2, 3, None)


def test_segment_ids_that_a_model_has_no_argument_for_are_left_out(tiny_model):
    from interp_core.inputs.tokens import encode

    inputs = encode(tiny_model("distilbert"), "A model").inputs
    assert set(inputs) == {"input_ids", "attention_mask"}


# ------------------------------------------------------------------------------ encoder-decoder


def decoder_reference(folder, target_ids):
    model, tokenizer = reference(folder)
    with torch.no_grad():
        return model(
            **tokenizer(TEXT, return_tensors="pt"),
            decoder_input_ids=target_ids,
            output_attentions=True,
        )


def assert_three_sets(maps, truth):
    for ours, theirs in (
        (maps.encoder, truth.encoder_attentions),
        (maps.decoder, truth.decoder_attentions),
        (maps.cross, truth.cross_attentions),
    ):
        np.testing.assert_allclose(ours.weights, torch.cat(theirs).numpy(), rtol=0, atol=EXACT)
        assert ours.weights.shape[2:] == (len(ours.tokens), len(ours.key_tokens))
        np.testing.assert_allclose(ours.weights.sum(-1), 1, atol=1e-5)


@pytest.mark.parametrize("family", SEQ2SEQ)
def test_decoder_reads_the_given_target_shifted_right(tiny, tiny_model, family):
    model, tokenizer = reference(tiny(family))
    labels = tokenizer(text_target=OTHER, return_tensors="pt")["input_ids"]
    with torch.no_grad():  # transformers itself shifts labels to the right
        truth = model(**tokenizer(TEXT, return_tensors="pt"), labels=labels, output_attentions=True)
    maps = ic.attention_maps(tiny_model(family), TEXT, OTHER)
    assert_three_sets(maps, truth)
    assert maps.queries.ids[0] != model.config.decoder_start_token_id or family == "bart"
    assert maps.decoder.queries.ids[0] == model.config.decoder_start_token_id
    assert maps.decoder.queries.ids[1:].tolist() == labels[0, :-1].tolist()
    assert not np.triu(maps.decoder.weights, 1).any()


def test_decoder_may_have_other_layers_and_heads_and_cross_maps_are_rectangular(tiny_model):
    maps = ic.attention_maps(tiny_model("bart"), TEXT, OTHER)
    source, target = len(maps.encoder.tokens), len(maps.decoder.tokens)
    assert maps.encoder.weights.shape == (2, 2, source, source)
    assert maps.decoder.weights.shape == (3, 4, target, target)
    assert maps.cross.weights.shape == (3, 4, target, source)
    assert source != target
    assert maps.cross.key_tokens == maps.encoder.tokens
    assert maps.cross.tokens == maps.decoder.tokens
    np.testing.assert_array_equal(maps.weights, maps.encoder.weights)
    layout = tiny_model("bart").layout
    assert (layout.decoder_layers, layout.decoder_heads) == (3, 4)


@pytest.mark.parametrize("family", SEQ2SEQ)
def test_without_a_target_the_decoder_reads_its_own_greedy_continuation(tiny, tiny_model, family):
    maps = ic.attention_maps(tiny_model(family), TEXT)
    ids = torch.tensor(maps.decoder.queries.ids)[None]
    truth = decoder_reference(tiny(family), ids)
    assert_three_sets(maps, truth)
    assert 2 < ids.shape[1] <= 25
    # Greedy: each token but a forced last one is the likeliest after those before it.
    assert ids[0, 1:-1].tolist() == truth.logits[0, :-2].argmax(-1).tolist()


def test_generation_settings_of_the_checkpoint_do_not_matter(tiny, tmp_path):
    """A summariser's generation_config.json asks for beams and at least 56 tokens."""
    import json
    import shutil

    folder = shutil.copytree(tiny("bart"), tmp_path / "summariser")
    path = folder / "generation_config.json"
    settings = json.loads(path.read_text())
    settings |= {
        "num_beams": 4,
        "min_length": 56,
        "max_length": 142,
        "num_return_sequences": 2,
        "return_dict_in_generate": True,
        "length_penalty": 2.0,
    }
    path.write_text(json.dumps(settings))
    maps = ic.attention_maps(ic.load_model(str(folder)), TEXT)
    plain = ic.attention_maps(ic.load_model(str(tiny("bart"))), TEXT)
    assert maps.decoder.tokens == plain.decoder.tokens


# --------------------------------------------------------------------------------------- images


def picture(width=30, height=20):
    values = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_image_maps_equal_the_models_own_attentions(tiny, tiny_model, mode):
    image = picture().convert(mode)
    folder = tiny("vit")
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    kind = transformers.ViTForImageClassification
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        output = model(
            **processor(image.convert("RGB"), return_tensors="pt"), output_attentions=True
        )
    maps = ic.attention_maps(tiny_model("vit"), image)
    np.testing.assert_allclose(maps.weights, torch.cat(output.attentions), rtol=0, atol=EXACT)
    assert maps.tokens == ["[CLS]", *(f"{row},{column}" for row in range(3) for column in range(3))]
    assert maps.special.tolist() == [True] + [False] * 9


def test_an_array_is_read_as_the_picture_it_holds(tiny_model):
    image = picture()
    ours = ic.attention_maps(tiny_model("vit"), np.asarray(image)).weights
    again = ic.attention_maps(tiny_model("vit"), image).weights
    np.testing.assert_allclose(ours, again, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    ["a text", None, np.zeros((4, 4, 7)), np.zeros((0, 5, 3), np.uint8), np.zeros(3, complex)],
)
def test_what_is_no_picture_is_refused_in_words(tiny_model, wrong):
    with pytest.raises(ic.BadInput, match="image"):
        ic.attention_maps(tiny_model("vit"), wrong)


def test_maps_with_tokens_that_have_no_name_are_refused(tiny_model):
    """A model that adds tokens of its own would shift every label by one."""
    model = tiny_model("vit")
    told = dataclasses.replace(model.layout.pictures, before=("[CLS]", "[REG0]", "[REG1]"))
    wrong = dataclasses.replace(model.layout, pictures=told)  # this model has no registers
    with pytest.raises(ic.UnsupportedModel, match="10 tokens for an input of 12"):
        ic.attention_maps(dataclasses.replace(model, layout=wrong), picture())


# ------------------------------------------------------------------------------- cost and errors


def count_passes(module, work):
    calls = []
    hook = module.register_forward_hook(lambda *_: calls.append(1))
    try:
        work()
    finally:
        hook.remove()
    return len(calls)


@pytest.mark.parametrize("family", [*ONE_STACK, "vit"])
def test_maps_cost_one_forward_pass(tiny_model, family):
    model = tiny_model(family)
    source = picture() if family == "vit" else TEXT
    assert count_passes(model.model, lambda: ic.attention_maps(model, source)) == 1


@pytest.mark.parametrize("family", SEQ2SEQ)
def test_encoder_decoder_maps_of_a_given_target_cost_one_forward_pass(tiny_model, family):
    model = tiny_model(family)
    assert count_passes(model.model, lambda: ic.attention_maps(model, TEXT, OTHER)) == 1


def test_maps_that_would_not_fit_in_memory_are_refused(tiny_model, monkeypatch):
    from interp_core.attention import compute

    # 8 planes of 4 bytes: 20 tokens need 12,800 bytes, and 19 tokens 11,552.
    monkeypatch.setattr(compute, "MAX_MAP_BYTES", 11_552)
    with pytest.raises(ic.InputTooLong, match="at most 19 tokens fit"):
        ic.attention_maps(tiny_model("bert"), TEXT)


def test_decoder_and_cross_maps_count_towards_the_memory(tiny_model, monkeypatch):
    from interp_core.attention import compute

    model = tiny_model("bart")
    planes = 2 * 2 + 3 * 4 + 3 * 4  # encoder, decoder, cross
    monkeypatch.setattr(compute, "MAX_MAP_BYTES", planes * 10**2 * 4)
    compute.check_map_memory(model, 10)
    with pytest.raises(ic.InputTooLong, match="at most 10 tokens"):
        compute.check_map_memory(model, 11)


def test_half_precision_models_give_float32_maps(tiny):
    model = ic.load_model(str(tiny("bert")), dtype="bfloat16")
    plain, tokenizer = reference(tiny("bert"))
    with torch.no_grad():
        output = plain.bfloat16()(**tokenizer(TEXT, return_tensors="pt"), output_attentions=True)
    maps = ic.attention_maps(model, TEXT)
    assert (model.dtype, maps.weights.dtype) == ("bfloat16", np.float32)
    np.testing.assert_allclose(maps.weights, torch.cat(output.attentions).float(), atol=1e-6)
