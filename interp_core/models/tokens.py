"""Turn text into tokens that know their word, their place in the text and how to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING

import numpy as np

from interp_core.errors import BadInput, InputTooLong, UnsupportedModel
from interp_core.models.display import is_byte_level, readable
from interp_core.models.words import number_keys, number_words, units_of, with_marks

if TYPE_CHECKING:
    import torch

    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class TokenSequence:
    """The tokens that a model reads, in order. All arrays have length n.

    `tokens` are for display, `ids` are the vocabulary numbers, `special` marks tokens the tokenizer
    added, `word_ids` numbers the words over both texts from 0 (None for special tokens), `offsets`
    are (start, end) characters in `texts[segment]`, or None without a source.
    """

    tokens: tuple[str, ...]
    ids: np.ndarray
    special: np.ndarray
    word_ids: tuple[int | None, ...]
    segments: tuple[int | None, ...]
    offsets: tuple[tuple[int, int] | None, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def units(self) -> str:
        """What `word_ids` number: "words"; "segments" of writing without spaces, which a segmenter
        finds; "tokens" where no word can be told; several are joined by " and "."""
        return units_of(self.texts)

    def word_text(self, word: int) -> str:
        """The characters of one word, from its first to its last token."""
        members = [place for place, number in enumerate(self.word_ids) if number == word]
        spans = [self.offsets[place] for place in members]
        if any(span is None for span in spans):
            return "".join(self.tokens[place] for place in members)
        text = self.texts[self.segments[members[0]] or 0]
        found = text[min(a for a, _ in spans) : max(b for _, b in spans)].strip()
        return found or "".join(self.tokens[place] for place in members)


@dataclass(frozen=True)
class Encoded:
    """Model inputs (tensors of shape (1, n) on the model's device) and what they stand for."""

    inputs: dict[str, torch.Tensor]
    sequence: TokenSequence


def check_text(text: object, what: str = "text") -> str:
    """The text itself, or `BadInput` for what no tokenizer can read."""
    if not isinstance(text, str):
        raise BadInput(f"The {what} must be a string, not {type(text).__name__}.")
    if not text.strip():
        raise BadInput(f"The {what} is empty. Type a word or a sentence.")
    for place, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise BadInput(
                f"The {what} has half of a character (a lone surrogate) at position {place}. "
                "Delete it and type the character again."
            )
    return text


def encode(model: LoadedModel, text: str, text_pair: str | None = None) -> Encoded:
    """Tokenize one text or a pair for the model.

    Raises `BadInput` for text that holds nothing to read, `InputTooLong` beyond the model's limit
    (nothing is cut silently), `UnsupportedModel` for a model that reads no text.
    """
    if model.tokenizer is None:
        raise UnsupportedModel(f"{model.name!r} reads images, not text.")
    texts = (check_text(text),)
    if text_pair is not None:
        texts += (check_text(text_pair, "second text"),)
    batch = model.tokenizer(*texts, return_tensors="pt", return_special_tokens_mask=True)
    count = batch["input_ids"].shape[1]
    if bool(batch["special_tokens_mask"].all()):
        raise BadInput("The tokenizer finds nothing to read in this text. Type a word.")
    if count > model.max_tokens:
        raise InputTooLong(
            f"The text has {count:,} tokens; {model.name!r} reads at most {model.max_tokens:,}. "
            f"Shorten it to about {round(100 * model.max_tokens / count)} % of its length."
        )
    sequence = _sequence(model, batch, texts)
    _check_ids(model, sequence)
    return Encoded(_inputs(model, batch), sequence)


def _check_ids(model: LoadedModel, sequence: TokenSequence) -> None:
    rows = model.model.get_input_embeddings().num_embeddings
    beyond = np.flatnonzero(sequence.ids >= rows)
    if len(beyond):
        raise BadInput(
            f"The tokenizer knows the token {sequence.tokens[beyond[0]]!r}, the model does not: "
            f"it has vectors for {rows:,} tokens. Leave the token out."
        )


def _inputs(model: LoadedModel, batch: object) -> dict[str, torch.Tensor]:
    # Tokenizers may offer segment ids that the model has no argument for.
    accepted = signature(model.model.forward).parameters
    names = set(model.tokenizer.model_input_names) & accepted.keys()
    names |= {"input_ids", "attention_mask"}
    return {name: batch[name].to(model.device) for name in batch.keys() & names}


def _sequence(model: LoadedModel, batch: object, texts: tuple[str, ...]) -> TokenSequence:
    ids = batch["input_ids"][0].numpy()
    special = batch["special_tokens_mask"][0].numpy().astype(bool)
    byte_level = is_byte_level(model.tokenizer)
    raw = model.tokenizer.convert_ids_to_tokens(ids.tolist())
    tokens = tuple(readable(str(token), byte_level=byte_level) for token in raw)
    encoding = batch.encodings[0] if getattr(batch, "encodings", None) else None
    if encoding is None:  # a tokenizer without offsets: every piece is a word of its own
        segments = tuple(None if mark else 0 for mark in special)
        offsets: tuple = (None,) * len(ids)
        words = number_keys([None if mark else (0, i) for i, mark in enumerate(special)])
        return TokenSequence(tokens, ids, special, words, segments, offsets, texts)
    segments = tuple(None if mark else s or 0 for s, mark in zip(encoding.sequence_ids, special))
    offsets = tuple(None if s is None else o for o, s in zip(encoding.offsets, segments))
    offsets = with_marks(texts, offsets, segments)
    words = number_words(texts, tokens, offsets, segments)
    return TokenSequence(tokens, ids, special, words, segments, offsets, texts)
