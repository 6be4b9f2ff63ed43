"""Rows with quotes: those of CSV, those of the text, and those that nobody closes."""

from __future__ import annotations

import pytest

from interp_core.files import separated
from interp_core.files.rows import Skipped
from interp_core.files.separated import Dialect, records
from tests.files.reading import both, notes

TSV = b"""text\tlabel
"Good film" they say\tpos
"An open quote starts here\tneg
Another row\tpos
It ends" here\tneg
"all of it"\tneg
5" pipe\tpos
"""


def rows(text, dialect=None, width=None):
    lines = enumerate(text.splitlines(keepends=True), 1)
    found = records(iter(lines), dialect or Dialect(","), width)
    return [row if isinstance(row, Skipped) else row.fields for row in found]


def test_quotes_in_tsv_are_those_of_the_text():
    expected = [line.split("\t")[0] for line in TSV.decode().splitlines()[1:]]
    assert both(TSV, "a.tsv") == expected
    assert "Quotes belong to the text" in notes(TSV, "a.tsv")
    last = 'text\tlabel\nBad film\tneg\n"Good film\tpos\n'
    assert both(last, "a.tsv") == ["Bad film", '"Good film']


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ('text\tlabel\n"He said ""no"""\tpos\nBad\tneg\n', ['He said "no"', "Bad"]),
        ('text\tlabel\n"two\nlines"\tpos\nBad\tneg\n', ["two\nlines", "Bad"]),
        ('text\tlabel\n"a\ttab"\tpos\nBad\tneg\n', ["a\ttab", "Bad"]),
        ('"text"\t"label"\n"Good"\t"pos"\n"Bad"\t"neg"\n', ["Good", "Bad"]),
        (
            'text\tlabel\n"Good, really"\tpos\n"Well, no"\tneg\nBad\tneg\n',
            ["Good, really", "Well, no", "Bad"],
        ),
    ],
)
def test_tsv_that_a_spreadsheet_quoted_is_read_so_and_told(data, texts):
    assert both(data, "a.tsv") == texts
    assert "Quotes are read as in CSV" in notes(data, "a.tsv")


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ('id,text\n1,"He said "no" to me"\n2,fine\n', ['"He said "no" to me"', "fine"]),
        ('text,label\n"Good" they say,pos\nfine,neg\n', ['"Good" they say', "fine"]),
        (
            'text,label\n"Open,pos\nfine,neg\n"another,pos\nlast,neg\n',
            ['"Open', "fine", '"another', "last"],
        ),
        ('text,label\n5" pipe,pos\nfine,neg\n', ['5" pipe', "fine"]),
        ("text,label\n'Tis good,pos\nrock 'n' roll,neg\n", ["'Tis good", "rock 'n' roll"]),
        ("text,label\n'Good, film',pos\n'Bad film',neg\n", ["Good, film", "Bad film"]),
        ("text;label\n'Good; film';pos\n'It''s bad';neg\n", ["Good; film", "It's bad"]),
        (
            'text,label\n"two\nlines, and ""quotes""",pos\n"",neg\n',
            ['two\nlines, and "quotes"', ""],
        ),
    ],
)
def test_a_quote_that_breaks_the_rules_belongs_to_the_text_and_swallows_no_row(data, texts):
    assert both(data) == texts


def test_a_large_file_whose_sample_ends_within_a_field_is_read_by_its_rules():
    rows = [f'"line {n}\nand ""more"" of\nit"' for n in range(600)]
    for delimiter, name in (("\t", "a.tsv"), (",", "a.csv")):
        data = f"text{delimiter}label\n" + "".join(f"{row}{delimiter}x\n" for row in rows)
        assert both(data, name) == [f'line {n}\nand "more" of\nit' for n in range(600)]
        assert "rules" not in notes(data, name)


def test_quotes_that_are_never_closed_cost_no_second_reading_without_end(monkeypatch):
    monkeypatch.setattr(separated, "MOST_REREAD", 3 * 7 * 2_000)
    found = rows('x",z,"\n' * 2_000)
    assert found[:4] == [['x"', "z", '"']] * 4
    assert all(isinstance(each, Skipped) for each in found[4:])
    assert len(found) == 2_000


def test_a_return_in_a_field_without_quotes_does_not_end_the_row():
    assert both(b"text\tlabel\na\rb\tpos\nc d\tneg\n", "a.tsv") == ["a\rb", "c d"]


def test_a_row_that_reads_in_two_ways_is_the_one_of_the_right_width():
    assert rows('a,"b, c" d,e\n', width=3) == [["a", "b, c d", "e"]]
    assert rows('a,"b, c" d,e\n', width=4) == [["a", '"b', ' c" d', "e"]]
