"""Patching against a slow loop over plain transformers, and what must hold whatever the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.inputs.tokens import encode
from interp_core.interventions import patching
from interp_core.interventions.question import encode_question
from interp_core.interventions.running import Change, Runner
from interp_core.models.architecture import is_linear, stack_parts
from tests.interventions.families import FAMILIES, inputs_of, part, plain
from tests.tiny import FAMILIES as ALL
from tests.tiny import WITHOUT_MAPS


def first(output):
    return output if torch.is_tensor(output) else output[0]


def put(output, new):
    return new if torch.is_tensor(output) else (new, *output[1:])


def slow(folder, family, clean, corrupt, site, read, heads=4):
    """One pass for each patch, with hooks on a plain network. `read` takes the output."""
    network, kept, found = plain(folder), {}, []
    name = {"stream": "block", "mlp": "mlp", "heads": "projection", "value": "values"}[site]
    modules = [part(network, family, layer, name) for layer in range(2)]
    run = torch.no_grad()(lambda inputs: float(read(network(**inputs))))

    def hooked(module, hook):
        if site == "heads":
            return module.register_forward_pre_hook(lambda m, given: hook(m, given, given[0]))
        return module.register_forward_hook(hook)

    handles = [
        hooked(m, lambda m, _given, out: kept.__setitem__(m, first(out).clone())) for m in modules
    ]
    source = run(clean)
    [each.remove() for each in handles]
    base = run(corrupt)
    for module in modules:
        size = kept[module].shape[1]
        count = size if site in ("stream", "mlp") else heads
        row = []
        for place in range(count):

            def hook(m, _given, out, place=place, count=count):
                new = first(out).clone()
                if site in ("stream", "mlp"):
                    new[:, place] = kept[m][:, place]
                else:
                    width = new.shape[-1] // count
                    part = slice(place * width, (place + 1) * width)
                    new[..., part] = kept[m][..., part]
                return (new,) if site == "heads" else put(out, new)

            handle = hooked(module, hook)
            row.append((run(corrupt) - base) / (source - base))
            handle.remove()
        found.append(row)
    return np.array(found)


def noise(found) -> float:
    """What float32 leaves of a logit, as an effect."""
    return 1e-5 + 4e-6 / abs(found.clean - found.corrupt)


@pytest.mark.parametrize(
    ("family", "site"),
    [
        *[(family, "stream") for family in FAMILIES],
        *[(family, "heads") for family in ("bert-2-labels", "deberta-v2", "gpt2", "gemma", "t5")],
        *[(family, "mlp") for family in ("distilbert", "llama", "t5", "vit")],
        ("bert-2-labels", "value"),
        ("deberta-v2", "value"),
    ],
)
def test_effects_are_those_of_a_slow_loop(tiny, tiny_model, family, site):
    model = tiny_model(family)
    clean, corrupt = inputs_of(model)
    found = ic.patch(model, clean, corrupt, site=site, target=TARGETS.get(family))
    one, two = (encode_question(model, given, None) for given in (clean, corrupt))
    index = NUMBERS.get(family)

    def read(output):
        line = output.logits[0]
        line = line[-1] if model.task in ("causal-lm", "encoder-decoder") else line
        line = line[1] if model.task == "token-classification" else line
        return line[index if index is not None else answer]

    with torch.no_grad():
        line = plain(tiny(family))(**one.inputs).logits[0]
    line = line[-1] if model.task in ("causal-lm", "encoder-decoder") else line
    answer = int((line[1] if model.task == "token-classification" else line).argmax())
    truth = slow(tiny(family), family, one.inputs, two.inputs, site, read)
    np.testing.assert_allclose(found.effects, truth, atol=noise(found))
    assert np.abs(truth).max() > 0.01


TARGETS = {"gemma": 20}  # its own answer hardly moves between the two texts
NUMBERS = {"gemma": 20}
SKIPPED = ("bert", "albert")  # without a head there is no answer


@pytest.mark.parametrize("family", [name for name in ALL if name not in (*WITHOUT_MAPS, *SKIPPED)])
def test_all_parts_of_a_layer_restore_1_and_the_own_states_change_nothing(tiny_model, family):
    model = tiny_model(family)
    clean, corrupt = inputs_of(model)
    position = 3 if model.task == "masked-lm" else None
    options = {"position": position, "target": TARGETS.get(family)}
    for direction in patching.DIRECTIONS:
        found = ic.patch(model, clean, corrupt, direction=direction, **options)
        np.testing.assert_allclose(found.together, 1, atol=noise(found))
        if model.task != "encoder-decoder":  # there the decoder reads all of them
            (where,) = patching_reads(model, position)
            assert found.effects[-1, where] == pytest.approx(1, abs=10 * noise(found))
    identity(model, corrupt)


def patching_reads(model, position):
    """The token that the answer reads after the last layer."""
    if model.task in ("sequence-classification", "image-classification"):
        return [0]
    if model.task == "causal-lm":
        return [-1]
    return [1 if position is None else position]


def identity(model, given):
    """Every site filled with the run's own states, with the shortcut and without."""
    encoded = encode_question(model, given, None)
    runner = Runner(model, encoded.inputs, len(encoded.sequence))
    with torch.no_grad():
        base = runner.record()
        truth = base.output.logits
        for site in ("stream", "heads", "mlp", "query", "key", "value"):
            layer = runner.parts.attention[-1].layer
            parts = runner.slots(site, layer, base.at(site, layer)).shape[2]
            mask = torch.ones(2, runner.tokens, parts, dtype=torch.bool)
            mask[1, ::2] = False
            for shortcut in (True, False):
                output = runner.run(Change(site, layer, mask, base, base, shortcut))
                torch.testing.assert_close(
                    output.logits, truth.expand_as(output.logits), rtol=1e-5, atol=1e-5
                )


