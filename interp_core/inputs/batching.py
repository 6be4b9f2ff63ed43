"""Texts of a model in batches: of equal lengths, or padded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from interp_core.errors import BadInput, ClearheadError, InputTooLong
from interp_core.inputs.tokens import Encoded, check_text, encode, longest_beginning
from interp_core.inputs.vocabulary import is_byte_level, readable
from interp_core.models.architecture import encoder_body
from interp_core.models.preprocessors import vector_count

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel


BATCH_TEXTS = 32  # enough to keep two cores busy; more only costs memory
PADDED_PAIRS = 2**17  # query-key pairs of a batch: what is held of one layer stays below 20 MB
MOST_PADDING = 0.08  # of the tokens of a batch
MAX_CHARACTERS = 1_000_000  # no model here reads more, and tokenizing it would take seconds


@dataclass(frozen=True)
class TokenizedText:
    """One tokenized text: `ids`, `special` (added by the tokenizer) and `segments`, all (n,)."""

    text: str
    ids: np.ndarray
    special: np.ndarray
    segments: np.ndarray | None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def key(self) -> int:
        """A number below 2^63 that depends on the tokens alone."""
        data = np.ascontiguousarray(self.ids, dtype=np.int64).tobytes()
        return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True)
class PaddedBatch:
    """Tensors (texts, n) on the model's device, padded on the right where `mask` is False."""

    rows: tuple[int, ...]
    ids: Tensor
    mask: Tensor
    special: Tensor
    separator: Tensor
    punctuation: Tensor
    inputs: dict[str, Tensor]


@dataclass(frozen=True)
class TokenKinds:
    """Which of a tokenizer's tokens are punctuation, (vocabulary,) bool, and which separate."""

    punctuation: np.ndarray
    separators: tuple[int, ...]


_KINDS: WeakKeyDictionary[object, TokenKinds] = WeakKeyDictionary()


def token_kinds(model: LoadedModel) -> TokenKinds:
    """Kinds of the model's tokens, found once.

    Punctuation has a visible character but no letter or digit. The separator is the tokenizer's
    own, or its end mark where it has none.
    """
    tokenizer = model.tokenizer
    if tokenizer not in _KINDS:
        size, byte_level = len(tokenizer), is_byte_level(tokenizer)
        names = tokenizer.convert_ids_to_tokens(list(range(size)))
        shown = [readable(str(name), byte_level=byte_level) for name in names]
        marks = np.array([_is_punctuation(each) for each in shown], dtype=bool)
        marks[list(tokenizer.all_special_ids)] = False
        ends = (tokenizer.sep_token_id, tokenizer.eos_token_id)
        found = next((number for number in ends if number is not None), None)
        _KINDS[tokenizer] = TokenKinds(marks, () if found is None else (found,))
    return _KINDS[tokenizer]


def _is_punctuation(token: str) -> bool:
    return bool(token.strip("▁#Ġ ␣")) and not any(each.isalnum() for each in token)


def tokenize(model: LoadedModel, texts: Sequence[Any]) -> list[TokenizedText | ClearheadError]:
    """Each text tokenized, or the error that says why it cannot be read."""
    encoder_body(model)
    found: list[TokenizedText | ClearheadError | None] = [_refusal(text) for text in texts]
    good = [place for place, error in enumerate(found) if error is None]
    if good:
        read = model.tokenizer(
            [texts[place] for place in good], return_special_tokens_mask=True, verbose=False
        )
        for number, place in enumerate(good):
            found[place] = _tokens(model, texts[place], read, number)
    return found


def _refusal(text: Any) -> ClearheadError | None:
    try:
        check_text(text)
    except BadInput as error:
        return error
    if len(text) > MAX_CHARACTERS:
        return InputTooLong(f"The text has {len(text):,} characters. Split it.")
    return None


def _tokens(
    model: LoadedModel, text: str, read: dict, number: int
) -> TokenizedText | ClearheadError:
    ids = np.asarray(read["input_ids"][number])
    special = np.asarray(read["special_tokens_mask"][number], dtype=bool)
    if special.all():
        return BadInput("The tokenizer finds no tokens in this text. Enter a word.")
    if len(ids) > model.max_tokens:
        return InputTooLong(
            f"The text has {len(ids):,} tokens; {model.name!r} reads at most "
            f"{model.max_tokens:,}. Shorten or split it."
        )
    if ids.max() >= vector_count(model.model):
        return BadInput("The tokenizer knows a token here that the model has no vector for.")
    segments = np.asarray(read["token_type_ids"][number]) if "token_type_ids" in read else None
    return TokenizedText(
        text, ids, special, segments if segments is not None and segments.any() else None
    )


