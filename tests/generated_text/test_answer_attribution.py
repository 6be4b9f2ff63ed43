"""Attribution of generated text: closed forms, plain transformers, and Captum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput

import interp_core as ic
from tests.chats import CHATML, chatting

TEXT, ANSWER = "The plot is bad. It ends. Why?", " The actors know it."


def log_probability(model: ic.LoadedModel, ids: np.ndarray, count: int) -> np.ndarray:
    """Log p of the last `count` tokens, by transformers alone."""
    with torch.no_grad():
        logits = model.model(input_ids=torch.tensor(ids)[None]).logits[0].double()
    lines = logits.log_softmax(-1)[len(ids) - count - 1 : -1]
    return lines[torch.arange(count), torch.tensor(ids[-count:])].numpy()


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "jamba"])
def test_a_row_sums_to_the_difference_of_the_answers_log_probability(tiny_model, family):
    model = tiny_model(family)
    found = ic.attribute_generation(model, TEXT, ANSWER)
    ids, answer = found.prompt.sequence.ids, found.answer.sequence.ids
    whole = log_probability(model, np.r_[ids, answer], len(answer))
    np.testing.assert_allclose(found.log_probabilities, whole, atol=1e-4)
    assert found.matrix.shape == (3, len(answer)) == (len(found.units), len(found.tokens))
    for unit, row in zip(found.sources, found.matrix):
        left = np.r_[np.delete(ids, unit.places), answer]
        after = log_probability(model, left, len(answer))
        assert row.sum() == pytest.approx(whole.sum() - after.sum(), abs=2e-4)


def test_earlier_tokens_of_the_answer_are_sources_of_later_ones(tiny_model):
    model = tiny_model("gpt2")
    found = ic.attribute_generation(model, TEXT, ANSWER, units="word")
    ids, answer = found.prompt.sequence.ids, found.answer.sequence.ids
    unit, row = found.answer_sources[1], found.earlier[1]
    after = unit.places[-1] + 1
    assert np.isnan(row[:after]).all()
    left = np.r_[ids, np.delete(answer, unit.places)]
    less = log_probability(model, left, len(answer) - len(unit.places))[after - len(unit.places) :]
    np.testing.assert_allclose(row[after:], found.log_probabilities[after:] - less, atol=1e-4)
    alone = ic.attribute_generation(model, TEXT, ANSWER, units="word", earlier=False)
    assert not len(alone.earlier)
    assert np.array_equal(alone.matrix, found.matrix)


def test_replacement_equals_captum(tiny_model):
    model = tiny_model("gpt2")
    found = ic.attribute_generation(
        model, TEXT, ANSWER, units="token", method="replacement", replacement="."
    )
    blank = model.tokenizer(".")["input_ids"][0]
    method = LLMAttribution(FeatureAblation(model.model), model.tokenizer)
    given = TextTokenInput(TEXT, model.tokenizer, baselines=blank)
    target = torch.tensor(found.answer.sequence.ids)
    peer = method.attribute(given, target, forward_in_tokens=False)
    np.testing.assert_allclose(found.matrix.T, peer.token_attr.numpy(), atol=1e-4)
    np.testing.assert_allclose(found.of_span(), peer.seq_attr.numpy(), atol=5e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_integrated_gradients_add_up(tiny_model, family):
    found = ic.attribute_generation(
        tiny_model(family), TEXT, ANSWER, units="token", method="integrated_gradients", steps=48
    )
    sizes = np.abs(found.matrix).sum(0) + np.abs(np.nan_to_num(found.earlier)).sum(0)
    assert (np.abs(found.missed) < 0.05 * sizes).all()
    assert found.replacement
    assert (found.matrix[0] == 0).all() == (family == "gpt2")


def test_input_x_gradient_is_the_derivative_of_a_scaled_embedding(tiny_model):
    model = tiny_model("gpt2")
    found = ic.attribute_generation(model, TEXT, ANSWER, units="token", method="input_x_gradient")
    ids = torch.tensor(np.r_[found.prompt.sequence.ids, found.answer.sequence.ids])[None]
    table, count, place, step = model.model.get_input_embeddings(), len(found.tokens), 2, 1e-2
    values = []
    for change in (step, -step):
        embedded = table(ids).detach().clone()
        embedded[0, place] *= 1 + change
        with torch.no_grad():
            lines = model.model(inputs_embeds=embedded).logits[0].double().log_softmax(-1)
        lines = lines[-count - 1 : -1]
        values.append(lines[torch.arange(count), ids[0, -count:]].numpy())
    slopes = (values[0] - values[1]) / (2 * step)
    np.testing.assert_allclose(found.matrix[place], slopes, atol=2e-3)


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_encoder_decoder_models(tiny_model, family):
    model = tiny_model(family)
    found = ic.attribute_generation(model, TEXT, "The words look.", method="leave_one_out")
    kept = [np.delete(found.prompt.sequence.ids, unit.places) for unit in found.sources]
    assert all(found.prompt.sequence.special[unit.places[-1] + 1 :].sum() for unit in found.sources)
    answer = found.answer.sequence.ids
    labels = model.tokenizer(text_target="The words look.", return_tensors="pt")["input_ids"]
    written = model.model.prepare_decoder_input_ids_from_labels(labels)[:, :-1]  # without </s>

    def score(ids: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            lines = (
                model.model(input_ids=torch.tensor(ids)[None], decoder_input_ids=written)
                .logits[0]
                .double()
                .log_softmax(-1)[-len(answer) :]
            )
        return lines[torch.arange(len(answer)), torch.tensor(answer)].numpy()

    whole = score(found.prompt.sequence.ids)
    np.testing.assert_allclose(found.matrix, [whole - score(ids) for ids in kept], atol=1e-4)
    slopes = ic.attribute_generation(model, TEXT, "The words look.", method="gradient_x_input")
    assert slopes.matrix.shape == found.matrix.shape
    assert not len(slopes.earlier)
    seen = ic.cross_attention_units(model, found)
    maps = ic.attention_maps(model, TEXT, "The words look.").cross.weights.mean((0, 1))
    places = list(found.sources[0].places)
    first = seen[seen["unit"] == seen["unit"].iloc[0]]["attention"]
    expected = maps[-len(found.tokens) - 1 : -1, places].sum(1)
    np.testing.assert_allclose(first, expected, atol=1e-5)
    wrote = ic.attribute_generation(model, TEXT, tokens=3)
    assert 1 <= len(wrote.tokens) <= 3


def test_the_model_answers_as_generate_does(tiny_model):
    model = tiny_model("llama")
    found = ic.attribute_generation(model, TEXT, tokens=5, units="word")
    wrote = ic.generate(model, TEXT, tokens=5)
    assert found.answer.text == wrote.text
    np.testing.assert_allclose(np.exp(found.log_probabilities), wrote.probabilities, rtol=1e-3)
    again = ic.attribute_generation(model, TEXT, found.answer.text, units="word")
    assert again.tokens == found.tokens


def test_turns_and_roles_of_a_chat(tiny_model):
    model = chatting(tiny_model("gpt2"), CHATML)
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    turns.append({"role": "user", "content": "c"})
    found = ic.attribute_generation(model, turns, "it", units="role")
    assert [unit.role for unit in found.sources] == ["system", "user", "assistant"]
    frame = found.to_frame()
    assert set(frame["role"]) == {"system", "user", "assistant"}
    only = ic.attribute_generation(model, turns[:1], "it", units="word")
    assert list(only.units) == ["a"]
    assert not only.sources[0].template


def test_an_emptied_prompt_is_said_and_bad_questions_are_refused(tiny_model):
    model = tiny_model("gpt2")
    only = ic.attribute_generation(model, "words", " look", units="sentence")
    assert "begin or end mark" in only.notes[0]
    assert np.isfinite(only.matrix).all()
    for options, match in (
        ({"units": "chapter"}, "Unknown unit"),
        ({"method": "guess"}, "Unknown method"),
        ({"units": "turn"}, "no turns"),
        ({"method": "replacement", "replacement": "two words"}, "tokens of this model"),
        ({"method": "integrated_gradients", "steps": 1}, "steps"),
    ):
        with pytest.raises(ic.BadInput, match=match):
            ic.attribute_generation(model, "words look", " look", **options)
    with pytest.raises(ic.InputTooLong):
        ic.attribute_generation(model, " look" * 40, " look" * 40)


def test_progress_counts_up_and_stops(tiny_model):
    seen: list[tuple[int, int]] = []
    ic.attribute_generation(
        tiny_model("gpt2"), TEXT, ANSWER, progress=lambda *each: seen.append(each)
    )
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)
    with pytest.raises(ic.Stopped):
        ic.attribute_generation(tiny_model("gpt2"), TEXT, ANSWER, progress=lambda *_: False)