@pytest.mark.parametrize("family", [name for name in ALL if name not in WITHOUT_MAPS])
def test_the_mlp_is_the_last_linear_map_that_runs_in_a_block(tiny_model, family):
    model = tiny_model(family)
    parts = stack_parts(model)
    path = parts.mlps[0]
    if not is_linear(model.model.get_submodule(path)):
        return  # found by its name
    encoded = encode_question(model, inputs_of(model)[0], None)
    runner = Runner(model, encoded.inputs, len(encoded.sequence))
    with torch.no_grad():
        calls = runner.record().calls[0]
    assert calls[max(calls)].module is runner.network.get_submodule(path)


def test_what_stands_before_the_change_in_a_causal_model_has_no_effect(tiny_model):
    model = tiny_model("llama")
    clean, corrupt = inputs_of(model)
    found = ic.patch(model, clean, corrupt)
    assert found.changed
    assert not found.effects[:, : found.changed[0]].any()


def test_the_estimate_is_the_gradient_times_the_difference(tiny, tiny_model):
    model, network = tiny_model("bert-2-labels"), plain(tiny("bert-2-labels"))
    clean, corrupt = inputs_of(model)
    found = ic.patch(model, clean, corrupt, target=1, method="gradient")
    assert found.together is None
    one, two = (encode(model, text).inputs for text in (clean, corrupt))
    source = network(**one, output_hidden_states=True)
    base = network(**two, output_hidden_states=True)
    slopes = torch.autograd.grad(base.logits[0, 1], base.hidden_states[1:])
    change = float(source.logits[0, 1] - base.logits[0, 1])
    for layer, slope in enumerate(slopes):
        moved = source.hidden_states[layer + 1] - base.hidden_states[layer + 1]
        truth = (moved * slope).sum(-1)[0].detach().numpy() / change
        np.testing.assert_allclose(found.effects[layer], truth, atol=1e-5)
    exact = ic.patch(model, clean, corrupt, target=1)
    assert ic.patching_agreement(exact, found)["correlation"] > 0.5


def test_measures_and_directions(sentiment):
    clean, corrupt = "The plot is not bad.", "The plot is so bad."
    restored = ic.patch(sentiment, clean, corrupt, target="positive", contrast="negative")
    destroyed = ic.patch(sentiment, clean, corrupt, measure="probability", direction="destroy")
    answer = ic.attribute(sentiment, clean, method="saliency").prediction.to_frame()
    logits = answer.set_index("label")["logit"]
    assert restored.clean == pytest.approx(logits["positive"] - logits["negative"], abs=1e-5)
    chance = answer.set_index("label")["probability"]["positive"]
    assert destroyed.clean == pytest.approx(chance, abs=1e-6)
    assert destroyed.label == "positive"
    assert destroyed.effects[-1, 0] == pytest.approx(1, abs=1e-5)
    frame = restored.to_frame()
    assert list(frame) == ["layer", "position", "token", "effect"]
    assert frame.loc[restored.changed[0], "token"] == "4: not / so"


