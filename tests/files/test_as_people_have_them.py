"""Files as tools and people write them: read as a person would, or refused by name."""

from __future__ import annotations

import json

import pytest

import interp_core as ic
from tests.files.reading import both, named, notes, opened

LABELLED = [{"text": "good film", "label": "pos"}, {"text": "bad film", "label": "neg"}]
TEXTS = ["good film", "bad film"]
CSV = "text,label\ngood film,pos\nbad film,neg\n"
LINES = "\n".join(map(json.dumps, LABELLED))


@pytest.mark.parametrize(
    "document",
    [
        [{"id": 7, "annotations": [], "data": row, "at": "2024-01-01"} for row in LABELLED],
        {"all": {"examples": LABELLED}},
        {"train": LABELLED[:1], "test": LABELLED[1:]},
    ],
)
def test_texts_are_found_where_annotation_tools_put_them(document):
    assert both(json.dumps(document), "a.json") == TEXTS


def test_parts_of_a_data_set_are_told_apart():
    found = opened('{"train": [{"text": "a"}], "test": [{"text": "b"}]}', "a.json")[0]
    assert list(found.frame["split"]) == ["train", "test"]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a"])
@pytest.mark.parametrize("data", [LINES, json.dumps(LABELLED), json.dumps(LABELLED, indent=1)])
def test_json_is_json_whatever_the_name_says(data, name):
    assert both(data, name) == TEXTS


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_a_text_file_with_the_names_of_columns_is_a_table(delimiter):
    assert both(CSV.replace(",", delimiter), "a.txt") == TEXTS


@pytest.mark.parametrize("first", ["Well, yes.", "text, I think", "Name, date: none"])
def test_sentences_with_commas_are_sentences(first):
    lines = [first, "Good, really.", "Bad, really."]
    assert both("\n".join(lines), "a.txt") == lines


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (f"{CSV}text,label\n{CSV}", 4),  # files joined
        ("text|label\n---|:--\ngood film|pos\nbad film|neg\n", 2),  # Markdown
    ],
)
def test_rows_that_are_no_data_are_told(data, count):
    assert len(both(data)) == count
    assert "left out" in notes(data)


def test_a_header_of_spaces_takes_no_row():
    assert both(" ,\ngood film,pos\nbad film,neg\n", column="column 1") == TEXTS
    assert both(f",\n{CSV}") == TEXTS


def test_backslashes_before_quotes_are_those_of_the_program_that_wrote_it():
    data = 'text,label\n"He said \\"no\\", twice",neg\n"Fine \\"film\\"",pos\n'
    assert both(data) == ['He said "no", twice', 'Fine "film"']
    assert "backslash" in notes(data)


def test_intents_without_a_header_lose_no_row():
    rows = ["AddToPlaylist\tadd one more song to the list", "PlayMusic\tplay some jazz"]
    assert len(both("\n".join(rows), "a.tsv", column="column 2")) == 2


@pytest.mark.parametrize(
    ("names", "cells", "chosen"),
    [
        ("Timestamp,Comments", "2024/01/02 3:04:05 PM GMT+1,Nice", "Comments"),
        ("id,qid1,question1,question2", "1,2,How?,What was that again?", "question1"),
        ("link,note", "https://example.org/a/long/path,It was all right", "note"),
        ("📝 text,longer", "good,something much longer", "📝 text"),
    ],
)
def test_the_column_of_texts_is_the_one_with_words(names, cells, chosen):
    assert opened(f"{names}\n{cells}\n{cells}\n")[1].column == chosen


AMOUNTS = [("85%", "7 %"), ("$1,234.50", "$9"), ("5 cm", "7 cm"), ("kg", "1", "2")]


@pytest.mark.parametrize("cells", AMOUNTS)
def test_what_is_kept_as_text_though_it_looks_like_numbers_is_told(cells):
    rows = "".join(f'a text here,"{cell}"\n' for cell in cells)
    assert "not a plain number" in notes(f"text,amount\n{rows}")


def test_what_databases_and_spreadsheets_write_for_nothing_is_missing():
    found = opened("text,label\na b,\\N\nc d,#NV\ne f,x\n")[0].frame
    assert found["label"].isna().sum() == 2


def test_stray_zeros_are_no_wide_characters():
    data = b"text,label\nGood\x00,pos\n\x00,neg\nBad film,neg\nFine,pos\n"
    assert both(data) == ["Bad film", "Fine"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("טקסט,תווית\nסרט טוב מאוד,חיובי\nסרט רע,שלילי\n", "cp1255"),
        ("نص,تسمية\nفيلم جيد جدا,ايجابي\nفيلم سيء,سلبي\n", "cp1256"),
        ("κείμενο,ετικέτα\nκαλή ταινία,θετικό\nκακή ταινία,αρνητικό\n", "cp1253"),
    ],
)
def test_other_alphabets_are_asked_for_and_never_guessed_as_cyrillic(text, encoding):
    data = text.encode(encoding)
    with pytest.raises(ic.BadInput, match=f"not certain.*{encoding}"):
        ic.open_table(named(data, "a.csv"))
    name = text.split(",")[0]
    assert name in opened(data, encoding=encoding)[0].frame


@pytest.mark.parametrize(
    "document",
    [
        "\n".join(json.dumps({f"k{n % 1000}": "a"}) for n in range(9_000)),
        json.dumps({f"a{n}": {f"b{n}": "x"} for n in range(20_000)}),
        json.dumps({f"a{n}": ["x"] for n in range(20_000)}),
        json.dumps({"columns": [f"c{n}" for n in range(20_000)], "data": [["x"] * 20_000]}),
    ],
)
def test_rows_and_keys_that_multiply_are_refused(document):
    """What is made of a file stays within a multiple of its size."""
    with pytest.raises(ic.BadInput, match=r"columns|different keys"):
        ic.open_table(named(document, "a.json"))
