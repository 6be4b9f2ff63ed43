"""Where the pieces of a tokenizer that keeps no offsets stand in the text.

Tokenizers written in Python (BERTweet, XLM, CTRL, ByT5, ...) tell pieces and nothing of their
places. Each marks in its own way how pieces join to words; which way is found out by asking it to
join two. The letters of all pieces are then laid beside those of the text.
"""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from interp_core.inputs.vocabulary import SPACE, readable

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# A mark, whether it stands in front, and two pieces with it that are read as `joined`.
MARKS = (
    ("@@", False, ("a@@", "b"), "ab"),  # BERTweet, PhoBERT, CTRL, BlenderbotSmall
    ("</w>", False, ("a</w>", "b</w>"), "a b"),  # XLM, FlauBERT, BioGPT
    ("##", True, ("a", "##b"), "ab"),  # ProphetNet, RoCBert
)
Spans = list[tuple[int, int] | None]


def reads_bytes(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether each piece is one byte of UTF-8, written as the character of that number (ByT5)."""
    if tokenizer.is_fast:
        return False
    return tokenizer.tokenize("é") == [chr(byte) for byte in "é".encode()]


def piece_spans(
    tokenizer: PreTrainedTokenizerBase, text: str, pieces: list[str], *, byte_level: bool = False
) -> Spans:
    """(start, end) characters of each piece; a piece of which nothing is found gets the gap."""
    if reads_bytes(tokenizer) and sum(len(piece) == 1 for piece in pieces) == len(pieces):
        owners = [place for place, each in enumerate(text) for _ in each.encode("utf-8")]
        if len(owners) == len(pieces):
            return [(owner, owner + 1) for owner in owners]
    marks = [each for each in MARKS if _joins(tokenizer, each[2], each[3])]
    surfaces = [_surface(piece, marks, byte_level) for piece in pieces]
    return _fill(_align(text, surfaces), text)


def _joins(tokenizer: PreTrainedTokenizerBase, pair: tuple[str, str], joined: str) -> bool:
    try:
        return tokenizer.convert_tokens_to_string(list(pair)).strip() == joined
    except (TypeError, ValueError, KeyError):  # ByT5 knows single characters only
        return False


def _surface(piece: str, marks: list, byte_level: bool) -> str:
    """The letters that a piece stands for."""
    for mark, in_front, *_ in marks:
        if piece != mark:
            piece = piece.removeprefix(mark) if in_front else piece.removesuffix(mark)
    if byte_level:
        piece = readable(piece, byte_level=True)
    return piece.replace(SPACE, " ")


def _letters(text: str) -> tuple[str, list[int]]:
    """The text in plain small letters without spaces and accents, and where each comes from."""
    plain, owners = [], []
    for place, character in enumerate(text):
        for each in unicodedata.normalize("NFKD", character).casefold():
            if not each.isspace() and not unicodedata.combining(each):
                plain.append(each)
                owners.append(place)
    return "".join(plain), owners


def _align(text: str, surfaces: list[str]) -> Spans:
    """The span of each surface, or None where none of its letters is found in order."""
    wanted, places = _letters(text)
    letters, owners = [], []
    for number, surface in enumerate(surfaces):
        part, _ = _letters(surface)
        letters.append(part)
        owners += [number] * len(part)
    joined = "".join(letters)
    if joined == wanted:
        pairs = list(zip(owners, places))
    else:
        blocks = SequenceMatcher(None, joined, wanted, autojunk=False).get_matching_blocks()
        pairs = [
            (owners[a + step], places[b + step]) for a, b, size in blocks for step in range(size)
        ]
    spans: Spans = [None] * len(surfaces)
    for number, place in pairs:
        start, end = spans[number] or (place, place + 1)
        spans[number] = (min(start, place), max(end, place + 1))
    return spans


def _fill(spans: Spans, text: str) -> Spans:
    """Give what lies between two found pieces to the pieces between them (unknown tokens)."""
    filled, place = list(spans), 0
    while place < len(filled):
        if filled[place] is not None:
            place += 1
            continue
        last = place
        while last < len(filled) and filled[last] is None:
            last += 1
        start = filled[place - 1][1] if place else 0
        end = filled[last][0] if last < len(filled) else len(text)
        filled[place:last] = _shares(text, start, max(start, end), last - place)
        place = last
    return filled


def _shares(text: str, start: int, end: int, count: int) -> Spans:
    """The words of a gap one by one where they are as many as the pieces, else the whole gap."""
    words, place = [], start
    for word in text[start:end].split():
        place = text.index(word, place)
        words.append((place, place + len(word)))
        place += len(word)
    if len(words) == count:
        return words
    whole = (words[0][0], words[-1][1]) if words else (start, start)
    return [whole] * count
