"""How a separated file is written: its delimiter and quotes, found from its first rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from interp_core.files.header import TITLES as LINES_ABOVE
from interp_core.files.header import names_known, numbered, sentence_like
from interp_core.files.limits import MOST_COLUMNS, check_columns
from interp_core.files.rows import Skipped
from interp_core.files.separated import Dialect, Line, Record, records

DELIMITERS = (",", ";", "\t", "|")
RARE = ("^", "~")  # tried where none of the others separates fields
TITLES = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    " ": "spaces",
    "^": "circumflexes",
    "~": "tildes",
}
SEP = re.compile(r'"?sep=(.)\1*"?\s*', re.IGNORECASE)
HALF = 0.5  # share of rows that must have the same number of fields
NAMED = 0.2  # the same where the first row holds a usual name of a column
SPACED = 0.9  # share of delimiters followed by a space from which it is the file's style
ENOUGH = 5  # rows that tell how a file is written
EXCEL_ROWS = 2  # quoted fields that show the style of a spreadsheet's export


@dataclass(frozen=True)
class Reading:
    """The sample as one dialect reads it: rows that are not blank, and how well they agree."""

    dialect: Dialect
    rows: tuple[Record, ...]
    width: int
    share: float
    begin: int = 0  # the place of the row from which the rows were judged

    @property
    def literal(self) -> int:
        """Rows whose quotes break the rules."""
        return sum(row.literal for row in self.rows)


def find_dialect(
    sample: list[Line], *, prefer: str = "", asked: str | None = None, quotes: bool | None = None
) -> Reading:
    """The reading under which most rows have the same number of fields, at least two.

    `prefer` is the delimiter that the file's name promises, `asked` the one a person chose, and
    `quotes` whether quotes are those of CSV (None: found). Where no delimiter fits, the file has
    one column. Raises `BadInput` for too many columns.
    """
    if asked is not None:
        return _best_quotes(sample, asked, quotes)
    fitting: list[Reading] = []
    for some in (DELIMITERS, RARE):
        readings = [_best_quotes(sample, each, quotes) for each in some] if not fitting else []
        fitting += [each for each in readings if _is_table(each)]
    if not fitting:
        spaces = quoted_spaces(sample)
        return spaces or _read(sample, Dialect("", "" if prefer == "\t" else '"'))
    # Of equal shares the delimiter that is no punctuation, then the one that finds more fields.
    best = max(
        fitting,
        key=lambda each: (
            each.dialect.delimiter == prefer,
            round(each.share, 2),
            not each.dialect.spaced,
            each.width,
        ),
    )
    check_columns(best.width - 1)
    return best


def named_delimiter(line: str) -> str | None:
    """The delimiter that a first line `sep=;` names; Excel writes and reads it."""
    match = SEP.fullmatch(line.strip("\r\n\ufeff"))
    return match[1] if match else None


def _read(sample: list[Line], dialect: Dialect) -> Reading:
    found = (row for row in records(iter(sample), dialect) if not isinstance(row, Skipped))
    rows = tuple(row for row in found if any(each.strip() for each in row.fields))
    # The sample may end within a quoted field: what follows its quote is no row.
    whole = next((n for n, row in enumerate(rows) if row.unclosed), len(rows))
    return _judged(dialect, rows[:whole] if whole >= ENOUGH else rows)


def _judged(dialect: Dialect, rows: tuple[Record, ...]) -> Reading:
    begin = next((n for n, row in enumerate(rows[:LINES_ABOVE]) if _names_columns(row)), 0)
    rest = rows[begin:]  # without titles and comments above the header
    widths = [len(row.fields) for row in rest if not row.literal]
    if not widths:
        return Reading(dialect, rows, 1, 0.0)
    counts = Counter(widths)
    first = widths[0]
    best = max(counts, key=lambda width: (counts[width], width == first, width))
    named = first > 1 and best != first and names_known(rest[0].fields)
    if named and counts[first] >= NAMED * len(rest) and not _is_shifted(rest, first, best):
        best = first
    return Reading(dialect, rows, best, counts[best] / len(rest), begin)


def _is_shifted(rows: tuple[Record, ...], header: int, width: int) -> bool:
    """Whether all rows have one field more than the header for another reason than a delimiter in
    a text: one that ends each row, or the row numbers that R writes without a name."""
    fitting = [row.fields for row in rows if len(row.fields) == width]
    if width < header:
        return not any(each.strip() for each in rows[0].fields[width:])
    return not any(row[-1].strip() for row in fitting) or (
        width == header + 1 and numbered(fitting)
    )


def _names_columns(row: Record) -> bool:
    return len(row.fields) > 1 and not row.literal and names_known(row.fields)


def _best_quotes(sample: list[Line], delimiter: str, quotes: bool | None) -> Reading:
    plain = _spaced(sample, Dialect(delimiter, ""))
    quoted = _spaced(sample, Dialect(delimiter, '"'))
    if quotes is not None:
        return quoted if quotes else plain
    if delimiter == "\t":
        return quoted if _is_quoted_export(plain, quoted) else plain
    if quoted.literal and any('\\"' in line for _, line in sample if isinstance(line, str)):
        escaped = _read(sample, replace(quoted.dialect, escaped=True))
        if not escaped.literal and escaped.width > 1 and escaped.share >= quoted.share:
            return escaped
    single = _read(sample, Dialect(delimiter, "'", quoted.dialect.spaced))
    if single.share == 1 > quoted.share and single.width > 1 and not single.literal:
        fields = [row.fields for row in _read(sample, replace(single.dialect, quote="")).rows]
        if fields != [row.fields for row in single.rows]:
            return single
    return quoted


def _spaced(sample: list[Line], dialect: Dialect) -> Reading:
    """The reading, without the spaces behind delimiters where that is the file's style."""
    found = _read(sample, dialect)
    later = [each for row in found.rows for each in row.fields[1:] if each]
    if later and sum(each.startswith(" ") for each in later) >= SPACED * len(later):
        return _read(sample, replace(dialect, spaced=True))
    return found


