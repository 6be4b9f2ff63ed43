"""Personal data in a text: found by rules with check digits, by lists, or by a model of one's own.

Nothing of a text is kept but places: characters from start to end, and the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from interp_core.audit.lexicons import term_lists
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.tokens import encode
from interp_core.models.forward import forward
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

KINDS: dict[str, str] = {
    "e-mail": "[EMAIL]",
    "account": "[ACCOUNT]",
    "card": "[CARD]",
    "date": "[DATE]",
    "address": "[ADDRESS]",
    "telephone": "[PHONE]",
    "name": "[NAME]",
    "place": "[PLACE]",
}
CARD_DIGITS = range(13, 20)  # ISO/IEC 7812
IBAN_LENGTHS = range(15, 35)  # ISO 13616
PHONE_DIGITS = range(7, 16)  # ITU-T E.164 has at most 15
_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
)
_STREETS = "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Square|Boulevard|Blvd|Way|Court|Place"
_PATTERNS: dict[str, str] = {
    "e-mail": r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    "account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b",
    "card": r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])",
    "date": (
        r"\b(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})"
        rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})\.?(?:,? \d{{4}})?"
        rf"|(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)\b"
    ),
    "address": (
        r"\b\d{1,5}[A-Za-z]? (?:[A-Z][\w'’-]{0,30} ){1,3}"
        rf"(?:{_STREETS})\b\.?|\b[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}}\b"
    ),
    "telephone": r"(?<![\w.])(?:\+|\(|\d)\d?[\d ()./-]{5,22}\d(?![\w])",
}
_PLACES = (
    "London Paris Berlin Madrid Rome Lisbon Vienna Prague Warsaw Budapest Athens Dublin Edinburgh "
    "Oslo Stockholm Helsinki Copenhagen Amsterdam Brussels Zurich Moscow Kyiv Istanbul Cairo Lagos "
    "Nairobi Johannesburg Casablanca Tehran Baghdad Dubai Karachi Delhi Mumbai Dhaka Beijing "
    "Shanghai Tokyo Seoul Bangkok Jakarta Manila Hanoi Singapore Sydney Melbourne Auckland Boston "
    "Chicago Houston Denver Seattle Philadelphia Toronto Montreal Vancouver Lima Santiago Bogota"
)
LABELS = {
    "name": ("per", "person", "name", "artist", "owner"),
    "place": ("loc", "gpe", "location", "city", "country", "state", "place"),
    "date": ("date", "timerange"),
    "address": ("address", "street"),
    "telephone": ("phone", "telephone"),
    "e-mail": ("email", "mail"),
}


class Found(NamedTuple):
    """Personal data of a kind in the characters from start to end."""

    kind: str
    start: int
    end: int


def personal_data(text: str) -> list[Found]:
    """What is found in a text by rules and lists, in order and without overlaps.

    Card numbers need a right check digit (Luhn), account numbers the right remainder (ISO 13616);
    telephone numbers 7 to 15 digits. Names and places are those of short lists, with a capital, and
    a word with a capital that follows a name. Kinds are taken in the order of `KINDS`.
    """
    found: list[Found] = []
    for kind, pattern in _compiled().items():
        for match in pattern.finditer(text):
            span = _trimmed(kind, match)
            if span is not None and not any(span[0] < b.end and b.start < span[1] for b in found):
                found.append(Found(kind, *span))
    return sorted(found, key=lambda each: each.start)


@cache
def _compiled() -> dict[str, re.Pattern]:
    names = term_lists()["first_names"].terms + term_lists()["name_origins"].terms
    listed = "|".join(sorted({re.escape(name) for name in names}, key=len, reverse=True))
    places = "|".join(_PLACES.split())
    titles = r"(?:Mr|Mrs|Ms|Dr|Prof)\.? [A-Z][\w'’-]{1,30}"
    rules = {
        **_PATTERNS,
        "name": rf"\b(?:{titles}|(?:{listed})(?: [A-Z][a-z'’-]{{1,30}})?)\b",
        "place": rf"\b(?:{places})\b",
    }
    return {kind: re.compile(rules[kind]) for kind in KINDS}


def _trimmed(kind: str, match: re.Match) -> tuple[int, int] | None:
    """The characters of a match that passes the check of its kind, None where it does not."""
    text, (start, end) = match[0], match.span()
    digits = re.sub(r"\D", "", text)
    if kind == "card":
        return (start, end) if luhn(digits) else None
    if kind == "account":
        while len(text) >= IBAN_LENGTHS[0]:  # a following word may have been taken in
            if iban(text):
                return start, start + len(text)
            text = text[:-1].rstrip()
        return None
    if kind == "telephone":
        separate = bool(re.search(r"[ ()./+-]", text)) or len(digits) >= 9
        return (start, end) if len(digits) in PHONE_DIGITS and separate else None
    return start, end


def luhn(digits: str) -> bool:
    """Whether the last of 13 to 19 digits is the check digit of a card number (ISO/IEC 7812)."""
    if len(digits) not in CARD_DIGITS or not digits.isdigit() or not digits.isascii():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def iban(text: str) -> bool:
    """Whether an account number has the remainder 1 modulo 97 (ISO 13616)."""
    plain = re.sub(r"\s", "", text).upper()
    if len(plain) not in IBAN_LENGTHS or not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]+", plain):
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def found_by_model(
    tagger: LoadedModel,
    texts: Sequence[str],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> list[list[Found]]:
    """What a token-classification model marks as names, places, dates or addresses in each text.

    Its labels are read by usual names ("PER", "B-city", "artist"). Raises `UnsupportedModel` for
    other models, and `BadInput` where no label has such a name.
    """
    if tagger.task != "token-classification":
        raise UnsupportedModel(f"{tagger.name!r} does not label words. Choose one that does.")
    kinds = [_kind_of(label) for label in tagger.labels]
    if not any(kinds):
        raise BadInput(f"No label of {tagger.name!r} is named like a person, place or date.")
    found = []
    for number, text in enumerate(texts):
        report(progress, number, len(texts))
        encoded = encode(tagger, text)
        best = forward(tagger, encoded.inputs).logits[0].argmax(-1).tolist()
        marked = [
            (kinds[label], *span)
            for label, span in zip(best, encoded.sequence.offsets)
            if span is not None and kinds[label] and span[1] > span[0]
        ]
        found.append(list(_joined(marked, text)))
    return found


def _kind_of(label: str) -> str | None:
    words = set(re.split(r"[^a-z]+", label.casefold()))
    return next((kind for kind, names in LABELS.items() if words & set(names)), None)


def _joined(marked: list[tuple[str, int, int]], text: str) -> Iterator[Found]:
    """Pieces of one kind with nothing but spaces between them are one."""
    current: Found | None = None
    for kind, start, end in marked:
        if current and current.kind == kind and not text[current.end : start].strip():
            current = Found(kind, current.start, max(end, current.end))
            continue
        if current:
            yield current
        current = Found(kind, start, end)
    if current:
        yield current


def merged(first: Sequence[Found], second: Sequence[Found]) -> list[Found]:
    """Both lists in order; where two overlap, the one of `first` stays."""
    kept = list(first)
    for each in second:
        if not any(each.start < other.end and other.start < each.end for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def masked(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """The text with placeholders for the characters of each (start, end, placeholder)."""
    parts, done = [], 0
    for start, end, placeholder in sorted(spans):
        parts += [text[done:start], placeholder]
        done = end
    return "".join([*parts, text[done:]])
