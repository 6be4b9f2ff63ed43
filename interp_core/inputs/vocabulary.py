"""Tokens as people read them, and the vocabulary that they come from."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from interp_core.models.record import LoadedModel


def token_name(model: LoadedModel, number: int) -> str:
    """The readable name of a vocabulary entry."""
    return token_names(model, [number])[number]


def token_names(model: LoadedModel, numbers: Iterable[int]) -> dict[int, str]:
    """The readable names of many vocabulary entries, by number."""
    wanted, byte_level = [int(number) for number in numbers], is_byte_level(model.tokenizer)
    tokens = model.tokenizer.convert_ids_to_tokens(wanted)
    return {
        # Rows that round the table up to a multiple of 64 have no name.
        number: f"unused entry {number}"
        if token is None
        else readable(str(token), byte_level=byte_level)
        for number, token in zip(wanted, tokens)
    }


def token_id(model: LoadedModel, wanted: Any, size: int) -> int:
    """The number of a token given as text, by its shown name (`▁Paris`, `##ing`) or by number.

    Raises `BadInput` for what is not exactly one of the model's `size` tokens.
    """
    if not isinstance(wanted, str):
        return _checked(wanted, size)
    tokenizer = model.tokenizer
    pieces: list[int] = []
    for text in dict.fromkeys((wanted, wanted.replace(SPACE, " "))):
        pieces = tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(pieces) == 1 and pieces[0] != tokenizer.unk_token_id:
            return pieces[0]
    number = tokenizer.convert_tokens_to_ids(wanted)
    if number is not None and (number != tokenizer.unk_token_id or wanted == tokenizer.unk_token):
        return number
    shown = ", ".join(repr(token_name(model, piece)) for piece in pieces[:8]) or "none"
    raise BadInput(
        f"{wanted!r} is not one token of this model (it reads it as: {shown}). "
        "Choose a single token; with a space in front it is often another one."
    )


def _checked(wanted: Any, size: int) -> int:
    try:
        number = operator.index(wanted)
    except TypeError:
        number = -1
    if not 0 <= number < size or isinstance(wanted, bool):
        raise BadInput(f"{wanted!r} is not a token: give its text, or a number below {size:,}.")
    return number


SPACE = "▁"  # sentencepiece's sign for "a space stands before"; used for byte-level pieces too
# Control characters by their pictures (␀, ␛, …), the rest as editors show them.
VISIBLE = {
    **{chr(number): chr(0x2400 + number) for number in range(0x20)},
    **{"\n": "↵", "\t": "⇥", "\x7f": "␡", "\xa0": "⍽"},
}
BYTE_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@lru_cache(maxsize=1)
def byte_alphabet() -> dict[str, int]:
    """The byte that each character of a byte-level (GPT-2) vocabulary stands for.

    Printable Latin-1 stands for itself; the rest was moved to code points from 256 upwards, in
    order (Radford et al. 2019).
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in set(plain)]
    alphabet = {chr(byte): byte for byte in plain}
    alphabet.update({chr(256 + place): byte for place, byte in enumerate(moved)})
    return alphabet


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether vocabulary entries are spelled in the byte alphabet."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return hasattr(tokenizer, "byte_decoder")
    if backend.decoder is None:
        return False
    # The decoder's own state: serialising the whole vocabulary would take as long as a layer.
    decoder = json.loads(backend.decoder.__getstate__())
    kinds = {decoder.get("type"), *(part.get("type") for part in decoder.get("decoders", ()))}
    return "ByteLevel" in kinds


def readable(token: str, *, byte_level: bool) -> str:
    """One vocabulary entry as people read it; bytes that are no text appear as `⟨F0 9F⟩`."""
    if match := BYTE_FALLBACK.fullmatch(token):
        return _from_bytes(bytes([int(match[1], 16)]))
    if byte_level:
        alphabet = byte_alphabet()
        if all(character in alphabet for character in token):
            return _from_bytes(bytes(alphabet[character] for character in token))
    return _visible(token)


def _from_bytes(data: bytes) -> str:
    try:
        return _visible(data.decode("utf-8"))
    except UnicodeDecodeError:
        return f"⟨{data.hex(' ').upper()}⟩"


def _visible(text: str) -> str:
    if not text:
        return "∅"
    text = text.replace(" ", SPACE)
    return "".join(VISIBLE.get(character, character) for character in text)


def with_bytes(tokens: tuple, raw: list, texts: tuple, segments: tuple, offsets: tuple) -> tuple:
    """Single bytes named by their character too, `é⟨C3⟩` and `é⟨A9⟩`, where it has several."""
    shown = list(tokens)
    for place, (segment, span) in enumerate(zip(segments, offsets)):
        if segment is not None and span is not None and len(raw[place]) == 1:
            character = texts[segment][slice(*span)]
            if len(character) == 1 and len(character.encode()) > 1:
                shown[place] = f"{character}⟨{ord(raw[place]):02X}⟩"
    return tuple(shown)