def _is_table(found: Reading) -> bool:
    """Whether so many rows agree that the delimiter separates fields, and is no punctuation."""
    if found.width < 2:
        return False
    first = found.rows[found.begin]
    named = names_known(first.fields)
    last = [row.fields[-1] for row in found.rows]
    if not named and sum(map(sentence_like, last)) > HALF * len(last):  # sentences with commas
        return found.share >= SPACED and not found.dialect.spaced
    if found.dialect.spaced:
        return found.share == 1
    if found.share >= (NAMED if named else HALF):
        return True
    # Rows whose quotes break the rules fit as they stand.
    fitting = sum(len(row.fields) == found.width for row in found.rows)
    return not first.literal and fitting >= HALF * len(found.rows)


def _is_quoted_export(plain: Reading, quoted: Reading) -> bool:
    """Whether a file with tabs is quoted as spreadsheet programs do, beyond doubt.

    Public data sets in TSV have quotes that belong to the text; an export quotes by rule.
    """
    if quoted.literal or not quoted.rows or quoted.share < 1 or quoted.width < 2:
        return False
    if plain.share < 1:  # only the quoted reading fits: fields over several lines, tabs in them
        return True
    fields = [each.strip() for row in plain.rows for each in row.fields if each.strip()]
    marked = [each for each in fields if len(each) > 1 and each[0] == each[-1] == '"']
    if not marked:
        return False
    if len(marked) == len(fields) or any('""' in each[1:-1] for each in marked):
        return True
    others = (each for each in fields if each[0] != '"')
    return (  # Excel quotes fields with a comma, and no others
        len(marked) >= EXCEL_ROWS
        and all("," in each for each in marked)
        and not any("," in each for each in others)
    )


def quoted_spaces(sample: list[Line]) -> Reading | None:
    """R's `write.table`: texts in quotes, spaces between."""
    found = _read(sample, Dialect(" ", '"'))
    quoted = all(row.fields and not row.literal for row in found.rows)
    if not found.rows or not quoted or found.width < 2 or found.width > MOST_COLUMNS:
        return None
    lines = dict(sample)
    begins = (lines[row.number] for row in found.rows)
    if not all(isinstance(line, str) and line.startswith('"') for line in begins):
        return None
    whole = [row for row in found.rows[1:] if len(row.fields) != found.width]
    return None if whole else found
