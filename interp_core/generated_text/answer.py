"""An answer to a prompt as tokens: typed by somebody, or written by the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.errors import BadInput, InputTooLong
from interp_core.generated_text.prompt import decoder_begun, refuse_special
from interp_core.inputs.tokens import TokenSequence, check_text, encode
from interp_core.inputs.vocabulary import token_names
from interp_core.inputs.words import number_words
from interp_core.language.generation import Writer, check_writing, choose, end_marks
from interp_core.models.forward import no_cache
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.generated_text.prompt import Prompt
    from interp_core.models.record import LoadedModel

SPLIT_BORDER = (
    "Read as one text, prompt and answer would have other tokens at their border. The answer's "
    "tokens are read apart from the prompt, as a model writes them."
)
SPACE_ADDED = " The tokenizer puts a space before it, which was not typed."


@dataclass(frozen=True)
class Answer:
    """`text` and its tokens `sequence` (t,), without an end mark.

    `ended` says whether the model wrote its end mark after it, None for a typed answer. `note` is a
    sentence about how it was read, or empty.
    """

    text: str
    sequence: TokenSequence
    ended: bool | None = None
    note: str = ""

    def __len__(self) -> int:
        return len(self.sequence)


def read_answer(model: LoadedModel, prompt: Prompt, text: str) -> Answer:
    """A typed answer as the tokens that follow the prompt.

    Where both read as one text begin with the prompt's tokens, the answer has those that follow.
    Elsewhere a token would reach over the border: the answer is then read by itself, and `note`
    says so. Raises `BadInput` and `InputTooLong`.
    """
    check_text(text, "answer")
    if model.task == "encoder-decoder":
        return _for_decoder(model, text)
    if prompt.turns:
        refuse_special(model, text, "The answer")
    return _joined(model, prompt, text) or _apart(model, prompt, text)


def _joined(model: LoadedModel, prompt: Prompt, text: str) -> Answer | None:
    whole = encode(model, prompt.text + text, add_special=not prompt.turns).sequence
    size, border = len(prompt), len(prompt.text)
    same = len(whole) > size and np.array_equal(whole.ids[:size], prompt.sequence.ids)
    rest = [place for place in range(size, len(whole)) if not whole.special[place]]
    spans = [whole.offsets[place] for place in rest]
    if not same or not rest or any(span is None or span[0] < border for span in spans):
        return None
    offsets = tuple((start - border, end - border) for start, end in spans)
    return Answer(text, _sequence(model, whole.ids[rest], text, offsets))


def _apart(model: LoadedModel, prompt: Prompt, text: str) -> Answer:
    batch = model.tokenizer(text, add_special_tokens=False, verbose=False)
    answer = _of_ids(model, np.array(batch["input_ids"], dtype=np.int64), prompt)
    if not len(answer):
        raise BadInput("The tokenizer finds no tokens in the answer. Enter a word.")
    added = answer.text[:1].isspace() and not text[:1].isspace()
    return Answer(answer.text, answer.sequence, None, SPLIT_BORDER + SPACE_ADDED * added)


def _for_decoder(model: LoadedModel, text: str) -> Answer:
    read = encode(model, text, as_target=True).sequence
    own = np.flatnonzero(~read.special)
    return _of_ids(model, read.ids[own], None)


def _of_ids(
    model: LoadedModel, ids: np.ndarray, prompt: Prompt | None, ended: bool | None = None
) -> Answer:
    """The answer of these tokens, each with the characters that it adds to the text.

    Tokens that are only together a character, or whose text changes with the next one, share the
    characters of all of them.
    """
    before = [int(prompt.sequence.ids[-1])] if prompt is not None else []
    numbers, decode = [int(each) for each in ids], model.tokenizer.decode
    given, whole = decode(before) if before else "", decode([*before, *numbers])
    if not whole.startswith(given):
        before, given, whole = [], "", decode(numbers)
    ends = [0]  # after each token; the same as before where no character is finished
    for count in range(1, len(numbers) + 1):
        longer = decode([*before, *numbers[:count]])
        known = whole.startswith(longer)
        ends.append(max(ends[-1], len(longer) - len(given)) if known else ends[-1])
    text = whole[len(given) :]
    return Answer(text, _sequence(model, ids, text, _shared(ends)), ended)


def _shared(ends: list[int]) -> tuple[tuple[int, int], ...]:
    """The characters of each token: of those that finish none, up to the next one that does."""
    later = [ends[-1]] * len(ends)
    for place in range(len(ends) - 2, 0, -1):
        later[place] = ends[place] if ends[place] > ends[place - 1] else later[place + 1]
    return tuple(zip(ends, later[1:]))


def _sequence(
    model: LoadedModel, ids: np.ndarray, text: str, offsets: tuple[tuple[int, int], ...]
) -> TokenSequence:
    names = token_names(model, ids)
    tokens = tuple(names[int(number)] for number in ids)
    segments = (0,) * len(tokens)
    words = number_words((text,), tokens, offsets, segments)
    none = np.zeros(len(tokens), dtype=bool)
    return TokenSequence(tokens, np.asarray(ids), none, words, segments, offsets, (text,))


def write_answer(
    model: LoadedModel,
    prompt: Prompt,
    *,
    tokens: int = 40,
    temperature: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Answer:
    """Let the model answer with up to `tokens` tokens; it may stop earlier at its end mark.

    Temperature 0 takes the best token each time; above it tokens are drawn, the same for the same
    `seed`. `progress(done, expected)` counts tokens. Raises `BadInput` and `InputTooLong`.
    """
    check_writing(tokens, temperature)
    _check_length(model, prompt, tokens)
    rng = torch.Generator().manual_seed(seed)
    writer = (Writer if model.task == "causal-lm" else _DecoderWriter)(model, prompt.sequence.ids)
    ids: list[int] = []
    ends, ended = end_marks(model), False
    while len(ids) < tokens and not ended:
        number = choose(writer.line(), temperature, rng)
        ended = number in ends
        if not ended:
            ids.append(number)
            writer.add(number)
        report(progress, len(ids), tokens)
    if not ids:
        raise BadInput(
            "The model writes its end mark at once: its answer is empty. Type an answer, or "
            "change the prompt."
        )
    before = prompt if model.task == "causal-lm" else None
    answer = _of_ids(model, np.array(ids), before, ended)
    if not answer.text.strip():
        raise BadInput("The model's answer is white space alone. Type an answer.")
    return answer


def answer_room(model: LoadedModel, prompt: Prompt) -> int:
    """How many tokens an answer may have, 0 or less where it has no room.

    A causal model reads prompt and answer at once. A decoder reads its begin marks and the answer
    without its last token.
    """
    if model.task == "causal-lm":
        return model.max_tokens - len(prompt)
    return model.max_tokens - decoder_begun(model).shape[1] + 1


def check_length(model: LoadedModel, prompt: Prompt, answer: Answer) -> None:
    """Raise `InputTooLong` for what the model cannot read at once."""
    _check_length(model, prompt, len(answer))


def _check_length(model: LoadedModel, prompt: Prompt, answer: int) -> None:
    room = answer_room(model, prompt)
    if answer <= room:
        return
    if model.task == "causal-lm":
        raise InputTooLong(
            f"Prompt and answer have {len(prompt) + answer:,} tokens; {model.name!r} reads at most "
            f"{model.max_tokens:,}. Shorten the prompt or the answer."
        )
    raise InputTooLong(
        f"The answer has {answer:,} tokens; the decoder of {model.name!r} writes at most {room:,}. "
        "Shorten the answer."
    )


class _DecoderWriter:
    """The decoder of an encoder-decoder model, which reads what it has written again each time."""

    def __init__(self, model: LoadedModel, ids: np.ndarray) -> None:
        self._model, self._ids = model, decoder_begun(model)
        source = torch.tensor(np.asarray(ids)[None], device=model.device)
        with torch.inference_mode():
            self._read = model.model.get_encoder()(input_ids=source, return_dict=True)

    def line(self) -> torch.Tensor:
        """Logits (vocabulary,) of the next token."""
        with torch.inference_mode():
            output = self._model.model(
                encoder_outputs=self._read,
                decoder_input_ids=self._ids,
                **no_cache(self._model),
                return_dict=True,
            )
        return output.logits[0, -1].float()

    def add(self, number: int) -> None:
        """The token that was chosen."""
        new = torch.tensor([[number]], device=self._ids.device)
        self._ids = torch.cat([self._ids, new], 1)
