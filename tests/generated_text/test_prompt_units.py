"""Units of a prompt: whole words, every token at most once, and turns of a chat as turns."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import AddedToken

import interp_core as ic
from interp_core.generated_text.answer import _of_ids
from interp_core.generated_text.units import text_units
from tests.chats import CHATML, chatting

TEXT = "Mr. Low's plot is bad. It ends (at last!)\n\nShe knows. 3.5 words."
# Looks ahead: a user's turn closes only where another follows.
LOOKS_AHEAD = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}[{{ m['role'] }}] {{ m['content'] }}{% if not loop.last %} |{% endif %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("units", "texts"),
    [
        ("sentence", ["Mr. Low's plot is bad.", "It ends (at last!)", "She knows.", "3.5 words."]),
        ("paragraph", ["Mr. Low's plot is bad. It ends (at last!)", "She knows. 3.5 words."]),
    ],
)
def test_sentences_and_paragraphs(tiny_model, units, texts):
    prompt = ic.read_prompt(tiny_model("gpt2"), TEXT)
    found = ic.prompt_units(prompt, units)
    assert [unit.text for unit in found] == texts
    assert sorted(p for unit in found for p in unit.places) == list(range(len(prompt)))


@pytest.mark.parametrize("family", ["gpt2", "llama", "opt", "t5"])
@pytest.mark.parametrize("units", ["token", "word", "sentence", "paragraph"])
def test_no_unit_splits_a_word_or_takes_a_special_token(tiny_model, family, units):
    prompt = ic.read_prompt(tiny_model(family), TEXT)
    owner: dict[int, int] = {}
    for number, unit in enumerate(ic.prompt_units(prompt, units)):
        for place in unit.places:
            assert place not in owner
            assert not prompt.fixed[place]
            owner[place] = number
    assert len(owner) == (~prompt.fixed).sum()
    words: dict[int, set] = {}
    for place, number in owner.items():
        words.setdefault(prompt.sequence.word_ids[place], set()).add(number)
    assert units == "token" or all(len(owners) == 1 for owners in words.values())


def test_a_passage_that_begins_inside_a_word_owns_whole_words(tiny_model):
    prompt = ic.read_prompt(tiny_model("gpt2"), "unhappy actors know words")
    (unit,) = ic.prompt_units(prompt, "passage", [(4, 12)])  # from "ppy" into "actors"
    assert "".join(prompt.sequence.tokens[place] for place in unit.places).strip("▁") == "actors"
    with pytest.raises(ic.BadInput, match="overlap"):
        ic.prompt_units(prompt, "passage", [(0, 9), (8, 12)])
    with pytest.raises(ic.BadInput, match="outside"):
        ic.prompt_units(prompt, "passage", [(0, 99)])
    with pytest.raises(ic.BadInput, match="spans"):
        ic.prompt_units(prompt, "passage")


def test_turns_are_told_from_their_template(tiny_model):
    model = chatting(tiny_model("gpt2"), CHATML)
    turns = [{"role": "user", "content": " user a "}, {"role": "assistant", "content": "im end"}]
    prompt = ic.read_prompt(model, turns)
    said = [(turn.role, prompt.text[turn.start : turn.end]) for turn in prompt.turns]
    assert said == [("system", "Be kind"), ("user", "user a"), ("assistant", "im end")]
    assert [turn.written for turn in prompt.turns] == [False, True, True]
    whole = "".join(prompt.text[turn.first : turn.last] for turn in prompt.turns)
    assert prompt.text == f"{whole}[assistant\n"
    own = "".join(np.array(prompt.sequence.tokens)[~prompt.template])
    assert own == "user▁aim▁end"
    turns = ic.prompt_units(prompt, "turn")
    assert [(unit.role, unit.text, unit.template) for unit in turns] == [
        ("system", "Be kind", True),
        ("user", "user a", False),
        ("assistant", "im end", False),
    ]
    left = set(range(len(prompt))) - {place for unit in turns for place in unit.places}
    assert "".join(prompt.sequence.tokens[p] for p in sorted(left)) == "[assistant↵"
    marked = ic.prompt_units(prompt, "word", template=True)
    assert sorted(p for unit in marked for p in unit.places) == list(range(len(prompt)))
    (passage,) = ic.prompt_units(prompt, "passage", [(1, 3, 6)])  # in the second given turn
    assert (passage.text, passage.turn, passage.role) == ("end", 2, "assistant")


# A begin mark before the whole chat, as Llama 3 has it, which also dates a system turn of its own,
# and Gemma, which knows no system turn; an end mark after it, as Phi 3 has it; a system turn inside
# the user's first one, as Llama 2 has it.
DATED = (
    "{{ bos_token }}{% if messages[0]['role'] != 'system' %}[system]The date is|{% endif %}"
    "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] | trim }}|{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
BEGUN = DATED.replace("[system]The date is|", "")
NO_SYSTEM = BEGUN.replace(
    "{% for", "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}{% for"
)
ENDED = BEGUN.replace("{{ bos_token }}", "").replace(
    "[assistant]{%", "[assistant]{% else %}{{ eos_token }}{%"
)
FOLDED = (
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ bos_token }}{% if loop.index0 == 1 and "
    "messages[0]['role'] == 'system' %}(({{ messages[0]['content'] }})){% endif %}"
    "[{{ m['content'] }}]{% elif m['role'] == 'assistant' %}{{ m['content'] }}{{ eos_token }}"
    "{% endif %}{% endfor %}"
)
USER, REPLY = {"role": "user", "content": "It is "}, {"role": "assistant", "content": "bad."}


@pytest.mark.parametrize(
    ("template", "added", "after"),
    [
        (DATED, "[system]The date is|", "[assistant]"),
        (BEGUN, None, "[assistant]"),
        (NO_SYSTEM, None, "[assistant]"),
        (ENDED, None, "[assistant]"),
    ],
)
def test_turns_tile_the_chat_between_its_begin_mark_and_the_answer(
    tiny_model, template, added, after
):
    model = chatting(tiny_model("llama"), template)
    prompt = ic.read_prompt(model, [USER, REPLY, USER])
    begin = model.tokenizer.bos_token if "bos_token" in template else ""
    whole = "".join(prompt.text[turn.first : turn.last] for turn in prompt.turns)
    assert prompt.text == begin + whole + after
    assert not prompt.note
    written = [turn for turn in prompt.turns if turn.written]
    assert [prompt.text[turn.first : turn.last] for turn in written] == [
        "[user]It is|",
        "[assistant]bad.|",
        "[user]It is|",
    ]
    own = [turn for turn in prompt.turns if not turn.written]
    assert [prompt.text[turn.first : turn.last] for turn in own] == ([added] if added else [])
    for kind in ("turn", "role", "token"):
        units = ic.prompt_units(prompt, kind, template=True)
        taken = {place for unit in units for place in unit.places}
        assert taken == set(range(bool(begin), len(prompt)))


def test_a_mark_that_begins_the_chat_and_ends_each_answer_belongs_to_no_first_turn(tiny_model):
    """As OLMo 2 has it."""
    answered = (
        "{{ m['content'] | trim }}{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}|"
    )
    model = chatting(tiny_model("gpt2"), BEGUN.replace("{{ m['content'] | trim }}|", answered))
    mark = model.tokenizer.eos_token
    assert model.tokenizer.bos_token == mark
    prompt = ic.read_prompt(model, [USER, REPLY, USER])
    assert [prompt.text[turn.first : turn.last] for turn in prompt.turns] == [
        "[user]It is|",
        f"[assistant]bad.{mark}|",
        "[user]It is|",
    ]
    assert 0 not in {place for unit in ic.prompt_units(prompt, "turn") for place in unit.places}


def test_a_turn_whose_marks_cannot_be_told_apart_is_what_it_says(tiny_model):
    model = chatting(tiny_model("llama"), FOLDED)
    turns = [{"role": "system", "content": "Be kind."}, USER, REPLY, USER]
    prompt = ic.read_prompt(model, turns)
    assert "its marks stay" in prompt.note
    units = ic.prompt_units(prompt, "turn")
    for unit, turn in zip(units, turns):
        said = "".join(prompt.sequence.tokens[place] for place in unit.places)
        assert said.strip("▁") == turn["content"].strip().replace(" ", "▁")
    found = ic.attribute_generation(model, prompt, "a", units="turn")
    assert prompt.note in found.notes
    assert not ic.attribute_generation(model, prompt, "a", units="word").notes


def test_spans_count_the_white_space_that_a_template_takes_away(tiny_model):
    model = chatting(tiny_model("llama"), BEGUN)
    for content in ("  It ends", "It ends"):
        lead = len(content) - len(content.strip())
        prompt = ic.read_prompt(model, [{"role": "user", "content": content}])
        for start in (0, lead):
            (unit,) = ic.prompt_units(prompt, "passage", [(0, start, lead + 2)])
            assert unit.text == "It"


def test_the_word_that_marks_a_turn_may_be_said(tiny_model):
    model = chatting(tiny_model("gpt2"), CHATML)
    turns = [{"role": "user", "content": "a clearheadmarker"}, {"role": "user", "content": "it"}]
    prompt = ic.read_prompt(model, turns)
    said = [prompt.text[turn.start : turn.end] for turn in prompt.turns if turn.written]
    assert said == ["a clearheadmarker", "it"]


def test_a_template_that_looks_ahead_or_refuses(tiny_model):
    model = chatting(tiny_model("gpt2"), LOOKS_AHEAD)
    turns = [{"role": "user", "content": "one"}, {"role": "user", "content": "one"}]
    prompt = ic.read_prompt(model, turns)
    assert [prompt.text[turn.start : turn.end] for turn in prompt.turns] == ["one", "one"]
    assert prompt.turns[0].start < prompt.turns[1].start
    with pytest.raises(ic.BadInput, match="no system"):
        ic.read_prompt(model, [{"role": "system", "content": "one"}])


def test_what_somebody_says_cannot_end_a_turn(tiny_model):
    model = chatting(tiny_model("gpt2"), CHATML)
    with pytest.raises(ic.BadInput, match="special token"):
        ic.read_prompt(model, [{"role": "user", "content": "<|endoftext|> new"}])
    prompt = ic.read_prompt(model, [{"role": "user", "content": "new"}])
    with pytest.raises(ic.BadInput, match="answer contains"):
        ic.read_answer(model, prompt, "it <|endoftext|>")
    added = AddedToken("<|turn|>", special=True)  # has no name among the tokenizer's special ones
    model.tokenizer.add_tokens([added])
    with pytest.raises(ic.BadInput, match="special token"):
        ic.read_prompt(model, [{"role": "user", "content": "new <|turn|> it"}])
    with pytest.raises(ic.BadInput, match="role and a content"):
        ic.read_prompt(model, [{"content": "new"}])
    with pytest.raises(ic.UnsupportedModel, match="no chat template"):
        ic.read_prompt(tiny_model("gpt2"), [{"role": "user", "content": "new"}])
    with pytest.raises(ic.UnsupportedModel, match="does not continue"):
        ic.read_prompt(tiny_model("bert-2-labels"), "new")


@pytest.mark.parametrize("family", ["gpt2", "llama", "opt"])
def test_an_answer_has_the_tokens_that_follow_the_prompt(tiny_model, family):
    model = tiny_model(family)
    prompt = ic.read_prompt(model, "What does it see?")
    answer = ic.read_answer(model, prompt, " A head. It looks.")
    whole = model.tokenizer("What does it see? A head. It looks.")["input_ids"]
    ids = [*prompt.sequence.ids, *answer.sequence.ids]
    assert ids == whole[: len(ids)]
    assert [unit.text for unit in text_units(answer.sequence, "turn")] == ["A head.", "It looks."]


@pytest.mark.parametrize("family", ["gpt2", "llama", "opt", "t5"])
@pytest.mark.parametrize("text", ["ok 😀👍🏽 no", "日本語 ok", "नमस्ते ok"])
def test_a_written_answer_is_parted_at_whole_characters(tiny_model, family, text):
    model = tiny_model(family)
    prompt = ic.read_prompt(model, "What is it?")
    ids = np.array(model.tokenizer(f" {text}", add_special_tokens=False)["input_ids"])
    before = prompt if model.task == "causal-lm" else None
    answer = _of_ids(model, ids, before)
    for unit in text_units(answer.sequence, "word"):
        own = model.tokenizer.decode(ids[list(unit.places)].tolist()).strip()
        assert own == unit.text or unit.text == ""  # an unknown word has no letters


def test_a_token_over_the_border_is_said(tiny_model):
    model = tiny_model("gpt2")
    prompt = ic.read_prompt(model, "wonderfu")
    answer = ic.read_answer(model, prompt, "l look")
    if np.array_equal(
        model.tokenizer("wonderful look")["input_ids"][: len(prompt)], prompt.sequence.ids
    ):
        pytest.skip("this vocabulary has no token over that border")
    assert answer.note
    assert answer.text == "l look"


def test_a_space_that_the_tokenizer_puts_before_an_answer_is_said(tiny_model):
    model = tiny_model("llama")
    told = []
    for text in ("The plot is ", "The plot is"):
        answer = ic.read_answer(model, ic.read_prompt(model, text), "bad")
        told.append((answer.text, "was not typed" in answer.note))
    assert told == [(" bad", True), ("bad", False)]
