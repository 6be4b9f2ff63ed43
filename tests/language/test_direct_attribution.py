"""Direct logit attribution: by hand, the sum, and parts taken away one by one."""

import numpy as np
import pytest
import torch

import interp_core as ic
from tests import hand_made
from tests.needs import needs_language_model
from tests.tiny import TEXT

FAMILIES = (
    "gpt2",
    "gpt-neox",
    "gpt-neo",
    "opt",
    "llama",
    "qwen2",
    "qwen3",
    "mistral",
    "gemma",
    "gemma2",
    "gemma3",
    "gpt-oss",
)


def value(found: ic.LogitAttribution, kind: str, layer=None, head=None) -> float:
    parts = found.parts[found.parts["kind"] == kind]
    for name, wanted in (("layer", layer), ("head", head)):
        parts = parts[parts[name].isna() if wanted is None else parts[name] == wanted]
    assert len(parts) == 1
    return float(parts["value"].iloc[0])


def test_a_hand_made_model_comes_apart_as_it_was_made(tmp_path):
    rng = torch.Generator().manual_seed(1)
    table, places = torch.randn(6, 4, generator=rng), torch.randn(16, 4, generator=rng)
    by_mlp, by_attention = torch.randn(4, generator=rng), torch.randn(4, generator=rng)
    gain, shift = torch.rand(4, generator=rng) + 0.5, torch.randn(4, generator=rng)
    folder = hand_made.write(
        tmp_path / "model",
        transformer__wte__weight=table,
        transformer__wpe__weight=places,
        transformer__h__0__mlp__c_proj__bias=by_mlp,
        transformer__h__0__attn__c_proj__bias=by_attention,
        transformer__ln_f__weight=gain,
        transformer__ln_f__bias=shift,
    )
    found = ic.logit_attribution(ic.load_model(str(folder)), "a b c", target="d", contrast="e")
    whole = (table[3] + places[2] + by_mlp + by_attention).double()
    scale = (whole - whole.mean()).pow(2).mean().add(1e-5).sqrt()
    read = (table[4] - table[5]).double()

    def part(vector: torch.Tensor) -> float:
        vector = vector.double()
        return float((gain * (vector - vector.mean()) / scale) @ read)

    assert value(found, "embedding") == pytest.approx(part(table[3]), abs=1e-6)
    assert value(found, "position") == pytest.approx(part(places[2]), abs=1e-6)
    assert value(found, "mlp bias", 0) == pytest.approx(part(by_mlp), abs=1e-6)
    assert value(found, "attention bias", 0) == pytest.approx(part(by_attention), abs=1e-6)
    assert value(found, "norm bias") == pytest.approx(float(shift.double() @ read), abs=1e-6)
    assert value(found, "mlp", 0) == pytest.approx(0, abs=1e-9)
    assert value(found, "head", 0, 0) == value(found, "head", 0, 1) == 0
    assert found.residual_error < 1e-5
    assert found.label == "d rather than e"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", [None, 6])
def test_the_parts_add_up_to_the_models_logit(tiny_model, family, place):
    model = tiny_model(family)
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        logits = model.model(ids).logits[0].double()
    for target, contrast in ((None, None), (9, None), (9, 11)):
        found = ic.logit_attribution(model, TEXT, target=target, contrast=contrast, position=place)
        line = logits[found.position]
        wanted = line.max() if target is None else line[target]
        wanted = float(wanted - (0 if contrast is None else line[contrast]))
        assert found.residual_error < 1e-4
        assert found.capped == pytest.approx(wanted, abs=1e-5)
        assert found.parts["value"].sum() == pytest.approx(found.logit, abs=1e-4)
        if family != "gemma2":
            assert found.logit == pytest.approx(wanted, abs=1e-5)
    heads = found.parts[found.parts["kind"] == "head"]
    assert len(heads) == model.n_layers * model.n_heads


