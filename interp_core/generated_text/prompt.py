"""What a language model reads before it answers: a text, or the turns of a chat.

A prompt is tokenized once. Later steps take token ids out of it or put others in their place:
nothing is decoded and tokenized again, and nothing is padded, so that no mask and no position
depends on other rows of a pass.

The turns of a chat are put together by the template that comes with the tokenizer. What the
template adds (marks of turns, names of roles, a system message of its own) is told apart from what
the turns say: `template` marks its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.tokens import check_text, encode
from interp_core.inputs.words import take
from interp_core.models.forward import PROBE, decoder_inputs

if TYPE_CHECKING:
    import torch

    from interp_core.inputs.tokens import TokenSequence
    from interp_core.models.record import LoadedModel

TASKS = ("causal-lm", "encoder-decoder")
SYSTEM = "system"
MARKS_STAY = (
    "This chat template writes a turn otherwise when others follow, so that the marks around it "
    "are not told apart: a turn is what it says, and its marks stay."
)


@dataclass(frozen=True)
class Turn:
    """One turn of a chat in the text that the model reads.

    `start` to `end` are the characters of what it says, `first` to `last` those of the whole turn
    with what the template puts around it. `trimmed` counts the characters that the template took
    away before the first. `written` is False for a message that the template adds.
    """

    role: str
    start: int
    end: int
    first: int
    last: int
    written: bool = True
    trimmed: int = 0


@dataclass(frozen=True)
class Prompt:
    """A prompt as tokens, all of length n.

    `template` (n,) marks tokens that a chat template wrote: no source unless it is asked for.
    `sequence.special` marks those that the tokenizer added and the begin mark of a chat: never one.
    `turns` is empty for plain text. `note` is a sentence on how the turns were read, or empty.
    """

    text: str
    sequence: TokenSequence
    template: np.ndarray
    turns: tuple[Turn, ...] = ()
    note: str = ""

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def fixed(self) -> np.ndarray:
        """Bool mask (n,) of tokens that no unit of the turns' own words may take away."""
        return self.template | self.sequence.special


def check_writes(model: LoadedModel) -> None:
    """Raise `UnsupportedModel` for a model that writes no text."""
    if model.task not in TASKS:
        raise UnsupportedModel(
            f"{model.name!r} does not continue a text. Choose a causal language model, such as "
            "`language-model`, or an encoder-decoder model."
        )


def has_template(model: LoadedModel) -> bool:
    """Whether the tokenizer comes with a chat template."""
    return bool(getattr(model.tokenizer, "chat_template", None)) and model.task == "causal-lm"


def read_prompt(model: LoadedModel, prompt: str | Sequence[Mapping[str, str]]) -> Prompt:
    """A text, or turns such as `[{"role": "user", "content": "Hello"}]`, as tokens.

    Raises `BadInput` for turns that the template refuses or that hold its special tokens,
    `UnsupportedModel` for models that write nothing or know no chats, and `InputTooLong`.
    """
    check_writes(model)
    if isinstance(prompt, str):
        return _plain(model, prompt)
    return _chat(model, checked_turns(prompt))


def _plain(model: LoadedModel, text: str) -> Prompt:
    sequence = encode(model, text).sequence
    if model.task == "causal-lm":  # an end mark that the tokenizer adds would end the answer
        own = np.flatnonzero(~sequence.special)
        sequence = take(sequence, range(own[-1] + 1))
    return Prompt(text, sequence, np.zeros(len(sequence), dtype=bool))


