"""Let a causal language model write on, and keep what it looked at.

Words are chosen one by one, with the keys and values of earlier tokens kept where all layers
attend. The attention maps come from one pass over the finished sequence: in a causal model row i of
that pass is what the step that read token i saw, without the ragged pieces that a step-by-step run
leaves (n × n from the first step, then 1 × (n + t), and no row for the last token).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.attention.compute import check_map_memory, even_of, stack_maps
from interp_core.attention.maps import AttentionMaps
from interp_core.charted import Charted
from interp_core.errors import BadInput, InputTooLong
from interp_core.inputs.tokens import TokenSequence
from interp_core.inputs.vocabulary import token_names
from interp_core.language.next_token import best_tokens, predicting_place, ranks
from interp_core.language.residual_stream import encode_for_lm
from interp_core.models.forward import forward
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


MOST_TOKENS = 200
MOST_TEMPERATURE = 5.0
LISTED = 10


@dataclass(frozen=True)
class Generation(Charted):
    """A continuation. `text` is what was written, an end mark left out.

    `tokens`, `ids` and `probabilities` (t,) are the chosen tokens with the model's own probability
    of each (at temperature 1, whatever it was drawn with). `alternatives` has the ten best of each
    step: step, token, id, logit, probability, rank, chosen. `maps` are those of the whole sequence,
    prompt first: row i is what was read when the token after i was chosen. `prompt` is the number
    of tokens before the continuation, `ended` says whether the model wrote its end mark.
    """

    text: str
    tokens: tuple[str, ...]
    ids: np.ndarray
    probabilities: np.ndarray
    ranks: np.ndarray
    alternatives: pd.DataFrame
    maps: AttentionMaps
    prompt: int
    ended: bool

    def to_frame(self) -> pd.DataFrame:
        """One row for each written token: step, position, token, id, probability, rank."""
        steps = np.arange(len(self.tokens))
        return pd.DataFrame(
            {
                "step": steps,
                "position": steps + self.prompt,
                "token": self.tokens,
                "id": self.ids,
                "probability": self.probabilities,
                "rank": self.ranks,
            }
        )


def generate(
    model: LoadedModel,
    text: str,
    *,
    tokens: int = 10,
    temperature: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Generation:
    """Write up to `tokens` tokens after the text; stops at the model's end mark.

    Temperature 0 takes the best token each time; above it the token is drawn from softmax(logits /
    temperature), the same for the same `seed`. `progress(done, expected)` counts tokens and may
    return False to stop. Raises `BadInput`, `InputTooLong`, or `UnsupportedModel` for other tasks.
    """
    check_writing(tokens, temperature)
    encoded = encode_for_lm(model, text, ("causal-lm",))
    prompt = encoded.sequence.ids[: predicting_place(model, encoded) + 1]
    most = model.max_tokens - len(prompt)
    if tokens > most:
        raise InputTooLong(
            f"The text has {len(prompt):,} tokens and {model.name!r} reads at most "
            f"{model.max_tokens:,}. Shorten the text or generate at most {max(most, 0):,}."
        )
    check_map_memory(model, len(prompt) + tokens)
    chance = torch.Generator().manual_seed(seed)
    writer = Writer(model, prompt)
    steps: list[Any] = []
    ends, ended = end_marks(model), False
    while len(steps) < tokens and not ended:
        line = writer.line()
        number = choose(line, temperature, chance)
        steps.append(_step(model, line, number, len(steps)))
        writer.add(number)
        ended = number in ends
        report(progress, len(steps), tokens)
    return _finish(model, encoded.sequence, len(prompt), writer.ids, steps, ended)


def check_writing(tokens: int, temperature: float) -> None:
    """Raise `BadInput` for a number of tokens or a temperature out of bounds."""
    if isinstance(tokens, bool) or not 1 <= tokens <= MOST_TOKENS:
        raise BadInput(f"Between 1 and {MOST_TOKENS} tokens can be generated, not {tokens}.")
    if not 0 <= temperature <= MOST_TEMPERATURE:
        raise BadInput(f"The temperature must be between 0 and {MOST_TEMPERATURE:g}.")


def _step(model: LoadedModel, logits: torch.Tensor, number: int, step: int) -> tuple:
    """Chosen id, its probability and rank, and the table of the best."""
    best = best_tokens(model, logits, min(LISTED, len(logits)))
    best.insert(0, "step", step)
    best["chosen"] = best["id"] == number
    probability = float((logits[number] - logits.logsumexp(-1)).exp())
    return number, probability, int(ranks(logits, torch.tensor(number, device=logits.device))), best


def _finish(
    model: LoadedModel, source: TokenSequence, prompt: int, ids: list[int], steps: list, ended: bool
) -> Generation:
    numbers, probabilities, places, best = zip(*steps)
    known = token_names(model, numbers)
    names = tuple(known[number] for number in numbers)
    inputs = {"input_ids": torch.tensor([ids], device=model.device)}
    output = forward(model, inputs, output_attentions=True)
    weights, sequence = stack_maps(output.attentions), _joined(source, prompt, ids, names)
    written = numbers[:-1] if ended else numbers
    return Generation(
        model.tokenizer.decode(list(written)),
        names,
        np.asarray(numbers),
        np.asarray(probabilities),
        np.asarray(places),
        pd.concat(best, ignore_index=True),
        AttentionMaps(
            weights,
            sequence,
            sequence,
            model.layout.attention_layers,
            even=even_of(model, weights),
        ),
        prompt,
        ended,
    )


def _joined(
    source: TokenSequence, prompt: int, ids: list[int], names: tuple[str, ...]
) -> TokenSequence:
    """The prompt's tokens and the written ones, each a word of its own."""
    count = len(names)
    words = [word for word in source.word_ids[:prompt] if word is not None]
    start = max(words, default=-1) + 1
    return TokenSequence(
        (*source.tokens[:prompt], *names),
        np.asarray(ids),
        np.concatenate([source.special[:prompt], np.zeros(count, dtype=bool)]),
        (*source.word_ids[:prompt], *range(start, start + count)),
        (*source.segments[:prompt], *(0,) * count),
        (*source.offsets[:prompt], *(None,) * count),
        source.texts,
    )