def test_a_soft_cap_is_undone_before_the_parts_are_summed(tiny_model):
    model = tiny_model("gemma2")
    found = ic.logit_attribution(model, TEXT)
    cap = model.model.config.final_logit_softcapping
    assert found.capped == pytest.approx(cap * np.tanh(found.logit / cap), abs=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt-neox"])
@pytest.mark.parametrize("head", [0, 3])
def test_taking_a_head_from_the_stream_takes_its_part_from_the_logit(tiny_model, family, head):
    """The norm's scale is held by hand: its input loses the head, its scale does not."""
    model = tiny_model(family)
    network = model.model
    found = ic.logit_attribution(model, TEXT, target=9)
    norm, projection, readout = {
        "gpt2": lambda m: (m.transformer.ln_f, m.transformer.h[-1].attn.c_proj, m.lm_head),
        "llama": lambda m: (m.model.norm, m.model.layers[-1].self_attn.o_proj, m.lm_head),
        "gpt-neox": lambda m: (
            m.gpt_neox.final_layer_norm,
            m.gpt_neox.layers[-1].attention.dense,
            m.get_output_embeddings(),
        ),
    }[family](network)
    seen = {}
    hooks = [
        norm.register_forward_pre_hook(lambda _, given: seen.update(norm=given[0][0])),
        projection.register_forward_pre_hook(lambda _, given: seen.update(heads=given[0][0])),
    ]
    ids = model.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        network(ids)
    for hook in hooks:
        hook.remove()
    x, outputs = seen["norm"][-1].double(), seen["heads"][-1].double()
    matrix = projection.weight.double()
    matrix = matrix if family == "gpt2" else matrix.T
    width = len(outputs) // model.n_heads
    span = slice(head * width, (head + 1) * width)
    away = outputs[span] @ matrix[span]
    if family != "llama":
        scale = (x - x.mean()).pow(2).mean().add(norm.eps).rsqrt()
        away = away - away.mean()
    else:
        scale = x.pow(2).mean().add(norm.variance_epsilon).rsqrt()
    lost = float((norm.weight.double() * away * scale) @ readout.weight[9].double())
    assert value(found, "head", model.n_layers - 1, head) == pytest.approx(lost, abs=1e-6)


def test_the_parts_of_a_difference_are_the_differences_of_the_parts(tiny_model):
    model = tiny_model("gpt2")
    one, other = (ic.logit_attribution(model, TEXT, target=number) for number in (9, 11))
    both = ic.logit_attribution(model, TEXT, target=9, contrast=11)
    apart = one.parts["value"] - other.parts["value"]
    assert both.parts["value"].to_numpy() == pytest.approx(apart.to_numpy(), abs=1e-6)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_weights_of_16_bits_are_read_and_their_rounding_is_told(tiny, tiny_model, family):
    model = ic.load_model(str(tiny(family)), dtype="bfloat16")
    found = ic.logit_attribution(model, TEXT, target=9)
    fine = ic.logit_attribution(tiny_model(family), TEXT, target=9)
    assert 0 < found.residual_error < 0.1
    assert found.parts["value"].to_numpy() == pytest.approx(fine.parts["value"], abs=0.1)


@pytest.mark.parametrize("family", ["bert-masked-lm", "jamba", "t5", "bert-2-labels"])
def test_other_architectures_are_refused_in_words(tiny_model, family):
    with pytest.raises(ic.UnsupportedModel):
        ic.logit_attribution(tiny_model(family), TEXT)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "no such token"}, "not one token"),
        ({"target": 9, "contrast": 9}, "target itself"),
        ({"position": 999}, "does not exist"),
        ({"target": 10**7}, "number below"),
    ],
)
def test_a_mistake_gets_a_sentence(tiny_model, options, said):
    with pytest.raises(ic.BadInput, match=said):
        ic.logit_attribution(tiny_model("gpt2"), TEXT, **options)


@needs_language_model
def test_the_language_models_parts_add_up():
    model = ic.load_model("language-model")
    text = "When Mary and John went to the store, John gave a drink to"
    found = ic.logit_attribution(model, text, target=" Mary", contrast=" John")
    assert found.residual_error < 1e-4
    assert found.logit > 1
    assert len(found.parts) == 1 + 30 * (9 + 1)
