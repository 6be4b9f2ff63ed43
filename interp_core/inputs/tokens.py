"""Turn text into tokens that know their word, their place in the text and how to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import BadInput, EmptyText, InputTooLong, UnsupportedModel
from interp_core.inputs.pieces import piece_spans, reads_bytes
from interp_core.inputs.vocabulary import is_byte_level, readable, with_bytes
from interp_core.inputs.words import number_words, units_of, with_marks
from interp_core.models.preprocessors import input_names, vector_count

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

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
        finds; "tokens" where words cannot be told apart; several are joined by " and "."""
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
        raise EmptyText(f"The {what} is empty. Enter a word or a sentence.")
    for place, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise BadInput(
                f"The {what} has half of a character (a lone surrogate) at position {place}. "
                "Delete it and type the character again."
            )
    return text


def encode(
    model: LoadedModel,
    text: str,
    text_pair: str | None = None,
    *,
    as_target: bool = False,
    limit: int | None = None,
    cut: bool = False,
    add_special: bool = True,
) -> Encoded:
    """Tokenize one text or a pair for the model; `as_target` as what a decoder is to write.

    `limit` is a limit of tokens below the model's own; `cut` leaves out what lies beyond it.
    Without `add_special` the text holds its special tokens already, as a chat template writes them.

    Raises `BadInput` for text that holds nothing to read, `InputTooLong` beyond the model's limit
    (nothing is cut silently), `UnsupportedModel` for a model that reads no text.
    """
    if model.tokenizer is None:
        raise UnsupportedModel(f"{model.name!r} reads images, not text.")
    texts: tuple[str, ...] = (check_text(text),)
    if text_pair is not None:
        texts += (check_text(text_pair, "second text"),)
    limit = min(limit or model.max_tokens, model.max_tokens)
    # `verbose` would warn of every long text before it is refused or cut here.
    asked = {"return_tensors": "pt", "return_special_tokens_mask": True, "verbose": False}
    asked |= {"truncation": True, "max_length": limit} if cut else {}
    asked |= {} if add_special else {"add_special_tokens": False}
    batch = model.tokenizer(
        *(() if as_target else texts), **asked, **({"text_target": text} if as_target else {})
    )
    count = batch["input_ids"].shape[1]
    if add_special and bool(batch["special_tokens_mask"].all()):
        raise BadInput("The tokenizer finds no tokens in this text. Enter a word.")
    if count > limit:
        raise InputTooLong(
            f"The text has {count:,} tokens; {model.name!r} reads at most {limit:,}. Shorten "
            f"it to about {round(100 * limit / count)}% of its length."
        )
    sequence = _sequence(model, batch, texts)
    _check_ids(model, sequence)
    return Encoded(_inputs(model, batch), sequence)


def _check_ids(model: LoadedModel, sequence: TokenSequence) -> None:
    rows = vector_count(model.model)
    beyond = np.flatnonzero(sequence.ids >= rows)
    if len(beyond):
        raise BadInput(
            f"The tokenizer knows the token {sequence.tokens[beyond[0]]!r}, the model does not: "
            f"it has vectors for {rows:,} tokens. Leave the token out."
        )


def _inputs(model: LoadedModel, batch: Any) -> dict[str, torch.Tensor]:
    names = input_names(model.model, model.tokenizer, batch)
    return {name: batch[name].to(model.device) for name in names}


def _sequence(model: LoadedModel, batch: Any, texts: tuple[str, ...]) -> TokenSequence:
    ids = batch["input_ids"][0].numpy()
    special = batch["special_tokens_mask"][0].numpy().astype(bool)
    byte_level = is_byte_level(model.tokenizer)
    raw = model.tokenizer.convert_ids_to_tokens(ids.tolist())
    tokens = tuple(readable(str(token), byte_level=byte_level) for token in raw)
    encoding = batch.encodings[0] if getattr(batch, "encodings", None) else None
    if encoding is None:
        segments, offsets = _without_offsets(model.tokenizer, texts, raw, special, byte_level)
        if reads_bytes(model.tokenizer):
            tokens = with_bytes(tokens, raw, texts, segments, offsets)
    else:
        segments = tuple(
            None if mark else s or 0 for s, mark in zip(encoding.sequence_ids, special)
        )
        offsets = tuple(None if s is None else o for o, s in zip(encoding.offsets, segments))
    offsets = with_marks(texts, offsets, segments)
    words = number_words(texts, tokens, offsets, segments)
    return TokenSequence(tokens, ids, special, words, segments, offsets, texts)


def _without_offsets(
    tokenizer: PreTrainedTokenizerBase,
    texts: tuple[str, ...],
    raw: list[str],
    special: np.ndarray,
    byte_level: bool,
) -> tuple[tuple, tuple]:
    """Segments and offsets of the pieces of a tokenizer that tells neither."""
    own = np.flatnonzero(~special)
    border = len(own)
    if len(texts) > 1:
        border = len(tokenizer(texts[0], add_special_tokens=False, verbose=False)["input_ids"])
    segments: list[int | None] = [None] * len(raw)
    offsets: list[tuple[int, int] | None] = [None] * len(raw)
    for number, places in enumerate((own[:border], own[border:])[: len(texts)]):
        pieces = [raw[place] for place in places]
        spans = piece_spans(tokenizer, texts[number], pieces, byte_level=byte_level)
        for place, span in zip(places, spans):
            segments[place], offsets[place] = number, span
    return tuple(segments), tuple(offsets)


def longest_beginning(model: LoadedModel, text: str) -> str:
    """The longest beginning of a text that the model can read."""
    tokenizer, plain = model.tokenizer, check_text(text)
    kept = plain[: _cut_place(tokenizer, plain, model.max_tokens)]
    # The cut may fall between the bytes of one character: then that one goes too.
    while len(kept) > 1 and len(tokenizer(kept, verbose=False)["input_ids"]) > model.max_tokens:
        kept = kept[:-1]
    return kept


def _cut_place(tokenizer: PreTrainedTokenizerBase, text: str, limit: int) -> int:
    cut = {"truncation": True, "max_length": limit, "verbose": False}
    if tokenizer.is_fast:
        read = tokenizer(text, return_offsets_mapping=True, **cut)
        return max(end for _, end in read["offset_mapping"])
    kept = tokenizer(text, return_special_tokens_mask=True, **cut)
    count = kept["special_tokens_mask"].count(0)
    pieces = tokenizer.convert_ids_to_tokens(
        tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    )
    spans = piece_spans(tokenizer, text, pieces, byte_level=is_byte_level(tokenizer))
    return max(span[1] for span in spans[:count])
