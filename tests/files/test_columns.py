"""Cells become numbers only where they are written as numbers; identifiers and texts stay."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic
from tests.files.reading import named, notes, opened


def column(cells, *, delimiter=",", **options):
    quoted = [f'"{cell}"' if delimiter in cell else cell for cell in cells]
    lines = "".join(f"some words here{delimiter}{cell}\n" for cell in quoted)
    data = f"text{delimiter}value\n{lines}"
    found = ic.open_table(named(data, "a.csv"), **options)
    return found.frame["value"], " ".join(found.notes)


@pytest.mark.parametrize(
    "cells",
    [
        ["00123", "01230", "7"],
        ["1E5", "2e3", "3E-2"],
        ["9007199254740993", "", "1"],
        ["12345678901234567890123", "1", "2"],
        ["+4912345", "+49", "3"],
        ["1,234", "12,001", "5"],
        ["1.2.3", "1.2", "1"],
        ["-0", "00", "1"],
        ["0x10", "1", "2"],
        ["1_000", "2", "3"],
        ["inf", "1", "2"],
        ["２", "1", "3"],
    ],
)
def test_what_may_be_an_identifier_stays_as_it_is_written(cells):
    found, _ = column(cells)
    assert [each for each in found.dropna()] == [each for each in cells if each]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "-2", "30"], [1, -2, 30]),
        (["0.5", "1e-05", "-3.25E+2"], [0.5, 1e-05, -325]),
        (["1", "", "NaN", " 4 "], [1, np.nan, np.nan, 4]),
        (["0", "0.10", ".5", "2."], [0, 0.1, 0.5, 2]),
        (["9007199254740991", "1"], [9007199254740991, 1]),
    ],
)
def test_columns_of_numbers_are_numbers(cells, numbers):
    found, _ = column(cells)
    np.testing.assert_array_equal(found.to_numpy(), numbers)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_decimal_commas_are_read_and_told(delimiter):
    found, said = column(["0,5", "-2,25", "3"], delimiter=delimiter)
    assert list(found) == [0.5, -2.25, 3]
    assert "decimal commas" in said
    found, _ = column(["1.234,5", "12.001,25"], delimiter=delimiter)
    assert list(found) == [1234.5, 12001.25]
    found, said = column(["1,234", "12,001"], delimiter=delimiter)  # thousands, or thousandths
    assert list(found) == ["1,234", "12,001"]
    assert "kept as text" in said


def test_a_person_may_ask_for_numbers():
    assert list(column(["007", "010"], numbers=["value"])[0]) == [7, 10]
    assert list(column(["1,234", "12,001"], numbers=["value"])[0]) == [1234, 12001]
    assert list(column(["1E5", "2e3"], numbers=["value"])[0]) == [1e5, 2e3]
    found, said = column(["7", "seven"], numbers=["value"])
    assert list(found) == ["7", "seven"]
    assert "cannot be read as numbers: “seven”" in said


@pytest.mark.parametrize("word", ["", "NaN", "nan", "NA", "n/a", "null", "None", "<NA>", "  "])
def test_labels_that_are_missing_are_counted(word):
    data = f"text,label\ngood film it is,pos\nbad,{word}\nmeh,neg\n"
    table, corpus = opened(data)
    assert list(table.frame["label"].isna()) == [False, True, False]
    assert "In “label” 1 of 3 values are missing" in " ".join(table.notes)
    assert len(list(corpus.rows())) == 3


def test_a_text_that_says_none_is_a_text():
    table, _ = opened("text,label\nNone,pos\nnan,neg\nNA,pos\n")
    assert list(table.frame["text"]) == ["None", "nan", "NA"]


def test_labels_are_stripped_and_that_is_told_but_texts_stay():
    data = "text,label\n Good film, pos\nBad film ,neg\nx y,neg \n"
    table, _ = opened(data)
    assert list(table.frame["text"]) == [" Good film", "Bad film ", "x y"]
    assert list(table.frame["label"]) == ["pos", "neg", "neg"]
    assert "Spaces around the values of “label”" in notes(data)


def test_json_follows_the_same_rules_and_keeps_its_types():
    lines = (
        '{"text": "a", "id": 9007199254740993, "n": 1, "label": " pos"}\n'
        '{"text": "b", "id": null, "n": 2.5, "label": "NaN"}\n'
        '{"text": "c", "id": 7, "n": null, "label": ""}\n'
    )
    table, _ = opened(lines, "a.jsonl")
    assert list(table.frame["id"].dropna()) == ["9007199254740993", "7"]
    np.testing.assert_array_equal(table.frame["n"].to_numpy(), [1, 2.5, np.nan])
    assert list(table.frame["label"].dropna()) == ["pos"]
    assert "2 of 3 values are missing" in " ".join(table.notes)