def test_a_group_of_positions_is_patched_together(tiny_model):
    model = tiny_model("vit")
    clean, corrupt = inputs_of(model)
    region = ic.patch(model, clean, corrupt, positions=[range(1, 10), 0])
    assert region.effects.shape == (2, 2)
    single = ic.patch(model, clean, corrupt)
    np.testing.assert_allclose(region.effects[:, 1], single.effects[:, 0], atol=1e-6)


@pytest.mark.parametrize("family", ["bert-2-labels", "distilbert", "gpt2", "t5", "jamba"])
def test_sites_that_share_passes_have_the_effects_that_each_has_alone(tiny_model, family):
    model = tiny_model(family)
    pair, sites = inputs_of(model), ("stream", "heads", "mlps", "key", "mlp", "heads_by_position")
    found = ic.patch_sites(model, *pair, sites, positions=[0, 3])
    for site, each in found.items():
        alone = ic.patch(model, *pair, site=site, positions=[0, 3])
        assert each.effects.shape == alone.effects.shape
        np.testing.assert_allclose(each.effects, alone.effects, atol=noise(alone))
    np.testing.assert_allclose(found["mlps"].effects, found["mlp"].together, atol=noise(alone))
    assert list(found["mlps"].to_frame()) == ["layer", "effect"]
    whole = ic.patch(model, *pair, site="mlp", method="gradient", positions=None).effects.sum(1)
    estimate = ic.patch(model, *pair, site="mlps", method="gradient")
    np.testing.assert_allclose(estimate.effects, whole, atol=noise(estimate))


def test_heads_by_position_add_up_where_the_sites_agree(sentiment):
    pair = ("The plot is not bad.", "The plot is so bad.")
    found = ic.patch(sentiment, *pair, site="heads_by_position", positions=[0, 4])
    whole = ic.patch(sentiment, *pair, site="heads")
    assert found.effects.shape == (6, 12, 2)
    np.testing.assert_allclose(found.together, whole.together, atol=1e-5)
    # After the last layer only [CLS] is read: its position is the whole head.
    np.testing.assert_allclose(found.effects[-1, :, 0], whole.effects[-1], atol=1e-5)
    assert set(found.to_frame()) == {"layer", "head", "position", "token", "effect"}


def test_texts_that_cannot_be_compared_are_refused(sentiment):
    with pytest.raises(ic.BadInput, match=r"“not” \(1\).*aligned_pair"):
        ic.patch(sentiment, "It is not bad.", "It is bad.")
    with pytest.raises(ic.BadInput, match="nearly the same"):
        ic.patch(sentiment, "It is bad.", "It is bad.")
    with pytest.raises(ic.BadInput, match="site must be one of"):
        ic.patch(sentiment, "It is good.", "It is bad.", site="neurons")
    with pytest.raises(ic.UnsupportedModel, match="no attention"):
        ic.patch(ic.load_model("sentiment-lstm"), "It is good.", "It is bad.")


def test_suggested_changes_keep_the_number_of_tokens(sentiment):
    for text in ("The plot is not bad.", "John and Mary met, and John left. I loved it."):
        size = len(encode(sentiment, text).sequence)
        found = ic.suggest_changes(sentiment, text)
        assert found
        assert all(len(encode(sentiment, each.text).sequence) == size for each in found)
        assert all(each.text != text for each in found)
    assert "The plot is so bad." in [
        each.text for each in ic.suggest_changes(sentiment, "The plot is not bad.")
    ]
    swapped = ic.suggest_changes(sentiment, "When Mary and John met, John gave")
    assert swapped[0].text == "When Mary and John met, Mary gave"


def test_texts_of_different_lengths_can_be_aligned(sentiment):
    assert ic.aligned_pair(sentiment, "It is not bad.", "It is bad.") == (
        "It is not bad.",
        "It is so bad.",
    )
    one, two = ic.aligned_pair(sentiment, "Good.", "It was really not so good at all.")
    assert len(encode(sentiment, one).sequence) == len(encode(sentiment, two).sequence)
