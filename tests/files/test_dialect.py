"""The delimiter is the one under which most rows, quotes heeded, have as many fields."""

from __future__ import annotations

import pytest

from interp_core.files.dialect import find_dialect, named_delimiter


def found(text, **options):
    lines = list(enumerate(text.splitlines(keepends=True), 1))
    reading = find_dialect(lines, **options)
    return reading.dialect.delimiter, reading.width


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n3,4\n", (",", 2)),
        ("a;b\n1,5;x\n2,5;y\n", (";", 2)),
        ("text;x;y\na;1,5;2,5\nb;2,5;3,5\n", (";", 3)),
        ('"Title, year, place";text\n"A, 1999, Rome";Good\n', (";", 2)),
        ('id,text\n1,"a; b; c"\n2,"d; e; f"\n', (",", 2)),
        ('id,text\n1,"a\tb"\n2,"c\td"\n', (",", 2)),
        ("text,label\nGood, really good,pos\nBad, sad,neg\nFine, so, so,neg\n", (",", 2)),
        ("a|b\nx, y|1\nz; w|2\n", ("|", 2)),
        ("a\tb\n1,2\t3,4\n", ("\t", 2)),
        ("Good film\nBad film\n", ("", 1)),
        ("Well, yes it is.\nNo, it is not.\n", ("", 1)),
        ('"x" "y"\n"1" "a b" "c"\n"2" "d" "e"\n', (" ", 3)),
        ("Report;;;\n\nid;text;label;n\n1;a;x;2\n2;b;y;3\n", (";", 4)),
    ],
)
def test_the_delimiter_is_that_of_the_rows(text, expected):
    assert found(text) == expected


def test_the_name_of_a_file_decides_between_delimiters_that_fit_as_well():
    text = "a\tb,c\nd\te,f\n"
    assert found(text, prefer="\t") == ("\t", 2)
    assert found("a,b\nc,d\n", prefer="\t") == (",", 2)


def test_a_line_names_the_delimiter_as_excel_writes_it():
    assert named_delimiter("sep=;\r\n") == ";"
    assert named_delimiter('\ufeff"sep=,"') == ","
    assert named_delimiter("SEP=\t\n") == "\t"
    assert named_delimiter("sep") is None
    assert named_delimiter("sep=;,\n") is None