class Writer:
    """The sequence so far and, where all layers attend, its keys and values."""

    def __init__(self, model: LoadedModel, prompt: np.ndarray) -> None:
        self.model, self.ids, self._cache = model, [int(number) for number in prompt], None
        self._keeps = len(model.layout.attention_layers) == model.n_layers
        self._new = list(self.ids)

    def line(self) -> torch.Tensor:
        """Logits (vocabulary,) of the next token."""
        read = self._new if self._keeps else self.ids
        ids = torch.tensor([read], device=self.model.device)
        options: dict[str, Any] = {"use_cache": False}
        if self._keeps:
            options = {"use_cache": True, "past_key_values": self._cache}
        with torch.inference_mode():
            output = self.model.model(input_ids=ids, **options, return_dict=True)
        self._cache = getattr(output, "past_key_values", None) if self._keeps else None
        self._keeps = self._cache is not None  # OpenAI-GPT keeps none: it reads everything again
        return output.logits[0, -1].float()

    def add(self, number: int) -> None:
        """The token that was chosen."""
        self.ids.append(number)
        self._new = [number]


def end_marks(model: LoadedModel) -> set[int]:
    """The end marks, of which chat models have several."""
    settings = getattr(model.model, "generation_config", None)
    ends = getattr(settings, "eos_token_id", None)
    if ends is None:
        ends = getattr(model.model.config.get_text_config(), "eos_token_id", None)
    return set(ends) if isinstance(ends, list | tuple) else {ends} - {None}


def choose(logits: torch.Tensor, temperature: float, rng: torch.Generator) -> int:
    """The best token at temperature 0, else one drawn from softmax(line / temperature)."""
    if temperature == 0:
        return int(logits.argmax())
    weights = (logits.double().cpu() / temperature).softmax(-1)
    return int(torch.multinomial(weights, 1, generator=rng))
