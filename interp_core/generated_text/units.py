"""The parts of a prompt or of an answer that are taken away as one.

A unit owns whole words: a token belongs to the unit in which the first letter of its word stands,
so a token that a tokenizer made of the end of one sentence and the beginning of the next goes with
its word, and no unit leaves half a word. White space goes with what stands before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import regex

from interp_core.errors import BadInput
from interp_core.generated_text.prompt import Prompt, first_letters

if TYPE_CHECKING:
    from interp_core.inputs.tokens import TokenSequence

# Name: what is taken away as one.
UNITS = {
    "token": "tokens",
    "word": "words",
    "sentence": "sentences",
    "paragraph": "paragraphs, with blank lines between them",
    "turn": "turns of a chat, with the template's marks around them",
    "role": "all turns of system, user or assistant",
    "passage": "given spans of the text",
}
COARSE = ("paragraph", "turn", "role", "passage")  # an answer is read in sentences beside these
CLOSING = r"[\"'”’»)\]]*"
SENTENCE_END = regex.compile(rf"(?:[.!?…]+{CLOSING}(?=\s|$)|[。！？]+[”」』）]*|\n)\s*", regex.V1)
# A full stop after one of these ends no sentence; nor one after a single capital letter.
SHORT = {
    *("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "e.g", "i.e", "cf", "approx"),
    *("no", "vol", "fig", "eq", "pp", "ca", "al", "inc", "ltd", "co", "gen", "sen", "rep", "rev"),
}
PARAGRAPH_END = regex.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True)
class Unit:
    """A part of a text: its characters `start` to `end`, and its tokens' `places`.

    `turn` counts the turns of a chat from 0, the template's own message included, and `role` is
    who speaks; None and "" in plain text. `template` marks what the chat template wrote.
    """

    text: str
    start: int
    end: int
    places: tuple[int, ...]
    turn: int | None = None
    role: str = ""
    template: bool = False


def prompt_units(
    prompt: Prompt,
    kind: str,
    spans: Sequence[Sequence[int]] | None = None,
    *,
    template: bool = False,
) -> tuple[Unit, ...]:
    """The units of a prompt, in order; those without a token of their own are left out.

    `spans` are (start, end) characters of `prompt.text` for the kind "passage"; in a chat they may
    be (turn, start, end), counted from the turn's first character and from 0 among the given
    turns. With `template` what the chat template wrote is a unit too. Raises `BadInput`.
    """
    if kind not in UNITS:
        raise BadInput(f"Unknown unit {kind!r}. Choose one of: {', '.join(UNITS)}.")
    if (kind == "passage") != (spans is not None):
        raise BadInput('Give `spans`, the characters of each passage, with units="passage" alone.')
    if kind in ("turn", "role") and not prompt.turns:
        raise BadInput(f"A plain text has no {kind}s. Give the prompt as turns of a chat.")
    if kind in ("turn", "role"):
        found = _whole_turns(prompt)
        found = _by_role(found) if kind == "role" else found
    elif kind == "passage":
        found = _passages(prompt, spans)
    else:
        found = _of_regions(prompt, kind)
    if template:
        taken = {place for unit in found for place in unit.places}
        found = [*found, *_of_template(prompt, kind, taken)]
    found = sorted((unit for unit in found if unit.places), key=lambda unit: unit.places)
    if not found:
        raise BadInput("The prompt has no unit that could be taken away. Write a longer one.")
    return tuple(found)


def text_units(sequence: TokenSequence, kind: str) -> tuple[Unit, ...]:
    """The units of an answer: sentences where the prompt's are coarser."""
    kind = "sentence" if kind in COARSE else kind
    places = [place for place, mark in enumerate(sequence.special) if not mark]
    found = _split(sequence, kind, places, 0, len(sequence.texts[0]))
    return tuple(unit for unit in found if unit.places)


