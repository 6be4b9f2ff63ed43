"""Baselines: the text with its words taken away, in several ways that do not agree.

Special tokens, positions and segments stay; only words give way. There is no neutral baseline:
rank correlation between pad and mask can be one half, so the record names the one used.

A causal model's first position is its attention sink: most heads of most layers send their spare
attention there, and its state is many times larger than any other. A path on which its vector
changes runs through networks that work differently, and F swings by far more than it ends up
differing (Xiao et al. 2024; Sun et al. 2024). Gradients along a path therefore leave it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.errors import BadInput
from interp_core.models.preprocessors import named_id, needed_id, unnamed

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from interp_core.attribution.forward_function import TextFunction
    from interp_core.inputs.tokens import TokenSequence

# Name: what stands in a word's place.
BASELINES: dict[str, str] = {
    "pad": "the padding token",
    "mask": "the mask token",
    "zero": "a vector of zeros",
    "unk": "the unknown token",
    "average": "mean of the scores over all baselines of the model (pad, mask, unknown, zero)",
}
PREFERRED = ("pad", "mask", "unk")
AVERAGED = ("pad", "mask", "unk", "zero")


@dataclass(frozen=True)
class Baseline:
    """A baseline: its name, what enters the network there (1, n, d), and F there."""

    name: str
    embeddings: torch.Tensor
    value: float


def evaluate_baseline(explained: TextFunction, name: str, *, path: bool = False) -> Baseline:
    """The baseline of this name, evaluated once; `path` as in `baseline_embeddings`."""
    embeddings = baseline_embeddings(explained, name, path=path)
    with torch.no_grad():
        return Baseline(name, embeddings, float(explained(embeddings)))


def available_baselines(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The names that work with this tokenizer, the default first."""
    tokens = [name for name in PREFERRED if named_id(tokenizer, name) is not None]
    return [*tokens, "zero", "average"]


def name_baselines(tokenizer: PreTrainedTokenizerBase, requested: str | None) -> tuple[str, ...]:
    """The baselines to compute: one, or several for "average". None takes the first available.

    Raises `BadInput` for unknown names and for tokens that the model does not have.
    """
    known = available_baselines(tokenizer)
    if requested is None:
        return (known[0],)
    if requested not in BASELINES:
        raise BadInput(f"Unknown baseline {requested!r}. Choose one of: {', '.join(known)}.")
    if requested not in known:
        raise BadInput(
            f"The tokenizer has no {requested} token for the baseline. "
            f"{unnamed(tokenizer, requested)} Or choose one of: {', '.join(known)}."
        )
    return (
        tuple(name for name in AVERAGED if name in known)
        if requested == "average"
        else (requested,)
    )


def baseline_embeddings(explained: TextFunction, name: str, *, path: bool = False) -> torch.Tensor:
    """What enters the network at the baseline, (1, n, d): words replaced, the rest as it is.

    With `path` the first token stays where `keeps_first` says so.
    """
    stays = non_word_mask(explained.model.tokenizer, explained.encoded.sequence)
    if path and keeps_first(explained):
        stays[0] = True
    keep = torch.as_tensor(stays, device=explained.embeddings.device)
    if name == "zero":
        words = torch.zeros_like(explained.embeddings)
    else:
        ids = explained.encoded.inputs["input_ids"]
        number = needed_id(explained.model.tokenizer, name)
        words = explained.port.embed(torch.full_like(ids, number))
    return torch.where(keep[None, :, None], explained.embeddings, words.to(explained.embeddings))


def keeps_first(explained: TextFunction) -> bool:
    """Whether gradients along a path leave the first token of this text as it is, with score 0.

    So in causal language models whose tokenizer puts no special token there, unless the first
    token is all that the explained output can see.
    """
    sequence = explained.encoded.sequence
    seen = slice(0, max(explained.target.places, default=0) + 1)
    words = ~non_word_mask(explained.model.tokenizer, sequence)[seen]
    return explained.model.task == "causal-lm" and bool(words[0]) and words.sum() > 1


def non_word_mask(tokenizer: PreTrainedTokenizerBase, sequence: TokenSequence) -> np.ndarray:
    """Bool mask (n,) of tokens that are no words: added by the tokenizer, or typed like `[MASK]`.

    The unknown token stands for a word, so it is not among them.
    """
    typed = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    return sequence.special | np.isin(sequence.ids, sorted(typed))


def replacement_id(
    tokenizer: PreTrainedTokenizerBase, requested: str | None = None
) -> tuple[str, int]:
    """Name and id of the token that stands for a masked word: mask, else pad, else unknown."""
    for name in [requested] if requested else ["mask", "pad", "unk"]:
        number = named_id(tokenizer, name)
        if number is not None:
            return name, number
    raise BadInput(
        f"This model has no {requested or 'mask, padding or unknown'} token to replace a word "
        'with. Use mode="delete".'
    )
