"""Gradient importance is the derivative with respect to a gate; ablation zeroes the head's slice.

The reference acts on a model loaded apart from Clearhead, one head and one text at a time.
"""

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from PIL import Image

import interp_core as ic
from interp_core.heads import ablation
from interp_core.heads.ablation import GatedModel
from interp_core.heads.importance import judged_whole
from interp_core.heads.objective import input_batches
from tests.tiny_tokenizers import SENTENCES

TEXTS = [*SENTENCES[:3], "A model again!"]
OUTPUTS = {
    "bert-2-labels": "bert.encoder.layer.{}.attention.output.dense",
    "gpt2": "transformer.h.{}.attn.c_proj",
    "llama": "model.layers.{}.self_attn.o_proj",
    "vit": "vit.layers.{}.attention.o_proj",
}
FAMILIES = list(OUTPUTS)


def pictures():
    chance = np.random.default_rng(0)
    return [Image.fromarray(chance.integers(0, 255, (12, 12, 3), dtype=np.uint8)) for _ in range(3)]


def things(family):
    return pictures() if family == "vit" else TEXTS


class Reference:
    """A plain transformers model with a gate on one head, by a hook of its own."""

    def __init__(self, folder, family):
        kind = transformers.AutoConfig.from_pretrained(folder).architectures[0]
        self.model = getattr(transformers, kind).from_pretrained(
            folder, attn_implementation="eager"
        )
        self.model.eval()
        self.family = family
        load = transformers.AutoImageProcessor if family == "vit" else transformers.AutoTokenizer
        self.tools = load.from_pretrained(folder)
        modules = dict(self.model.named_modules())
        path = OUTPUTS[family]
        if family == "vit" and path.format(0) not in modules:
            path = next(n for n in modules if n.endswith("o_proj")).replace(".0.", ".{}.")
        self.outputs = [modules[path.format(layer)] for layer in range(2)]

    def loss(self, thing, layer, head, gate):
        def close(_module, inputs):
            z = inputs[0].clone()
            width = z.shape[-1] // 4
            part = z[..., head * width : (head + 1) * width]
            before, after = z[..., : head * width], z[..., (head + 1) * width :]
            return (torch.cat([before, part * gate, after], -1), *inputs[1:])

        logits, labels = self.judged(thing)
        hook = self.outputs[layer].register_forward_pre_hook(close)
        try:
            logits, _ = self.judged(thing)
        finally:
            hook.remove()
        chosen = logits.gather(-1, labels[:, None])[:, 0]
        right = (logits.argmax(-1) == labels).float().mean()
        return torch.nn.functional.cross_entropy(logits, labels), chosen.mean(), right

    def judged(self, thing):
        """Logits (places, choices) and what is right there."""
        if self.family == "vit":
            inputs = self.tools(images=thing.convert("RGB"), return_tensors="pt")
        else:
            inputs = self.tools(thing, return_tensors="pt")
            names = ("input_ids", "attention_mask", "token_type_ids")
            inputs = {name: inputs[name] for name in names if name in inputs}
        logits = self.model(**inputs).logits
        if self.family in ("gpt2", "llama"):
            return logits[0, :-1], inputs["input_ids"][0, 1:]
        return logits, logits.argmax(-1).detach()


