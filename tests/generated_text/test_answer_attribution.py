"""Attribution of generated text: closed forms, plain transformers, and Captum."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers as tf
from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput

import interp_core as ic
from interp_core.generated_text.answer import _of_ids, answer_room
from interp_core.generated_text.gradients import TokenScores
from tests.chats import CHATML, chatting
from tests.translators import TRANSLATORS, translator

TEXT, ANSWER = "The plot is bad. It ends. Why?", " The actors know it."


def log_probability(network: torch.nn.Module, ids: np.ndarray, count: int) -> np.ndarray:
    """Log p of the last `count` tokens, by transformers alone."""
    with torch.no_grad():
        logits = network(input_ids=torch.tensor(ids)[None]).logits[0].double()
    lines = logits.log_softmax(-1)[len(ids) - count - 1 : -1]
    return lines[torch.arange(count), torch.tensor(ids[-count:])].numpy()


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "jamba"])
def test_a_row_sums_to_the_difference_of_the_answers_log_probability(tiny, tiny_model, family):
    # In float64, so that rounding hides nothing; the network beside it is read by transformers.
    options = {"attn_implementation": "eager"}  # the other one has no softmax in float32
    network = tf.AutoModelForCausalLM.from_pretrained(tiny(family), **options).eval()
    model, blank = tiny_model(family), tiny_model(family).tokenizer.unk_token
    model = replace(model, model=deepcopy(model.model).double())
    for each in (network.double(), model.model):
        each.set_experts_implementation("eager")  # others multiply no float64
    for method in ("leave_one_out", "replacement"):
        found = ic.attribute_generation(model, TEXT, ANSWER, method=method, replacement=blank)
        ids, answer = found.prompt.sequence.ids, found.answer.sequence.ids
        whole = log_probability(network, np.r_[ids, answer], len(answer))
        np.testing.assert_allclose(found.log_probabilities, whole, rtol=0, atol=1e-5)
        assert found.matrix.shape == (3, len(answer)) == (len(found.units), len(found.tokens))
        for unit, row in zip(found.sources, found.matrix):
            left = np.delete(ids, unit.places)
            if method == "replacement":
                left = ids.copy()
                left[list(unit.places)] = model.tokenizer.unk_token_id
            after = log_probability(network, np.r_[left, answer], len(answer))
            assert abs(row.sum()) > 1e-3
            assert row.sum() == pytest.approx(whole.sum() - after.sum(), rel=0, abs=1e-5)


def test_earlier_tokens_of_the_answer_are_sources_of_later_ones(tiny_model):
    model = tiny_model("gpt2")
    found = ic.attribute_generation(model, TEXT, ANSWER, units="word")
    ids, answer = found.prompt.sequence.ids, found.answer.sequence.ids
    unit, row = found.answer_sources[1], found.earlier[1]
    after = unit.places[-1] + 1
    assert np.isnan(row[:after]).all()
    left = np.r_[ids, np.delete(answer, unit.places)]
    less = log_probability(model.model, left, len(answer) - after)
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
    stays = family == "gpt2"  # the other has a begin mark before its first word
    assert (found.matrix[0] == 0).all() == stays
    assert any("first token stands" in note for note in found.notes) == stays
    assert found.steps == 48
    assert found.warning is None


def test_too_few_points_of_integrated_gradients_are_said(tiny_model):
    lacks, change = np.array([0.1, -0.5]), np.array([-4.0, 1.0])
    assert "0.5 nats" in TokenScores(None, None, lacks, change).warning
    assert TokenScores(None, None, lacks / 2, change).warning is None
    assert TokenScores(None, None).warning is None


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


def test_an_answer_may_be_as_long_as_the_decoder_reads(tiny_model):
    model = tiny_model("bart")
    prompt = ic.read_prompt(model, TEXT)
    room = answer_room(model, prompt)
    assert room == model.max_tokens - 1  # two begin marks are read, the last token is not
    for count in (room, room + 1):
        ids = np.full(count, prompt.sequence.ids[1])
        answer = _of_ids(model, ids, None)
        if count == room:
            assert np.isfinite(ic.attribute_generation(model, prompt, answer).matrix).all()
            continue
        with pytest.raises(ic.InputTooLong, match="decoder"):
            ic.attribute_generation(model, prompt, answer)
        with pytest.raises(ic.InputTooLong, match="decoder"):
            ic.attribute_generation(model, prompt, tokens=count)


@pytest.mark.parametrize(("kind", "source", "target", "begun"), TRANSLATORS)
def test_a_translation_begins_with_the_code_of_its_language(tmp_path, kind, source, target, begun):
    folder, tokenizer = translator(tmp_path, kind, src_lang=source, tgt_lang=target)
    model = ic.load_model(str(folder))
    found = ic.attribute_generation(model, "the cat", "le chat", units="word")
    assert found.units == ("the", "cat")
    network = tf.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    labels = tokenizer(text_target="le chat", return_tensors="pt")["input_ids"]
    own = [place for place, number in enumerate(labels[0]) if number in found.answer.sequence.ids]
    assert labels[0, own].tolist() == found.answer.sequence.ids.tolist()

    def score(ids: np.ndarray) -> np.ndarray:
        with torch.no_grad():  # transformers shifts the labels by itself
            logits = network(input_ids=torch.tensor(ids)[None], labels=labels).logits[0].double()
        return logits.log_softmax(-1)[own, labels[0, own]].numpy()

    ids = np.array(tokenizer("the cat")["input_ids"])
    assert found.prompt.sequence.ids.tolist() == ids.tolist()
    left = [np.delete(ids, unit.places) for unit in found.sources]
    expected = [score(ids) - score(each) for each in left]
    np.testing.assert_allclose(found.matrix, expected, rtol=0, atol=1e-4)
    assert (np.abs(found.matrix).max(1) > 1e-3).all()

    code = tokenizer.convert_tokens_to_ids(target)
    first = tokenizer.convert_tokens_to_ids(begun)
    start = {"decoder_input_ids": torch.tensor([first]), "decoder_start_token_id": first[0]}
    wrote = network.generate(
        torch.tensor(ids)[None], **start, do_sample=False, num_beams=1, max_new_tokens=4
    )
    answer = ic.attribute_generation(model, "the cat", tokens=4, units="word").answer
    assert wrote[0, len(begun) - 1] == code
    written = wrote[0, len(begun) :].tolist()
    assert answer.sequence.ids.tolist() == [each for each in written if each != 2]


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
