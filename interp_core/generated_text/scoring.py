"""Log probabilities of an answer's tokens after a prompt, and after the prompt with less in it.

One pass gives all tokens of an answer: each is predicted from the prompt and the tokens before it,
which are given (teacher forcing). Token ids are taken out or exchanged directly. Prompts of one
length share a pass and nothing is padded. What follows a removed token moves up: positions count
the tokens that are left.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from interp_core.errors import BadInput
from interp_core.generated_text.prompt import decoder_begun
from interp_core.inputs.vocabulary import is_byte_level
from interp_core.language.generation import end_marks
from interp_core.models.forward import no_cache, rows_in_one_pass
from interp_core.models.preprocessors import named_id
from interp_core.progress import Counter

if TYPE_CHECKING:
    from interp_core.generated_text.answer import Answer
    from interp_core.generated_text.prompt import Prompt
    from interp_core.models.record import LoadedModel

NEUTRAL = (" _", " ...", ".", " ", "_")  # where a tokenizer has no token that stands for nothing
MOST_LOGITS = 2**26  # in one pass


class Row(NamedTuple):
    """One pass: the ids of what the model reads, and of the answer whose tokens are scored."""

    source: np.ndarray
    answer: np.ndarray


@dataclass(frozen=True)
class Scorer:
    """Scores answers after edits of one prompt; equal edits are computed once."""

    model: LoadedModel
    prompt: Prompt
    answer: Answer
    meter: Counter = field(default_factory=Counter)
    _known: dict = field(default_factory=dict)

    def without(self, sets: Sequence[Sequence[int]], replacement: int | None = None) -> np.ndarray:
        """Log p of the answer's tokens, (sets, t), without the prompt's tokens at each set of
        places; with `replacement` that token stands in their places."""
        ids = self.prompt.sequence.ids
        rows = []
        for places in sets:
            gone = np.asarray(sorted(places), dtype=int)
            if replacement is None:
                rows.append(Row(self._begun(np.delete(ids, gone)), self.answer.sequence.ids))
            else:
                edited = ids.copy()
                edited[gone] = replacement
                rows.append(Row(edited, self.answer.sequence.ids))
        return np.stack(self.rows(rows)) if rows else np.empty((0, len(self.answer)))

    def _begun(self, ids: np.ndarray) -> np.ndarray:
        return ids if len(ids) else np.array([first_token(self.model)])

    def rows(self, rows: Sequence[Row]) -> list[np.ndarray]:
        """Log p of the answer's tokens (t,) float64 of each row, whose lengths may differ."""
        keys = [(row.source.tobytes(), row.answer.tobytes()) for row in rows]
        new = {key: row for key, row in zip(keys, rows) if key not in self._known}
        self.meter.add(len(rows) - len(new))
        alike: dict[tuple[int, int], list] = {}
        for key, row in new.items():
            alike.setdefault((len(row.source), len(row.answer)), []).append(key)
        for (source, answer), members in alike.items():
            size = self._rows_in_one_pass(source, answer)
            for begin in range(0, len(members), size):
                part = members[begin : begin + size]
                found = score_rows(self.model, [new[key] for key in part])
                self._known.update(zip(part, found))
                self.meter.add(len(part))
        return [self._known[key] for key in keys]

    def _rows_in_one_pass(self, source: int, answer: int) -> int:
        vocabulary = self.model.model.config.get_text_config().vocab_size
        fitting = MOST_LOGITS // (max(answer + 1, 1) * vocabulary)
        return max(1, min(rows_in_one_pass(self.model, source + answer), fitting))


def score_rows(model: LoadedModel, rows: Sequence[Row]) -> np.ndarray:
    """Log p (rows, t) of the tokens of answers, for rows of equal lengths, in one pass."""
    sources = torch.tensor(np.stack([row.source for row in rows]), device=model.device)
    answers = torch.tensor(np.stack([row.answer for row in rows]), device=model.device)
    with torch.inference_mode():
        logits = answer_logits(model, model.model, sources, answers)
        found = [log_probabilities(*each).double() for each in zip(logits, answers)]
    return torch.stack(found).cpu().numpy()


def log_probabilities(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Log p (t,) of tokens by their logits (t, vocabulary), in float32 or the model's float64."""
    finer = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return finer.log_softmax(-1).gather(-1, ids[:, None])[:, 0]


def answer_logits(
    model: LoadedModel, network: torch.nn.Module, sources: torch.Tensor, answers: torch.Tensor
) -> torch.Tensor:
    """The logits (rows, t, vocabulary) that predict the tokens of the answers (rows, t)."""
    count = answers.shape[1]
    options = {**no_cache(model), "return_dict": True}
    if model.task == "encoder-decoder":
        begun = decoder_begun(model).expand(len(answers), -1)
        written = torch.cat([begun, answers[:, :-1]], 1)
        output = network(input_ids=sources, decoder_input_ids=written, **options)
        return output.logits[:, -count:]
    if "logits_to_keep" in inspect.signature(type(model.model).forward).parameters:
        options["logits_to_keep"] = count + 1
    output = network(input_ids=torch.cat([sources, answers], 1), **options)
    return output.logits[:, -count - 1 : -1]


def first_token(model: LoadedModel) -> int:
    """What a causal model reads where nothing of the prompt is left. Raises `BadInput`."""
    for name in ("bos", "eos", "pad"):
        number = named_id(model.tokenizer, name)
        if number is not None:
            return number
    raise BadInput(
        "Without its only unit the prompt is empty, and the tokenizer has no token to begin with. "
        "Choose smaller units."
    )


def standing_for_nothing(model: LoadedModel, wanted: str | None = None) -> tuple[str, int]:
    """Name and id of the token that stands in a removed one's place.

    Without a wish the mask, padding or unknown token, unless the model ends its answers with it;
    then a short sign such as " _". Raises `BadInput` for what is not one token.
    """
    if wanted is not None:
        ids = model.tokenizer(wanted, add_special_tokens=False, verbose=False)["input_ids"]
        if len(ids) != 1:
            raise BadInput(
                f"The replacement {wanted!r} is {len(ids)} tokens of this model. Choose one "
                "token; with a space in front it is often another one."
            )
        return wanted, ids[0]
    marks = end_marks(model) if model.task == "causal-lm" else set()
    marks |= {named_id(model.tokenizer, name) for name in ("bos", "eos")}
    # A byte-level tokenizer knows every text: what it names as unknown is its mark of an end.
    names = ("mask", "pad") if is_byte_level(model.tokenizer) else ("mask", "pad", "unk")
    for name in names:
        number = named_id(model.tokenizer, name)
        if number is not None and number not in marks:
            return f"the {name} token", number
    for text in NEUTRAL:
        ids = model.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        if len(ids) == 1:
            return text, ids[0]
    raise BadInput('The tokenizer has no token to stand for nothing. Use method="leave_one_out".')