@pytest.fixture(scope="module")
def references(tiny):
    return {family: Reference(tiny(family), family) for family in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_importance_is_the_derivative_at_an_open_gate(tiny_model, references, family):
    table = ic.head_importance(tiny_model(family), things(family))
    for row in table.itertuples():
        slopes = []
        for thing in things(family):
            gate = torch.ones((), requires_grad=True)
            references[family].loss(thing, row.layer, row.head, gate)[0].backward()
            slopes.append(gate.grad.item())
        assert row.importance == pytest.approx(np.mean(np.abs(slopes)), abs=1e-5)
        assert row.loss_change == pytest.approx(-np.mean(slopes), abs=1e-5)
        error = np.std(np.abs(slopes), ddof=1) / np.sqrt(len(slopes))
        assert row.importance_se == pytest.approx(error, abs=1e-5)


@pytest.mark.parametrize("family", ["bert-2-labels", "gpt2"])
def test_gradient_importance_is_attention_times_gradient_summed_over_the_map(
    tiny_model, references, family
):
    """The output of a head is linear in its map, so the sum is the slope of the gate."""
    reference, sums = references[family], []
    for text in TEXTS:
        ids = reference.tools(text, return_tensors="pt")["input_ids"]
        output = reference.model(ids, output_attentions=True)
        logits, labels = output.logits, output.logits.argmax(-1)
        if family == "gpt2":
            logits, labels = logits[0, :-1], ids[0, 1:]
        loss = torch.nn.functional.cross_entropy(logits, labels)
        slopes = torch.autograd.grad(loss, output.attentions)
        sums.append([(a * s).sum((-1, -2))[0] for a, s in zip(output.attentions, slopes)])
    mean = np.mean([[layer.detach().numpy() for layer in each] for each in sums], 0)
    table = ic.head_importance(tiny_model(family), TEXTS)
    np.testing.assert_allclose(table["loss_change"], -mean.ravel(), atol=1e-5)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_ablation_zeroes_the_slice_of_the_projections_input(
    tiny_model, references, family, cached, monkeypatch
):
    if not cached:
        monkeypatch.setattr(ablation, "agree", lambda *_: False)
    monkeypatch.setattr(ablation, "ROW_TOKENS", 90)  # several groups of heads
    table = ic.head_importance(tiny_model(family), things(family), method="ablation")
    for row in table.itertuples():
        changes = []
        with torch.no_grad():
            for thing in things(family):
                whole = references[family].loss(thing, row.layer, row.head, 1.0)
                without = references[family].loss(thing, row.layer, row.head, 0.0)
                changes.append([float(b - a) for a, b in zip(whole, without)])
        loss, logit, accuracy = np.mean(changes, 0)
        assert row.loss_change == row.importance == pytest.approx(loss, abs=1e-5)
        assert row.logit_change == pytest.approx(logit, abs=1e-5)
        assert row.accuracy_change == pytest.approx(accuracy, abs=1e-6)


@pytest.mark.parametrize(
    "family", ["bert-2-labels", "gpt2", "llama", "vit", "gemma3", "jamba", "modernbert"]
)
def test_layers_before_the_ablated_one_are_not_run_again(tiny_model, family):
    gated = GatedModel(tiny_model(family))
    for inputs in input_batches(gated.model, things(family), 2):
        goal, _ = judged_whole(gated, inputs, None)
        found = ablation.ablate(gated, inputs, goal)
        assert gated.cacheable
        slow = GatedModel(tiny_model(family))
        slow.cacheable = False
        torch.testing.assert_close(found, ablation.ablate(slow, inputs, goal))


def test_layers_that_say_something_else_are_run_again(tiny_model, monkeypatch):
    model = tiny_model("bert-2-labels")
    truth = ic.head_importance(model, TEXTS, method="ablation")
    real = ablation.repeat_rows
    monkeypatch.setattr(ablation, "repeat_rows", lambda output, times: _spoilt(real(output, times)))
    found = ic.head_importance(model, TEXTS, method="ablation")
    pd.testing.assert_frame_equal(found, truth, atol=1e-5)


def _spoilt(output):
    return output + 1 if isinstance(output, torch.Tensor) else tuple(map(_spoilt, output))


def test_layers_that_share_their_weights_have_gates_of_their_own(tiny, tmp_path):
    from tests.tiny import FAMILIES as RECIPES

    tokenizer, _ = RECIPES["albert"]
    config = transformers.AutoConfig.from_pretrained(tiny("albert"), num_labels=2)
    torch.manual_seed(0)
    transformers.AlbertForSequenceClassification(config).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    model = ic.load_model(str(tmp_path))
    assert len(GatedModel(model).projections) == 1
    table = ic.head_importance(model, TEXTS, method="ablation")
    guess = ic.head_importance(model, TEXTS)
    assert len(table) == 12
    assert np.corrcoef(table["loss_change"], guess["loss_change"])[0, 1] > 0.9


def test_targets_by_name_and_by_number_are_the_same(tiny_model):
    model = tiny_model("bert-2-labels")
    by_name = ic.head_importance(model, TEXTS, ["class 1", "class 0", "class 1", "class 1"])
    by_number = ic.head_importance(model, TEXTS, [1, 0, 1, 1])
    pd.testing.assert_frame_equal(by_name, by_number)
    swapped = ic.head_importance(model, TEXTS, [0, 1, 0, 0])
    assert not np.allclose(by_name["importance"], swapped["importance"])


def test_targets_keep_their_text_when_batches_are_sorted_by_length(tiny_model):
    model = tiny_model("bert-2-labels")
    targets = [0, 1, 1, 0]
    together = ic.head_importance(model, TEXTS, targets)["importance"]
    single = [ic.head_importance(model, [t], [y])["importance"] for t, y in zip(TEXTS, targets)]
    np.testing.assert_allclose(together, np.mean(single, 0), atol=1e-6)


def test_token_labels_are_judged_over_the_words(tiny_model):
    model = tiny_model("bert-token-labels")
    table = ic.head_importance(model, TEXTS, method="ablation")
    assert table["accuracy_change"].le(0).all()
    assert table["importance"].abs().max() > 0
    with pytest.raises(ic.BadInput, match="targets"):
        ic.head_importance(model, TEXTS[:1], [[0, 1]])


def test_the_model_is_left_as_it_was(tiny_model):
    model = tiny_model("llama")
    before = ic.attention_maps(model, TEXTS[0]).weights
    ic.head_importance(model, TEXTS)
    ic.head_importance(model, TEXTS, method="ablation")
    np.testing.assert_allclose(ic.attention_maps(model, TEXTS[0]).weights, before, atol=1e-6)
    assert not any(p.requires_grad or p.grad is not None for p in model.model.parameters())
    assert not any(m._forward_pre_hooks for m in model.model.modules())


def test_what_cannot_be_judged_is_refused_with_the_reason(tiny_model):
    for family in ("bert", "t5"):
        with pytest.raises(ic.UnsupportedModel):
            ic.head_importance(tiny_model(family), TEXTS)
    model = tiny_model("bert-2-labels")
    for wrong in ({"method": "magic"}, {"targets": [0]}, {"targets": ["class 9"] * 4}):
        with pytest.raises(ic.BadInput):
            ic.head_importance(model, TEXTS, **wrong)
    with pytest.raises(ic.BadInput, match="Text 2"):
        ic.head_importance(model, ["fine", " "])
    with pytest.raises(ic.BadInput, match="text itself"):
        ic.head_importance(tiny_model("gpt2"), TEXTS, [0] * 4)
    with pytest.raises(ic.Stopped):
        ic.head_importance(model, TEXTS, progress=lambda *_: False)


# ------------------------------------------------------------------------------------ pruning


def test_the_curve_begins_at_the_whole_model_and_all_orders_end_at_none(tiny_model):
    model = tiny_model("bert-2-labels")
    table = ic.head_importance(model, TEXTS)
    curve = ic.pruning_curve(model, TEXTS, {"gradient": table}, steps=4, orders=3)
    assert curve["removed"].unique().tolist() == [0, 2, 4, 6, 8]
    assert (curve[curve["removed"] == 0]["accuracy"] == 1).all()
    last = curve[curve["removed"] == 8]
    assert np.ptp(last["loss"]) < 1e-6
    chance = curve[curve["ranking"] == "random"]
    assert chance["loss_std"].iloc[1:-1].gt(0).all()
    assert curve[curve["ranking"] == "gradient"]["loss_std"].isna().all()


def test_the_first_step_of_the_curve_is_the_ablation_of_the_least_important_head(tiny_model):
    model = tiny_model("gpt2")
    table = ic.head_importance(model, TEXTS, method="ablation")
    curve = ic.pruning_curve(model, TEXTS, {"ablation": table}, steps=8, orders=0)
    least = table.loc[table["importance"].idxmin()]
    change = curve["loss"][1] - curve["loss"][0]
    assert change == pytest.approx(least["loss_change"], abs=1e-5)
    assert set(curve["ranking"]) == {"ablation"}


def test_the_same_seed_draws_the_same_orders(tiny_model):
    model = tiny_model("bert-2-labels")
    one = ic.pruning_curve(model, TEXTS, {}, steps=4, seed=1)
    pd.testing.assert_frame_equal(one, ic.pruning_curve(model, TEXTS, {}, steps=4, seed=1))
    other = ic.pruning_curve(model, TEXTS, {}, steps=4, seed=2)
    assert not np.allclose(one["loss"], other["loss"])


def test_rankings_of_another_model_are_refused(tiny_model):
    model = tiny_model("bert-2-labels")
    table = ic.head_importance(model, TEXTS)
    for wrong in (table.iloc[:3], table.drop(columns="importance"), table.assign(layer=9)):
        with pytest.raises(ic.BadInput, match="anking"):
            ic.pruning_curve(model, TEXTS, {"mine": wrong})