@dataclass(frozen=True)
class BatchRoom:
    """How large a batch may be: `texts`, query-key `pairs` and, where given, `tokens`.

    Padding counts. A batch holds one text at least.
    """

    texts: int = BATCH_TEXTS
    pairs: int = PADDED_PAIRS
    tokens: int | None = None

    def holds(self, count: int, longest: int) -> bool:
        """Whether `count` texts, padded to `longest` tokens, fit in one batch."""
        fits = self.tokens is None or count * longest <= self.tokens
        return fits and count <= self.texts and count * longest**2 <= self.pairs


def plan_batches(
    lengths: Sequence[int],
    batch_size: int = BATCH_TEXTS,
    *,
    padding: bool = True,
    room: BatchRoom | None = None,
) -> Iterator[tuple[int, ...]]:
    """Places of the texts of each batch, short ones first; padding stays below 8 % in each.

    `room` replaces the bounds that are usual for the main memory, and `batch_size`.
    """
    room = room or BatchRoom(batch_size)
    order = np.argsort(lengths, kind="stable")
    batch: list[int] = []
    total = 0
    for place in map(int, order):
        longest = lengths[place]
        count, filled = len(batch) + 1, total + longest
        full = not room.holds(count, longest)
        loose = filled < count * longest * (1 - MOST_PADDING * padding)
        if batch and (full or loose):
            yield tuple(batch)
            batch, filled = [], longest
        batch.append(place)
        total = filled
    if batch:
        yield tuple(batch)


def collate(
    model: LoadedModel, texts: Sequence[TokenizedText], rows: tuple[int, ...]
) -> PaddedBatch:
    """The texts at `rows` as one batch."""
    chosen = [texts[row] for row in rows]
    kinds, width = token_kinds(model), max(map(len, chosen))
    ids = np.full((len(rows), width), model.tokenizer.pad_token_id or 0, dtype=np.int64)
    mask, special = np.zeros(ids.shape, dtype=bool), np.zeros(ids.shape, dtype=bool)
    segments = np.zeros_like(ids)
    for row, each in enumerate(chosen):
        ids[row, : len(each)], special[row, : len(each)] = each.ids, each.special
        mask[row, : len(each)] = True
        if each.segments is not None:
            segments[row, : len(each)] = each.segments
    marks = {
        "ids": ids,
        "mask": mask,
        "special": special & mask,
        "separator": special & np.isin(ids, kinds.separators) & mask,
        "punctuation": kinds.punctuation[ids] & ~special & mask,
    }
    tensors = {name: torch.from_numpy(value).to(model.device) for name, value in marks.items()}
    inputs = {"input_ids": tensors["ids"], "attention_mask": tensors["mask"].long()}
    if segments.any():
        inputs["token_type_ids"] = torch.from_numpy(segments).to(model.device)
    return PaddedBatch(rows, inputs=inputs, **tensors)


EQUAL_TOKENS = 2048  # tokens in one pass
EQUAL_PAIRS = 2**19  # query-key pairs in one pass: the maps of a layer stay below 100 MB


def read_all(
    model: LoadedModel, texts: Sequence[str], *, truncate: bool = False, limit: int | None = None
) -> tuple[list[Encoded], list[int]]:
    """Every text encoded, and the places of those that were cut to the model's limit.

    `limit` is a limit of tokens below the model's own, at which texts are cut within words too.

    Raises `BadInput` and `InputTooLong` with the number of the text.
    """
    encoder_body(model)
    if isinstance(texts, str):
        texts = [texts]
    encoded, cut = [], []
    for number, text in enumerate(texts):
        try:
            encoded.append(encode(model, text, limit=limit))
        except InputTooLong as error:
            if not truncate:
                raise InputTooLong(f"Text {number + 1}: {error} Or allow truncation.") from error
            beginning = text if limit else longest_beginning(model, text)
            encoded.append(encode(model, beginning, limit=limit, cut=limit is not None))
            cut.append(number)
        except BadInput as error:
            raise BadInput(f"Text {number + 1}: {error}") from error
    if not encoded:
        raise BadInput("There are no texts. Give at least one.")
    return encoded, cut


def equal_lengths(lengths: list[int]) -> Iterator[tuple[int, ...]]:
    """Places of equal lengths, as many as fit in one pass."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        length = lengths[order[start]]
        size = max(1, min(EQUAL_TOKENS // length, EQUAL_PAIRS // length**2))
        rows = [int(row) for row in order[start : start + size] if lengths[row] == length]
        yield tuple(rows)
        start += len(rows)
