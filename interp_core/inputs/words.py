"""Words of a text and of a model: which tokens belong to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import regex

from interp_core.inputs.vocabulary import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interp_core.inputs.tokens import TokenSequence


WORDS, SEGMENTS, TOKENS = KINDS = ("words", "segments", "tokens")
LONGEST = 80  # letters; the longest words in dictionaries of spaced languages have fewer
_EAST = r"[\p{Han}\p{Hiragana}\p{Katakana}ー々〆〇ゝゞヽヾ゛゜]"
_THAI = r"[\p{Thai}&&[\p{L}\p{M}\p{N}]]"
# Written without spaces, and without a segmenter here.
_BARE = (
    r"[[\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}"
    r"\p{Javanese}\p{Balinese}]&&[\p{L}\p{M}\p{N}]]"
)
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_EAST}--{_THAI}--{_BARE}]"
# A run of writing without spaces; letters, marks and digits with inner apostrophes and (Persian,
# Hindi) joiners; a flag; or one sign, with the joiners, selectors, tags and skin tones that make
# several code points one emoji.
WORD = regex.compile(
    rf"(?P<east>{_EAST}[{_EAST}\p{{M}}]*)|(?P<thai>{_THAI}[{_THAI}\p{{M}}]*)"
    rf"|(?P<bare>{_BARE}[{_BARE}\p{{M}}]*)"
    rf"|(?P<spaced>[{_LETTER}_]+(?:['’\u200c\u200d]+{_LETTER}+)*)"
    r"|[\U0001F1E6-\U0001F1FF]{2}"
    r"|[^\s\p{L}\p{N}](?:[\p{M}\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]|\u200d[^\s])*",
    regex.V1,
)
KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
MARK = regex.compile(r"\p{M}")
NUCLEOTIDES = regex.compile(r"[ACGTUN]{12,}|[acgtun]{12,}")


class Word(NamedTuple):
    """The characters from `start` to `end`; `kind` is "words" or "segments", "tokens" for a run
    in which every token stands for itself, and None for signs."""

    start: int
    end: int
    kind: str | None


@lru_cache(maxsize=256)
def find_words(text: str) -> tuple[Word, ...]:
    """The words of a text in order, and what each was found by."""
    found: list[Word] = []
    eastern = cache(lambda: _language(text))
    for match in WORD.finditer(text):
        kind, (start, end) = match.lastgroup, match.span()
        if kind in ("east", "thai"):
            language = "th" if kind == "thai" else eastern()
            found += _segments(match.group(), start, _segmenter(language))
        elif kind == "bare":
            found.append(Word(start, end, TOKENS))
        elif kind == "spaced":
            odd = end - start > LONGEST or NUCLEOTIDES.fullmatch(match.group())
            found.append(Word(start, end, TOKENS if odd else WORDS))
        else:
            found.append(Word(start, end, None))
    return tuple(found)


def units_of(texts: tuple[str, ...]) -> str:
    """What the words of these texts are: "words", "segments", "tokens", or several of them."""
    kinds = {word.kind for text in texts for word in find_words(text)}
    return " and ".join(kind for kind in KINDS if kind in kinds) or WORDS


def _language(text: str) -> str:
    """Of a text with ideographs: Japanese has kana; which Chinese, the characters tell."""
    if KANA.search(text):
        return "ja_word"
    fits = {code: sum(_fits(sign, code) for sign in text) for code in ("gb2312", "big5")}
    return "zh-hant" if fits["big5"] > fits["gb2312"] else "zh-hans"


def _fits(sign: str, code: str) -> bool:
    try:
        return bool(sign.encode(code))
    except UnicodeEncodeError:
        return False


@cache
def _segmenter(language: str) -> Callable[[str], list[str]]:
    import json

    from budoux import Parser
    from budoux.parser import MODEL_DIR

    model = (Path(MODEL_DIR) / f"{language}.json").read_text(encoding="utf-8")
    return Parser(json.loads(model)).parse


def _segments(run: str, start: int, parse: Callable[[str], list[str]]) -> list[Word]:
    """The words of a run; a mark stays with the sign that it stands on."""
    found: list[Word] = []
    for part in parse(run):
        if found and MARK.match(part):
            found[-1] = found[-1]._replace(end=start + len(part))
        else:
            found.append(Word(start, start + len(part), SEGMENTS))
        start += len(part)
    return found


def number_words(
    texts: tuple[str, ...], tokens: tuple, offsets: tuple, segments: tuple
) -> tuple[int | None, ...]:
    """The word of each token, counted from 0 over all texts; None for tokens of no text."""
    keys = _word_keys(texts, offsets, segments)
    _lead_in(tokens, keys, segments)
    return number_keys(keys)


def with_marks(texts: tuple[str, ...], offsets: tuple, segments: tuple) -> tuple:
    """Offsets that take in the combining marks that a tokenizer composed away (e + ´ read as é)."""
    covered = [
        {
            place
            for span, s in zip(offsets, segments)
            if s == number and span
            for place in range(*span)
        }
        for number in range(len(texts))
    ]
    wider = []
    for span, segment in zip(offsets, segments):
        if span is not None and segment is not None and span[1] > span[0]:
            start, end = span
            text = texts[segment]
            while end < len(text) and end not in covered[segment] and MARK.match(text[end]):
                end += 1
            span = (start, end)
        wider.append(span)
    return tuple(wider)


def _word_keys(texts: tuple, offsets: tuple, segments: tuple) -> list[tuple[int, int] | None]:
    """(text, word) of each token: the word at the token's first character that is not a space."""
    starts = [_word_of_character(text) for text in texts]
    keys: list[tuple[int, int] | None] = []
    for span, segment in zip(offsets, segments):
        if span is None or segment is None:
            keys.append(None)
            continue
        words = [word for word in starts[segment][span[0] : span[1]] if word is not None]
        # A piece of white space alone belongs to no word of the text: it becomes one of its own.
        keys.append((segment, words[0]) if words else (segment, -1 - span[0]))
    return keys


