"""Words with labels in CoNLL files: one word a line, a blank line after each sentence."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from interp_core.errors import BadInput
from interp_core.files.encoding import find_encoding
from interp_core.files.limits import MAX_POINTS, called, read_bounded
from interp_core.files.rows import MISFIT, TOO_LONG, Skipped, SkippedRows, text_lines

DOCUMENT = "-DOCSTART-"  # CoNLL-2003 writes it between documents
WORD_LINES = 10  # columns of CoNLL-U: number, form, lemma, universal part of speech, …
FORM, UNIVERSAL = 1, 3
MAX_WORDS = 5_000  # of one sentence: more is a file without blank lines
MAX_ABOUT = 20  # comments of one sentence that are kept
SAMPLED = 200  # sentences by which the columns are known


@dataclass(frozen=True)
class TaggedSentences:
    """`words[i]` and `labels[i]` of each sentence, and the line on which it begins.

    `about[i]` are the comments "# name = value" above it. `notes` say which columns were read,
    `skipped` tells of sentences that were left out.
    """

    name: str
    words: tuple[tuple[str, ...], ...]
    labels: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    about: tuple[dict[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    skipped: SkippedRows = field(default_factory=SkippedRows)


def read_conll(
    source: Any,
    *,
    word_column: int | None = None,
    label_column: int | None = None,
    encoding: str | None = None,
    limit: int = MAX_POINTS,
) -> TaggedSentences:
    """The sentences of a CoNLL file: a path, bytes, or an upload.

    Columns are separated by tabs, or by spaces where a line has no tab, and counted from 1. Without
    `word_column` and `label_column` words are in the first and labels in the last column; in
    CoNLL-U, known by its ten columns that begin with a number, they are FORM and UPOS. Comments
    begin with "#" and have no columns. Raises `BadInput` for a file that holds no such sentence, or
    more than `limit` of them.
    """
    name, data = read_bounded(source)
    found = find_encoding(name, io.BytesIO(data), encoding)
    skipped = SkippedRows()
    blocks = _blocks(data, found.name, skipped, limit, name)
    if not blocks:
        raise BadInput(
            f"{called(name)} holds no labelled words. A CoNLL file has a word and its label on "
            f"each line, and a blank line after each sentence. {skipped.note()}".strip()
        )
    is_u = _is_conll_u(blocks[:SAMPLED])
    if is_u:
        blocks = [block.without_ranges() for block in blocks]
    width = Counter(len(row) for block in blocks for row in block.rows).most_common(1)[0][0]
    if width < 2:
        raise BadInput(
            f"{called(name)} has one column. A CoNLL file has a word and its label on each line."
        )
    word = _place(word_column, FORM if is_u else 0, width, name)
    label = _place(label_column, UNIVERSAL if is_u else width - 1, width, name)
    kept = [block for block in blocks if block.fits(width)]
    for block in blocks:
        if not block.fits(width):
            message = f"A line of this sentence does not have the {width} columns of the others."
            skipped.add(Skipped(block.line, MISFIT, message))
    form = "CoNLL-U: " if is_u else ""
    notes = [f"{form}words are in column {word + 1} and labels in column {label + 1} of {width}."]
    notes += filter(None, [found.note, skipped.note()])
    return TaggedSentences(
        called(name),
        words=tuple(tuple(row[word] for row in block.rows) for block in kept),
        labels=tuple(tuple(row[label] for row in block.rows) for block in kept),
        lines=tuple(block.line for block in kept),
        about=tuple(block.about for block in kept),
        notes=tuple(notes),
        skipped=skipped,
    )


@dataclass
class _Block:
    """A sentence: its first line, the columns of each word, and its comments."""

    line: int = 0
    rows: list[list[str]] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    broken: bool = False

    def fits(self, width: int) -> bool:
        return bool(self.rows) and all(len(row) == width for row in self.rows)

    def without_ranges(self) -> _Block:
        """Without the lines of CoNLL-U that stand for several words, or for none."""
        rows = [row for row in self.rows if row[0].isdecimal()]
        return _Block(self.line, rows, self.about)


def _blocks(
    data: bytes, encoding: str, skipped: SkippedRows, limit: int, name: str
) -> list[_Block]:
    found: list[_Block] = []
    for block in _sentences(data, encoding, skipped):
        if block.broken or not block.rows:
            continue
        found.append(block)
        if len(found) > limit:
            raise BadInput(
                f"{called(name)} holds more than {limit:,} sentences, which is the most that is "
                "read. Save a part of it."
            )
    return found


def _sentences(data: bytes, encoding: str, skipped: SkippedRows) -> Iterator[_Block]:
    block, has_tabs = _Block(), b"\t" in data
    for number, line in text_lines(io.BytesIO(data), encoding):
        if isinstance(line, Skipped):
            skipped.add(line)
            block.broken = True
            continue
        text = line.strip("\r\n")
        if not text.strip():
            yield block
            block = _Block()
        elif _is_comment(text, has_tabs=has_tabs):
            key, _, value = text[1:].partition("=")
            if value and len(block.about) < MAX_ABOUT:
                block.about[key.strip()] = value.strip()
        elif not text.startswith(DOCUMENT) and not block.broken:
            block.line = block.line or number
            block.rows.append(_columns(text))
            if len(block.rows) > MAX_WORDS:
                message = (
                    f"The sentence has more than {MAX_WORDS:,} words: are blank lines missing?"
                )
                skipped.add(Skipped(block.line, TOO_LONG, message))
                block.broken = True
    yield block


def _columns(text: str) -> list[str]:
    return [each.strip() for each in text.split("\t")] if "\t" in text else text.split()


def _is_comment(text: str, *, has_tabs: bool) -> bool:
    """Whether it is no word: "#" may be one, and then its label follows."""
    if has_tabs:
        return text.startswith("#") and "\t" not in text
    return text.startswith("# ") and text.split()[2:3] == ["="]


def _is_conll_u(blocks: Sequence[_Block]) -> bool:
    rows = [row for block in blocks for row in block.rows]
    return all(len(row) == WORD_LINES and row[0][:1].isdigit() for row in rows)


def _place(given: int | None, usual: int, width: int, name: str) -> int:
    if given is None:
        return usual
    if not 1 <= given <= width:
        raise BadInput(f"{called(name)} has columns 1 to {width}, and none with number {given}.")
    return given - 1