def _of_regions(prompt: Prompt, kind: str) -> list[Unit]:
    """Units inside the whole text, or inside what each turn says."""
    if not prompt.turns:
        free = [place for place, mark in enumerate(prompt.fixed) if not mark]
        return _split(prompt.sequence, kind, free, 0, len(prompt.text))
    at, found = first_letters(prompt.sequence), []
    for number, turn in enumerate(prompt.turns):
        if turn.written:
            inside = [place for place, start in enumerate(at) if turn.start <= start < turn.end]
            units = _split(prompt.sequence, kind, inside, turn.start, turn.end)
            found += [replace(unit, turn=number, role=turn.role) for unit in units]
    return found


def _split(
    sequence: TokenSequence, kind: str, places: Sequence[int], start: int, end: int
) -> list[Unit]:
    if kind == "token":
        return [_single(sequence, place) for place in places]
    if kind == "word":
        return _words(sequence, places)
    spans = SPLITTERS[kind](sequence.texts[0], start, end)
    return _owners(sequence, places, spans)


def _single(sequence: TokenSequence, place: int) -> Unit:
    start, end = sequence.offsets[place] or (0, 0)
    return Unit(sequence.tokens[place], start, end, (place,))


def _words(sequence: TokenSequence, places: Sequence[int]) -> list[Unit]:
    """Words, and signs as words of their own; white space goes with the word before it."""
    text, spans = sequence.texts[0], _spans(sequence)
    groups: dict[int | None, list[int]] = {}
    for place in places:
        groups.setdefault(sequence.word_ids[place], []).append(place)
    found: list[Unit] = []
    for members in groups.values():
        start, end = spans[members[0]][0], max(spans[place][1] for place in members)
        if found and not text[start:end].strip():
            before = found.pop()
            members, start = [*before.places, *members], before.start
        found.append(Unit(text[start:end].strip(), start, end, tuple(members)))
    return found


def _owners(
    sequence: TokenSequence, places: Sequence[int], spans: Sequence[tuple[int, int]]
) -> list[Unit]:
    """The units of spans that follow one another; tokens before or after them belong to none."""
    at, starts = first_letters(sequence), [start for start, _ in spans]
    members: list[list[int]] = [[] for _ in spans]
    for place in places:
        owner = bisect_right(starts, at[place]) - 1
        if owner >= 0 and at[place] < spans[owner][1]:
            members[owner].append(place)
    text = sequence.texts[0]
    return [
        Unit(text[start:end].strip(), start, end, tuple(each))
        for (start, end), each in zip(spans, members)
    ]


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """(start, end) of each sentence with the white space after it. A line's end ends one too."""
    end = len(text) if end is None else end
    cuts = [
        match.end()
        for match in SENTENCE_END.finditer(text, start, end)
        if not _goes_on(text[start : match.start()], match.group())
    ]
    return _between(text, [start, *cuts, end])


def _goes_on(before: str, stop: str) -> bool:
    """Whether a full stop is one of an abbreviation or of an initial."""
    if stop.strip() != "." or "\n" in stop:
        return False
    last = before.split()[-1] if before.split() else ""
    last = last.lstrip("(\"'“‘[")
    return last.lower() in SHORT or bool(regex.fullmatch(r"\p{Lu}(?:\.\p{Lu})*", last))


def paragraph_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """(start, end) of each paragraph with the blank lines after it."""
    end = len(text) if end is None else end
    cuts = [match.end() for match in PARAGRAPH_END.finditer(text, start, end)]
    return _between(text, [start, *cuts, end])


def _between(text: str, cuts: list[int]) -> list[tuple[int, int]]:
    """The spans between cuts; one that holds no letter and no digit goes with the one before."""
    found: list[tuple[int, int]] = []
    for a, b in pairwise(cuts):
        if found and not regex.search(r"[\p{L}\p{N}]", text[a:b]):
            found[-1] = (found[-1][0], b)
        elif b > a:
            found.append((a, b))
    return found


SPLITTERS: dict[str, Callable] = {"sentence": sentence_spans, "paragraph": paragraph_spans}