def _lead_in(tokens: tuple, keys: list, segments: tuple) -> None:
    """Give pieces that only say "a space stands before" to the word they stand before, in place."""
    for place in range(len(keys) - 2, -1, -1):
        lone = segments[place] is not None and set(tokens[place]) == {SPACE}
        if lone and segments[place] == segments[place + 1] and keys[place + 1][1] >= 0:
            keys[place] = keys[place + 1]


def _word_of_character(text: str) -> list[int | None]:
    owner: list[int | None] = [None] * len(text)
    found = find_words(text)
    for number, word in enumerate(found):
        places = range(word.start, word.end)
        # Where tokens stand for themselves each character has a number of its own: a token gets
        # that of its first one, and the bytes of one character stay together.
        alone = [len(found) + place for place in places]
        owner[word.start : word.end] = alone if word.kind == TOKENS else [number] * len(places)
    return owner


def number_keys(keys: list) -> tuple[int | None, ...]:
    """Numbers from 0 in order of first appearance; None stays None."""
    numbers: dict = {}
    return tuple(None if key is None else numbers.setdefault(key, len(numbers)) for key in keys)


def word_groups(sequence: TokenSequence, left_out: np.ndarray | None = None) -> list[np.ndarray]:
    """Places of the tokens of each word, in order of first appearance; special tokens stay alone.

    Tokens marked in `left_out` (n,) belong to no group.
    """
    groups: dict[int, list[int]] = {}
    for place, word in enumerate(sequence.word_ids):
        if left_out is None or not left_out[place]:
            groups.setdefault(-1 - place if word is None else word, []).append(place)
    return [np.array(places) for places in groups.values()]


def removable(sequence: TokenSequence, left_out: np.ndarray) -> list[np.ndarray]:
    """Places of what can be taken away as one: each word, or each token of an only word.

    Tokens marked in `left_out` (n,) stay. Without its only word nothing would be left to compare.
    """
    groups = word_groups(sequence, left_out)
    return groups if len(groups) > 1 else [each for group in groups for each in group[:, None]]


def units_taken(sequence: TokenSequence, groups: list[np.ndarray]) -> str:
    """What these groups of `removable` are, as in `TokenSequence.units`."""
    words = {sequence.word_ids[place] for group in groups for place in group}
    return TOKENS if len(groups) > 1 and len(words) == 1 else sequence.units


def word_sums(scores: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Word scores (..., words) from token scores (..., n): the sum over the pieces of a word."""
    return np.stack([scores[..., places].sum(-1) for places in groups], -1)


def spread(values: Sequence[float] | np.ndarray, groups: list[np.ndarray], size: int) -> np.ndarray:
    """Token scores (size,) from word scores: the pieces of a word share its score equally."""
    scores = np.zeros(size)
    for value, places in zip(values, groups):
        scores[places] = value / len(places)
    return scores


def merge(sequence: TokenSequence, groups: list[np.ndarray]) -> TokenSequence:
    """One entry for each group: the word as written, from its first to its last character.

    Ids are those of the first pieces.
    """
    first = [int(places[0]) for places in groups]
    words = [sequence.word_ids[place] for place in first]
    names = tuple(
        sequence.tokens[place] if word is None else sequence.word_text(word)
        for place, word in zip(first, words)
    )
    spans = tuple(_span([sequence.offsets[place] for place in places]) for places in groups)
    return replace(take(sequence, first), tokens=names, offsets=spans)


def take(sequence: TokenSequence, places: Sequence[int] | np.ndarray) -> TokenSequence:
    """The tokens at `places` alone."""
    return replace(
        sequence,
        tokens=tuple(sequence.tokens[i] for i in places),
        ids=sequence.ids[places],
        special=sequence.special[places],
        word_ids=tuple(sequence.word_ids[i] for i in places),
        segments=tuple(sequence.segments[i] for i in places),
        offsets=tuple(sequence.offsets[i] for i in places),
    )


def _span(spans: list[tuple[int, int] | None]) -> tuple[int, int] | None:
    if any(span is None for span in spans):
        return None
    return min(start for start, _ in spans), max(end for _, end in spans)
