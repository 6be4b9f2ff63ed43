"""SNIPS requests as words with BIO labels."""

import re
from collections.abc import Iterator, Sequence

from interp_core.audit.entities import OUTSIDE
from training.snips import Request
from training.tagged import Sentence

WORD = re.compile(r"\S+")


def slot_sentences(requests: Sequence[Request]) -> list[Sentence]:
    """Words are what white space separates, cut where a slot begins or ends ("Boston?")."""
    return [_sentence(request) for request in requests]


def slot_labels(requests: Sequence[Request]) -> tuple[str, ...]:
    """O, then B- and I- of every slot: long words are inside a slot even where it has one word."""
    names = sorted({name for request in requests for _, _, name in request.slots})
    return (OUTSIDE, *(f"{sign}-{name}" for name in names for sign in "BI"))


def _sentence(request: Request) -> Sentence:
    words, labels, glued = zip(*_words(request))
    return Sentence(words, labels, glued)


def _words(request: Request) -> Iterator[tuple[str, str, bool]]:
    last = -1
    for start, end, name in _parts(request):
        for number, match in enumerate(WORD.finditer(request.text, start, end)):
            sign = "I" if number else "B"
            label = f"{sign}-{name}" if name else OUTSIDE
            yield match[0], label, match.start() == last
            last = match.end()


def _parts(request: Request) -> Iterator[tuple[int, int, str | None]]:
    """The slots and what lies between them."""
    done = 0
    for start, end, name in request.slots:
        yield done, start, None
        yield start, end, name
        done = end
    yield done, len(request.text), None
