"""Two inputs of as many tokens: minimal changes worth a try, and a way to align what differs."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import regex

from interp_core.attribution.what_if import SuggestedEdit, replace_span
from interp_core.errors import BadInput, ClearheadError
from interp_core.inputs.tokens import TokenSequence, encode

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

# Words that change places, tried in both directions. English.
OPPOSITES = (
    *(("not", "so"), ("not", "very"), ("not", "really"), ("never", "always"), ("no", "the")),
    *(("good", "bad"), ("great", "terrible"), ("love", "hate"), ("loved", "hated")),
    *(("best", "worst"), ("better", "worse"), ("happy", "sad"), ("boring", "exciting")),
    *(("he", "she"), ("his", "her"), ("man", "woman"), ("king", "queen"), ("and", "but")),
    *(("France", "Italy"), ("one", "two"), ("up", "down"), ("big", "small"), ("hot", "cold")),
)
NAMES = ("Mary", "John", "Anna", "Tom", "Peter", "Sarah")
FILLERS = ("so", "really", "just", "the", "and", ",")  # words that add little, one token in most
MOST = 12  # changes that are offered


def check_same_length(clean: TokenSequence, corrupt: TokenSequence) -> None:
    """Raise `BadInput` for two inputs of different numbers of tokens."""
    if len(clean) == len(corrupt):
        return
    told = _differences(clean.tokens, corrupt.tokens)
    raise BadInput(
        f"The clean input has {len(clean)} tokens and the changed one {len(corrupt)}, so their "
        f"positions do not belong together{told}. Replace words by others of as many tokens, or "
        "let `aligned_pair` fill the shorter text."
    )


def _differences(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    parts = [
        f"“{' '.join(one[a:b])}” ({b - a}) against “{' '.join(other[c:d])}” ({d - c})"
        for kind, a, b, c, d in blocks
        if kind != "equal" and b - a != d - c
    ]
    return f": {'; '.join(parts[:3])}" if parts else ""


def suggest_changes(model: LoadedModel, text: str) -> list[SuggestedEdit]:
    """Texts that differ from `text` in one word and have as many tokens, at most twelve (English).

    Names change places or are replaced, "not" becomes "so" and the other way round, words become
    their opposites. Raises as `encode`.
    """
    size = len(encode(model, text).sequence)
    found: dict[str, SuggestedEdit] = {}
    for edit in (*_names(text), *_opposites(text)):
        if edit.text != text and edit.text not in found and _tokens(model, edit.text) == size:
            found[edit.text] = edit
    return list(found.values())[:MOST]


def _tokens(model: LoadedModel, text: str) -> int:
    try:
        return len(encode(model, text).sequence)
    except ClearheadError:
        return 0


def _names(text: str) -> list[SuggestedEdit]:
    """A name that comes again becomes another one of the text; then names of our own."""
    words = list(regex.finditer(r"\p{Lu}\p{L}+", text))
    called = [match.group() for match in words]
    again = [name for name in dict.fromkeys(called) if called.count(name) > 1]
    known = [name for name in dict.fromkeys(called) if name in NAMES or name in again]
    others = [name for name in dict.fromkeys(called) if name not in again and called.index(name)]
    edits = []
    for match in reversed([each for each in words if each.group() in known]):
        for new in (*[n for n in (*known, *others) if n != match.group()], *NAMES):
            if new != match.group():
                edits.append(_replaced(text, match, new))
    return edits


def _opposites(text: str) -> list[SuggestedEdit]:
    edits = []
    for pair in OPPOSITES:
        for old, new in (pair, pair[::-1]):
            if old == "the":  # "no" in its place would change every sentence
                continue
            for match in regex.finditer(rf"(?i)\b{old}\b", text):
                edits.append(_replaced(text, match, _cased(new, match.group())))
    return edits


def _cased(new: str, old: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() and new.islower() else new


def _replaced(text: str, match: regex.Match, new: str) -> SuggestedEdit:
    # The word in front tells two places of one word apart.
    before = regex.search(r"(\S+)\s+$", text[: match.start()])
    where = f" after “{before.group(1)}”" if before else ""
    return SuggestedEdit(
        f"“{match.group()}”{where} becomes “{new}”", replace_span(text, match.span(), new)
    )


def aligned_pair(model: LoadedModel, clean: str, corrupt: str) -> tuple[str, str]:
    """Both texts with as many tokens: where one has fewer, words that say little fill the place.

    The words are "so", "really", "just" and their like, or the mask of models that have one, at
    the places where the texts differ. Raises `BadInput` where none fits.
    """
    texts = [clean, corrupt]
    fillers = (*FILLERS, *filter(None, [getattr(model.tokenizer, "mask_token", None)]))
    for _ in range(len(encode(model, clean).sequence) + len(encode(model, corrupt).sequence)):
        read = [encode(model, text).sequence for text in texts]
        sizes = [len(each) for each in read]
        if sizes[0] == sizes[1]:
            return texts[0], texts[1]
        short = sizes.index(min(sizes))
        at = _place_to_fill(read[short], read[1 - short])
        texts[short] = _filled(model, texts[short], at, sizes[short], fillers)
    raise _no_filler()


def _place_to_fill(short: TokenSequence, long: TokenSequence) -> int:
    """The character of the shorter text before which a word is missing."""
    blocks = SequenceMatcher(None, short.tokens, long.tokens, autojunk=False).get_opcodes()
    for kind, a, b, c, d in blocks:
        if kind != "equal" and d - c > b - a:
            spans = [span for span in short.offsets[a:] if span is not None]
            return spans[0][0] if spans else len(short.texts[0])
    return len(short.texts[0])


def _filled(model: LoadedModel, text: str, at: int, size: int, fillers: tuple[str, ...]) -> str:
    before, after = text[:at].rstrip(" "), text[at:].lstrip(" ")
    for word in fillers:
        joined = " ".join(part for part in (before, word, after) if part)
        if _tokens(model, joined) == size + 1:
            return joined
    raise _no_filler()


def _no_filler() -> BadInput:
    return BadInput(
        "No word of one token fits where the texts differ. Rewrite one of them so that both have "
        "as many tokens."
    )


__all__ = ["SuggestedEdit", "aligned_pair", "check_same_length", "suggest_changes"]
