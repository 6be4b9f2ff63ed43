"""Whether the first row names the columns, and what stands above it."""

from __future__ import annotations

import pytest

from interp_core.files.header import find_head
from interp_core.files.separated import Record


def head(*rows, width=None, asked=None):
    given = [Record(n, n, list(row)) for n, row in enumerate(rows, 1)]
    return find_head(given, width or max(map(len, rows)), asked)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("text", "label"), ("a", "x")], ("text", "label")),
        ([("question1", "question2"), ("a", "x"), ("b", "y")], ("question1", "question2")),
        ([("Größe", "Wert"), ("klein", "1"), ("groß", "2")], ("Größe", "Wert")),
        ([("2001", "2002"), ("1.5", "2.5"), ("3.5", "4.5")], ("2001", "2002")),
        ([("1.5", "2.5"), ("3.5", "4.5")], None),
        ([("good", "pos"), ("bad", "neg"), ("sad", "neg"), ("fun", "pos")], None),
        ([("What is it?", "location"), ("Who?", "human"), ("Why?", "location")], None),
        ([("It is a good film.", "a"), ("It is a bad film.", "b")], None),
        ([("review",), ("I liked it",), ("Not me",)], ("review",)),
        ([("my_column",), ("I liked it",), ("Not me",)], ("my_column",)),
        ([("I liked it",), ("Not me",)], None),
        ([("value",), ("1",), ("2",)], ("value",)),
        ([("1",), ("2",)], None),
    ],
)
def test_a_header_is_known_by_its_words_and_by_the_rows_below(rows, names):
    assert head(*rows).names == names


def test_a_guess_is_called_one():
    assert head(("text", "label"), ("a", "x")).sure
    assert head(("question1", "question2"), ("a", "x"), ("b", "y")).sure
    assert not head(("alpha", "beta"), ("a", "x"), ("b", "y")).sure


def test_a_person_decides():
    assert head(("text", "label"), ("a", "x"), asked=False).names is None
    assert head(("I liked it",), ("Not me",), asked=True).names == ("I liked it",)


@pytest.mark.parametrize(
    ("above", "count"),
    [
        ([("Survey 2024",)], 1),
        ([("Survey 2024", "", "")], 1),
        ([("# by tool", "2024", "x")], 1),
        ([("A title",), ("by me", " today", " and you")], 2),
        ([("%",), ("//  x",)], 2),
        ([], 0),
    ],
)
def test_titles_and_comments_stand_above(above, count):
    found = head(*above, ("id", "text", "label"), ("1", "a", "x"), ("2", "b", "y"), width=3)
    assert found.names == ("id", "text", "label")
    assert len(found.above) == count
    assert found.begin == count + 1


def test_texts_with_a_number_sign_are_no_comments():
    rows = [("#MeToo is a movement", "1"), ("# of stars", "0"), ("#x", "1")]
    assert head(("text", "label"), *rows).begin == 1
    assert head(*rows).begin == 0