def checked_turns(turns: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The turns as a list of role and content. Raises `BadInput`."""
    found = []
    for number, turn in enumerate(turns, 1):
        known = isinstance(turn, Mapping) and {"role", "content"} <= set(turn)
        if not known or not isinstance(turn["role"], str) or not turn["role"].strip():
            raise BadInput(
                f'Turn {number} needs a role and a content: {{"role": "user", "content": "Hello"}}.'
            )
        check_text(turn["content"], f"content of turn {number}")
        found.append({"role": turn["role"], "content": turn["content"]})
    if not found:
        raise BadInput("The chat has no turns. Write what the user says.")
    return found


def _chat(model: LoadedModel, turns: list[dict[str, str]]) -> Prompt:
    if not has_template(model):
        raise UnsupportedModel(
            f"The tokenizer of {model.name!r} has no chat template. Give the prompt as one text."
        )
    for number, turn in enumerate(turns, 1):
        refuse_special(model, turn["content"], f"Turn {number}")
    text = _rendered(model, turns, begin=True)
    lead = _begin_mark(model, text)
    found, note = _turns(model, turns, text, lead)
    sequence = encode(model, text, add_special=False).sequence
    at = np.array(first_letters(sequence))
    sequence = replace(sequence, special=(at >= 0) & (at < lead))
    own = np.array([_inside(each, found) for each in at])
    return Prompt(text, sequence, ~own & ~sequence.special, found, note)


def refuse_special(model: LoadedModel, text: str, what: str) -> None:
    """A special token in what somebody says would be read as a mark. Raises `BadInput`."""
    tokenizer = model.tokenizer
    added = [each for each in tokenizer.added_tokens_decoder.values() if each.special]
    for token in dict.fromkeys([*tokenizer.all_special_tokens, *map(str, added)]):
        if token.strip() and token in text:
            raise BadInput(
                f"{what} contains the special token {token!r}, which the model would not read as "
                "these letters, but as a mark of its own. Take it out, or put a space inside it."
            )


def _begin_mark(model: LoadedModel, text: str) -> int:
    """Characters of the mark that begins a whole chat, not a turn: Llama 3, Gemma and others."""
    empty = encode(model, PROBE).sequence
    count = int(np.flatnonzero(~empty.special)[0])
    added = model.tokenizer.convert_ids_to_tokens(empty.ids[:count].tolist())
    own, mark = "".join(added), model.tokenizer.bos_token or ""
    if own and text.startswith(own):
        return len(own)
    begins = bool(mark) and text.startswith(mark) and not _opens_turns(model, mark)
    return len(mark) if begins else 0


def _opens_turns(model: LoadedModel, mark: str) -> bool:
    """Whether every turn begins with it: some models begin a text with the mark of a turn.

    Where one mark begins the chat and ends each answer, as OLMo 2 has it, the answer has none.
    """
    turns = [{"role": role, "content": PROBE} for role in ("user", "assistant", "user")]
    try:
        before = _rendered(model, turns, begin=False).split(PROBE)[:-1]
    except BadInput:
        return False
    return len(before) > 1 and all(mark in each for each in before)


def _rendered(model: LoadedModel, turns: list[dict[str, str]], *, begin: bool) -> str:
    """What the template makes of the turns; with `begin` the answer may begin at its end."""
    try:
        text = model.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=begin
        )
    except Exception as error:
        raise BadInput(
            f"The chat template of {model.name!r} refuses these turns ({error}). Many templates "
            "ask for turns of user and assistant in alternation, some for no system turn."
        ) from error
    return str(text)


def _turns(
    model: LoadedModel, turns: list[dict[str, str]], text: str, lead: int
) -> tuple[tuple[Turn, ...], str]:
    """Where each turn stands in the text after its begin mark, and a note or nothing."""
    said = [_said(model, turns, number, text) for number in range(len(turns))]
    trimmed = [_trimmed(turn["content"], text[slice(*at)]) for turn, at in zip(turns, said)]
    ends = _ends(model, turns, text)
    if ends is None:
        alone = zip(turns, said, trimmed)
        return tuple(Turn(turn["role"], *at, *at, True, cut) for turn, at, cut in alone), MARKS_STAY
    begin = max(lead, ends[0] - len(_alone(model, turns[0], text[: ends[0]])))
    found = []
    if text[lead:begin].strip():
        found.append(_added(model, text[:begin], lead))
    first = begin
    for turn, at, cut, last in zip(turns, said, trimmed, ends):
        found.append(Turn(turn["role"], *at, first, last, True, cut))
        first = last
    return tuple(found), ""


def _trimmed(content: str, said: str) -> int:
    """Characters before what is said that a template took away."""
    return 0 if content == said else len(content) - len(content.lstrip())


def _marker(turns: list[dict[str, str]]) -> str:
    """A word that nobody says."""
    marker = MARKER
    while any(marker in turn["content"] for turn in turns):
        marker += MARKER[-1]
    return marker


def _said(
    model: LoadedModel, turns: list[dict[str, str]], number: int, text: str
) -> tuple[int, int]:
    """First and last character of what a turn says: where another word would stand instead."""
    marker, content = _marker(turns), turns[number]["content"]
    other = {"role": turns[number]["role"], "content": marker}
    marked = _rendered(model, [*turns[:number], other, *turns[number + 1 :]], begin=True)
    before = marked.partition(marker)[0]
    for said in (content, content.strip()):  # many templates trim
        if marker in marked and text.startswith(before + said):
            return len(before), len(before) + len(said)
    raise UnsupportedModel(
        f"The chat template of {model.name!r} changes the words of turn {number + 1}, so that "
        "they cannot be found again. Give the prompt as one text."
    )


def _ends(model: LoadedModel, turns: list[dict[str, str]], text: str) -> list[int] | None:
    """The character after each turn with its marks; None for a template that looks ahead.

    The mark that asks for the answer belongs to no turn, nor does an end mark after a whole chat.
    """
    ends: list[int] = []
    for count in range(1, len(turns) + 1):
        try:
            part = _rendered(model, turns[:count], begin=False)
        except BadInput:
            return None
        mark = model.tokenizer.eos_token
        if mark and part.rstrip().endswith(mark) and not text.startswith(part):
            part = part.rstrip().removesuffix(mark)
        if not part or not text.startswith(part) or len(part) <= (ends[-1] if ends else 0):
            return None
        ends.append(len(part))
    return ends


MARKER = "clearheadmarker"


def _alone(model: LoadedModel, turn: dict[str, str], text: str) -> str:
    """The first turn without a message that the template puts before it, or all of the text."""
    if turn["role"] == SYSTEM:
        return text
    system = {"role": SYSTEM, "content": MARKER}
    try:
        before = _rendered(model, [system], begin=False)
        both = _rendered(model, [system, turn], begin=False)
    except BadInput:
        return text
    own = both[len(before) :] if both.startswith(before) else text
    return own if own and text.endswith(own) else text


def _added(model: LoadedModel, text: str, lead: int) -> Turn:
    """The system message that the template writes by itself, after the begin mark."""
    start, end = lead, len(text)
    try:
        marked = _rendered(model, [{"role": SYSTEM, "content": MARKER}], begin=False)
    except BadInput:
        marked = ""
    before, _, after = marked.partition(MARKER)
    if marked and text.startswith(before) and text.endswith(after):
        start, end = len(before), len(text) - len(after)
    if start >= end:  # nothing in its place: all that it writes is its own
        start, end = lead, len(text)
    return Turn(SYSTEM, start, end, lead, len(text), written=False)


def _inside(at: int, turns: tuple[Turn, ...]) -> bool:
    return any(turn.start <= at < turn.end for turn in turns if turn.written)


def first_letters(sequence: TokenSequence) -> list[int]:
    """The first character of each token's word that is no space; −1 for added tokens.

    All tokens of a word have the same: a unit that takes one takes all.
    """
    text = sequence.texts[0]
    of_word: dict[int | None, int] = {}
    own: list[int] = []
    for word, span in zip(sequence.word_ids, sequence.offsets):
        if span is None:
            own.append(-1)
            continue
        part = text[slice(*span)]
        lead = len(part) - len(part.lstrip())
        own.append(span[0] + (lead if lead < len(part) else 0))
        if lead < len(part):
            of_word[word] = min(own[-1], of_word.get(word, own[-1]))
    return [
        at if word is None else of_word.get(word, at) for word, at in zip(sequence.word_ids, own)
    ]


def as_prompt(model: LoadedModel, prompt: Any) -> Prompt:
    """A prompt that was read before, or what `read_prompt` makes of it."""
    return prompt if isinstance(prompt, Prompt) else read_prompt(model, prompt)


def decoder_begun(model: LoadedModel) -> torch.Tensor:
    """What stands before the first word that a decoder writes, (1, k).

    The start token, and what the tokenizer puts before a text that is to be written: BART has its
    begin mark there, mBART the code of the language.
    """
    target = encode(model, PROBE, as_target=True)
    own = int(np.flatnonzero(~target.sequence.special)[0])
    return decoder_inputs(model, target.inputs["input_ids"])[:, : own + 1]
