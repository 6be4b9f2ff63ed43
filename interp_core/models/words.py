"""Find the words of a text, and the word that each token belongs to."""

from __future__ import annotations

import regex

from interp_core.models.display import SPACE

# A word: one ideograph or kana; letters, marks and digits with inner apostrophes and (Persian,
# Hindi) joiners; a flag; or one sign, with the joiners, selectors, tags and skin tones that make
# several code points one emoji.
WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]\p{M}*"
    r"|[[\p{L}\p{M}\p{N}_]--[\p{Han}\p{Hiragana}\p{Katakana}]]+"
    r"(?:['’\u200c\u200d]+[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}]]+)*"
    r"|[\U0001F1E6-\U0001F1FF]{2}"
    r"|[^\s\p{L}\p{N}](?:[\p{M}\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]|\u200d[^\s])*",
    regex.V1,
)
MARK = regex.compile(r"\p{M}")


def number_words(
    texts: tuple[str, ...], tokens: tuple, offsets: tuple, segments: tuple
) -> tuple[int | None, ...]:
    """The word of each token, counted from 0 over all texts; None for tokens of no text."""
    keys = _word_keys(texts, offsets, segments)
    _lead_in(tokens, keys, segments)
    return number_keys(keys)


def with_marks(texts: tuple[str, ...], offsets: tuple, segments: tuple) -> tuple:
    """Offsets that take in the combining marks that a tokenizer composed away (e + ´ read as é)."""
    covered = [{place for span, s in zip(offsets, segments) if s == number and span
                for place in range(*span)} for number in range(len(texts))]  # fmt: skip
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
    for number, match in enumerate(WORD.finditer(text)):
        owner[match.start() : match.end()] = [number] * (match.end() - match.start())
    return owner


def number_keys(keys: list) -> tuple[int | None, ...]:
    """Numbers from 0 in order of first appearance; None stays None."""
    numbers: dict = {}
    return tuple(None if key is None else numbers.setdefault(key, len(numbers)) for key in keys)
