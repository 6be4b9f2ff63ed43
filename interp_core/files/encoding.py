"""Which encoding a text file has: by its byte-order mark, else by what its bytes can mean."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any

from interp_core.errors import BadInput
from interp_core.files.limits import START, called

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins like the mark of UTF-16
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
WITHOUT_MARK = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# One byte for each character: every file "fits", so what they make of it is judged.
SINGLE = ("cp1252", "mac_roman", "cp850", "cp1250", "cp1251")
TITLES = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "cp850": "DOS (850)",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "utf-16-le": "UTF-16",
    "utf-16": "UTF-16",
    "utf-16-be": "UTF-16 (big endian)",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32 (big endian)",
    "latin-1": "Latin-1",
    "cp932": "Shift JIS",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "euc_kr": "EUC-KR",
    "koi8-r": "KOI8-R",
    "cp1253": "Windows-1253 (Greek)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
}
OFFERED = (
    "utf-8",
    "cp1252",
    "mac_roman",
    "cp850",
    "cp1250",
    "cp1251",
    "koi8-r",
    "cp1253",
    "cp1255",
    "cp1256",
    "utf-16",
    "cp932",
    "gb18030",
    "big5",
    "euc_kr",
)
# Letters and signs beyond ASCII that European texts are made of.
WESTERN = frozenset("äöüÄÖÜßéèêëàâçùûîïôœæáíóúñãåøÉÀÇÅØÑÁÓÊ")
CENTRAL = WESTERN | frozenset("ąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžýČŘŠŽőűŐŰ")
WORDS = frozenset("àáèéêíóæåöøÀÁÉÈÓ")  # letters that are a word, or an ending, alone
FREQUENT = frozenset("ыьэюяїієґ")  # in Cyrillic texts
SIGNS = frozenset("’‘“”„«»–—…€°·¿¡")
MOST_SCANNED = 2**28  # bytes in which letters beyond ASCII are looked for
MOST_JUDGED = 5_000  # characters
FEW = 5  # letters by which another alphabet is known
UNUSUAL_IN_TEXT = 0.05  # share of control characters above which a file is no text
WIDE = 0.8  # of its width that ASCII text of two or four bytes a character has at least
CLEAR = 0.9  # share of usual letters above which an encoding is taken
DOUBTFUL = 0.6  # share below which bytes in few lines are no letters at all
APART = 0.3  # and by how much it must be better than the next


@dataclass(frozen=True)
class Encoding:
    """A codec's name, and what was assumed, as a sentence (empty for plain UTF-8)."""

    name: str
    note: str = ""


def find_encoding(name: str, file: Any, requested: str | None = None) -> Encoding:
    """The encoding of a file that is open at its beginning.

    Raises `BadInput` for binary data, and where several encodings fit: with what each would show.
    """
    start = file.read(START)
    if requested is not None:
        return Encoding(_known(requested, start))
    for mark, found in MARKS.items():
        if start.startswith(mark):
            utf8 = found == "utf-8"
            return Encoding(found, "" if utf8 else f"The file is {TITLES[found]}, as it says.")
    sample, scanned = start, 0
    while sample.isascii() and b"\0" not in sample:  # the first letters that tell
        more = file.read(START)
        scanned += len(more)
        if not more or scanned > MOST_SCANNED:
            return Encoding("utf-8")
        sample = more if more.isascii() and b"\0" not in more else sample[-START:] + more
    return _without_mark(name, sample)


def _known(requested: str, start: bytes) -> str:
    try:
        found = codecs.lookup(requested).name
    except (LookupError, ValueError) as error:
        raise BadInput(
            f"Unknown encoding {requested!r}. Use, for example, {', '.join(OFFERED[:6])}."
        ) from error
    try:
        if not isinstance(b"a".decode(found), str):
            raise LookupError
    except (LookupError, UnicodeError, ValueError):
        if not found.startswith(("utf-16", "utf-32")):
            raise BadInput(f"{requested!r} is not a text encoding.") from None
    if found in ("utf-16", "utf-32"):
        marked = [each for mark, each in MARKS.items() if start.startswith(mark)]
        return next((each for each in marked if each.startswith(found)), f"{found}-le")
    return "utf-8" if found == "utf-8-sig" else found


def _without_mark(name: str, sample: bytes) -> Encoding:
    if b"\0" in sample:
        found = next((each for each in WITHOUT_MARK if _is_wide(sample, each)), None)
        if found:
            return Encoding(found, f"The file was read as {TITLES[found]}; it has no mark.")
    _refuse_binary(name, sample)
    if _is_utf8(sample):
        return Encoding("utf-8")
    return _single(name, sample)


