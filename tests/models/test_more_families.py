"""Further families: each loads as what it is, with transformers' own maps, and everything that can
be asked of it gives numbers or a sentence."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
import transformers

import interp_core as ic
from interp_core.models.architecture import stack_parts
from interp_core.models.hooks import first
from tests.tiny import TEXT
from tests.tiny_more import MORE, build_more

TARGET = "the model looks"
EXACT = 1e-6
CAUSAL = [name for name, row in MORE.items() if row[3]]


@pytest.fixture(scope="module", params=MORE)
def family(request, tmp_path_factory):
    folder = build_more(request.param, tmp_path_factory.mktemp("more") / request.param)
    return request.param, folder, ic.load_model(str(folder))


def reference(folder):
    """The class that the configuration names, loaded by transformers alone."""
    config = transformers.AutoConfig.from_pretrained(folder)
    kind = getattr(transformers, config.architectures[0])
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder)


@torch.no_grad()
def run(folder, **more):
    model, tokenizer = reference(folder)
    accepted = inspect.signature(model.forward).parameters
    inputs = tokenizer(TEXT, return_tensors="pt")
    inputs = {name: value for name, value in inputs.items() if name in accepted}
    return model(**inputs, **more, output_attentions=True)


def test_it_loads_as_what_it_is(family):
    name, _, model = family
    _, _, task, causal = MORE[name]
    assert (model.task, model.layout.causal, model.notes) == (task, causal, ())
    assert model.readings[0] == task
    assert model.readings[-1] == "encoder"


def test_each_block_reads_what_the_one_before_gave_or_nothing_inside_is_changed(family):
    _, _, model = family
    try:
        parts = stack_parts(model)
    except ic.UnsupportedModel:
        return
    assert not {part.projection for part in parts.attention}.intersection(parts.mlps)
    read, gave = [], []

    def enter(_module, given, options):
        read.append(given[0] if given else options["hidden_states"])

    with torch.no_grad():
        handles = []
        for path in dict.fromkeys(parts.blocks):
            block = model.model.get_submodule(path)
            handles.append(block.register_forward_pre_hook(enter, with_kwargs=True))
            handles.append(block.register_forward_hook(lambda *seen: gave.append(first(seen[-1]))))
        ic.attention_maps(model, TEXT)
        for each in handles:
            each.remove()
    assert read
    assert len(read) == len(gave)
    for one, other in list(zip(gave, read[1:]))[: model.n_layers - 1]:
        assert torch.equal(one, other)


def test_maps_are_the_models_own(family):
    _, folder, model = family
    if model.layout.decoder_layers:
        maps = ic.attention_maps(model, TEXT, TARGET)
        ids = torch.tensor(maps.decoder.queries.ids)[None]
        truth = run(folder, decoder_input_ids=ids)
        pairs = [
            (maps.encoder, truth.encoder_attentions),
            (maps.decoder, truth.decoder_attentions),
            (maps.cross, truth.cross_attentions),
        ]
        assert maps.decoder.tokens[1:] == ic_tokens(model, TARGET)[: len(ids[0]) - 1]
    else:
        pairs = [(ic.attention_maps(model, TEXT), run(folder).attentions)]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.weights, torch.cat(theirs).numpy(), rtol=0, atol=EXACT)
        np.testing.assert_allclose(ours.weights.sum(-1), 1, atol=1e-5)


def ic_tokens(model, text):
    return list(model.tokenizer.convert_ids_to_tokens(model.tokenizer(text)["input_ids"]))


def test_what_can_be_asked_gives_numbers_or_a_sentence(family):
    _, _, model = family
    place = {"position": 3} if model.task == "masked-lm" else {}
    asked = {
        "norms": lambda: ic.norm_weighted_attention(model, TEXT).weights,
        "gradients": lambda: ic.attribute(model, TEXT, evaluations=20, **place).scores,
        "erasure": lambda: ic.attribute(model, TEXT, method="leave_one_out", **place).scores,
        "vectors": lambda: ic.token_vectors(model, [TEXT, TARGET], pooling="mean").values,
        "heads": lambda: ic.head_statistics(model, [TEXT]).frame["entropy_bits"].to_numpy(),
        "next": lambda: ic.next_tokens(model, TEXT, position=3)["probability"].to_numpy(),
        "lens": lambda: ic.logit_lens(model, TEXT, positions=[3]).divergence,
        "parts": lambda: ic.logit_attribution(model, TEXT).residual_error,
    }
    for name, ask in asked.items():
        refusal, found = "", 0.0
        try:
            found = ask()
        except ic.ClearheadError as error:
            refusal = str(error)
        assert not refusal or refusal.endswith((".", "`")), name
        assert np.isfinite(found).all(), name


@pytest.mark.parametrize("name", CAUSAL)
def test_continuations_surprisal_and_lens_are_the_models_own(name, tmp_path):
    model = ic.load_model(str(build_more(name, tmp_path)))
    found = ic.generate(model, TEXT, tokens=4)
    plain, _ = reference(tmp_path)
    prompt = torch.tensor(found.maps.queries.ids[: found.prompt])[None]
    with torch.no_grad():
        logits = plain(input_ids=torch.tensor(found.maps.queries.ids)[None]).logits[0].float()
    greedy = logits[found.prompt - 1 : -1].argmax(-1).tolist()
    assert greedy == found.ids.tolist()
    logs = logits[: found.prompt - 1].log_softmax(-1).gather(-1, prompt[0, 1:, None])[:, 0]
    surprisal = ic.surprisal(model, TEXT)["surprisal"].to_numpy()[1 : found.prompt]
    np.testing.assert_allclose(surprisal, -logs.numpy() / np.log(2), rtol=1e-4, atol=1e-4)