def _whole_turns(prompt: Prompt) -> list[Unit]:
    """Each turn with its marks; what asks for the answer stays."""
    spans = [(turn.first, turn.last) for turn in prompt.turns]
    starts = [(span or (0, 0))[0] for span in _spans(prompt.sequence)]
    found = []
    for number, (turn, (first, last)) in enumerate(zip(prompt.turns, spans)):
        places = tuple(place for place, at in enumerate(starts) if first <= at < last)
        said = prompt.text[turn.start : turn.end].strip()
        marks = not turn.written
        found.append(Unit(said, turn.start, turn.end, places, number, turn.role, marks))
    return found


def _spans(sequence: TokenSequence) -> list[tuple[int, int]]:
    """Characters of every token; one without a span stands where the token before it ends."""
    found, last = [], 0
    for span in sequence.offsets:
        found.append(span or (last, last))
        last = found[-1][1]
    return found


def _by_role(turns: list[Unit]) -> list[Unit]:
    groups: dict[str, list[Unit]] = {}
    for unit in turns:
        groups.setdefault(unit.role, []).append(unit)
    return [
        Unit(
            " … ".join(unit.text for unit in units),
            units[0].start,
            units[-1].end,
            tuple(place for unit in units for place in unit.places),
            None,
            role,
            all(unit.template for unit in units),
        )
        for role, units in groups.items()
    ]


def _passages(prompt: Prompt, spans: Sequence[Sequence[int]]) -> list[Unit]:
    """Given spans, in the text's order, each with the turn that it stands in."""
    ordered = sorted(_absolute(prompt, span) for span in spans)
    if any(first[1] > second[0] for first, second in pairwise(ordered)):
        raise BadInput("Two passages overlap. Give each character to one passage.")
    free = [place for place, mark in enumerate(prompt.fixed) if not mark]
    found = []
    for unit in _owners(prompt.sequence, free, ordered):
        turn, role = next(
            (
                (number, each.role)
                for number, each in enumerate(prompt.turns)
                if each.start <= unit.start < each.end
            ),
            (None, ""),
        )
        found.append(replace(unit, turn=turn, role=role))
    return found


def _absolute(prompt: Prompt, span: Sequence[int]) -> tuple[int, int]:
    offset, low, high = 0, 0, len(prompt.text)
    if len(span) == 3:
        written = [turn for turn in prompt.turns if turn.written]
        if not 0 <= span[0] < len(written):
            raise BadInput(f"There is no turn {span[0]}: the chat has {len(written)}, from 0.")
        low, high = written[span[0]].start, written[span[0]].end
        offset = low - written[span[0]].trimmed
    start, end = (offset + int(each) for each in span[-2:])
    if offset < low < end:  # white space that the template took away is no part of it
        start = max(start, low)
    if not low <= start < end <= high:
        raise BadInput(
            f"The passage from {span[-2]} to {span[-1]} lies outside the text, or is empty."
        )
    return start, end


def _of_template(prompt: Prompt, kind: str, taken: set[int]) -> list[Unit]:
    """What the template wrote: single tokens, or the marks of one turn as a unit."""
    free = [place for place, mark in enumerate(prompt.template) if mark and place not in taken]
    if kind == "token":
        units = [_single(prompt.sequence, place) for place in free]
        return [replace(unit, template=True) for unit in units]
    groups: dict[int, list[int]] = {}
    ends = [turn.last for turn in prompt.turns]
    spans = _spans(prompt.sequence)
    for place in free:
        groups.setdefault(bisect_right(ends, spans[place][0]), []).append(place)
    found = []
    for number, places in groups.items():
        last = number < len(prompt.turns)
        role = prompt.turns[number].role if last else "assistant"
        tokens = "".join(prompt.text[slice(*spans[place])] for place in places)
        found.append(
            Unit(
                tokens.strip(),
                spans[places[0]][0],
                spans[places[-1]][1],
                tuple(places),
                number if last else None,
                role,
                True,
            )
        )
    return found