def _is_wide(sample: bytes, encoding: str) -> bool:
    """Whether the bytes are text of two or four bytes a character."""
    width = 4 if "32" in encoding else 2
    rest = sample.replace(b"\0", b"")
    if rest.isascii() and len(sample) < WIDE * width * len(rest):
        return False  # one byte a character, with stray zeros
    try:
        text = sample[: len(sample) // width * width].decode(encoding)
    except UnicodeDecodeError:
        return False
    plain = sum(each.isprintable() or each in "\r\n\t" for each in text)
    gaps = sum(each in " \n\r\t,;|" for each in text)
    return "\0" not in text and plain > 0.98 * len(text) and gaps > 0.01 * len(text)


def _refuse_binary(name: str, sample: bytes) -> None:
    odd = sum(sample.count(code) for code in (*range(9), *range(14, 27), *range(28, 32)))
    if odd > UNUSUAL_IN_TEXT * len(sample):
        raise BadInput(
            f"{called(name)} holds binary data. Give text lines, CSV, TSV, JSON or Parquet."
        )


def _is_utf8(sample: bytes) -> bool:
    """Whether it is UTF-8, perhaps with a few broken lines (which are reported one by one)."""
    good, bad = 0, 0
    for line in sample.splitlines():
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
    # A sample may begin and end within a character.
    return bad == 0 or good >= max(1, bad - 2)


def _single(name: str, sample: bytes) -> Encoding:
    """Windows-1252 or another encoding of one byte a letter, where one of them is clearly right."""
    scores = {each: _usual(sample, each) for each in SINGLE}
    best = max(SINGLE, key=scores.get)
    if scores[best] >= CLEAR and scores[best] - _next_best(sample, best, scores) >= APART:
        return Encoding(
            best,
            f"The file is not UTF-8: it was read as {TITLES[best]} (“{_shown(sample, best)}”). "
            "Choose another encoding if letters look wrong.",
        )
    lines = [line for line in sample.splitlines() if line.strip()]
    broken = sum(not line.isascii() for line in lines)
    if 2 * broken < len(lines) and scores[best] < DOUBTFUL:
        return Encoding("utf-8")  # a few lines of other bytes: they are reported one by one
    single = [each for each in OFFERED if not each.startswith("utf")]
    fitting = {each: _shown(sample, each) for each in single if _fits(sample, each)}
    samples = "; ".join(f"{TITLES[each]} ({each}): “{text}”" for each, text in fitting.items())
    raise BadInput(
        f"{called(name)} is not UTF-8, and its encoding is not certain. Choose the one in which "
        f"the letters are right, or save the file as UTF-8. {samples}."
    )


def _next_best(sample: bytes, best: str, scores: dict[str, float]) -> float:
    """The highest score of an encoding that would show other letters."""
    shown = sample.decode(best)
    if best == "cp1251":  # most letters are beyond ASCII, as in no other of these
        return 0.0
    others = [each for each in SINGLE if scores[each] and sample.decode(each) != shown]
    if best == "cp1252" and "cp1250" in others:  # shares most of its letters with the common one
        others.remove("cp1250")
    return max((scores[each] for each in others), default=0.0)


def _usual(sample: bytes, encoding: str) -> float:
    """Share of the characters beyond ASCII that are usual in texts of the encoding's countries."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    places = [place for place, each in enumerate(text) if each > "\x7f"][:MOST_JUDGED]
    if encoding == "cp1251":  # Cyrillic: nearly all letters are beyond ASCII, mostly small ones
        small = sum("а" <= text[place] <= "ё" for place in places)
        plain = sum(each.isascii() and each.isalpha() for each in text)
        # Hebrew has no capitals, and its letters end before these.
        other = not any(text[place] in FREQUENT or text[place].isupper() for place in places)
        return 0.0 if plain > len(places) or small < FEW or other else small / len(places)
    letters = CENTRAL if encoding == "cp1250" else WESTERN
    return sum(_is_usual(text, place, letters) for place in places) / len(places)


def _is_usual(text: str, place: int, letters: frozenset[str]) -> bool:
    """Whether the character belongs where it stands."""
    before, here, after = text[max(place - 1, 0) : place], text[place], text[place + 1 : place + 2]
    beside = before + after
    if letters is WESTERN and len(beside) == 2 and beside.isalpha() and min(beside) > "\x7f":
        return False  # three in a row: another alphabet
    if here == "\xa0":  # holds a sign to its word
        return bool(before.strip() and after.strip())
    if here in SIGNS:
        return here == "’" or not (before.isalpha() and after.isalpha())
    if here not in letters or (here.isupper() and before.islower()):
        return False
    return here in WORDS or before.isalpha() or after.isalpha()


def _fits(sample: bytes, encoding: str) -> bool:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start > len(sample) - 4  # the sample may end within a character
    return all(each.isprintable() or each in "\r\n\t" for each in text)


def _shown(sample: bytes, encoding: str) -> str:
    """The first place with a letter beyond ASCII."""
    text = sample.decode(encoding, "replace")
    place = next((n for n, each in enumerate(text) if each > "\x7f"), 0)
    begin = max(text.rfind(end, 0, place) + 1 for end in "\r\n\t,;")
    shown = text[max(begin, place - 12) : place + 12]
    return shown.splitlines()[0].strip() if shown.strip() else shown.strip()
