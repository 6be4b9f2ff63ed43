"""JSON as people have it: a value a line, lists, and the forms of pandas."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

import interp_core as ic
from interp_core.files import json_shapes
from tests.files.reading import both, notes, opened

FRAME = pd.DataFrame({"text": ["good", "bad"], "n": [1, 2]})
ROWS = FRAME.to_dict("records")


@pytest.mark.parametrize("orient", ["records", "split", "columns", "index", "table"])
@pytest.mark.parametrize("named", [False, True])
def test_what_pandas_writes_is_read(orient, named):
    frame = FRAME.set_axis(["k1", "k2"]) if named else FRAME
    data = frame.to_json(orient=orient)
    assert both(data, "a.json") == ["good", "bad"]
    assert list(opened(data, "a.json")[0].frame["n"]) == [1, 2]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "document",
    [
        ROWS,
        ["good", "bad"],
        {"data": ROWS},
        {"version": "1.1", "data": ROWS},
        {"anything": ROWS, "count": 2},
        {"rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]},
        {"text": ["good", "bad"], "n": [1, 2]},
        [["text", "n"], ["good", 1], ["bad", 2]],
    ],
)
def test_a_document_is_read_however_it_is_laid_out(document, indent):
    for name in ("a.json", "a.jsonl"):
        assert both(json.dumps(document, indent=indent), name) == ["good", "bad"]


def test_what_was_understood_is_told():
    assert "a list for each column" in notes('{"text": ["a", "b"]}', "a.json")
    assert "those of 'data'" in notes('{"data": [{"text": "a"}]}', "a.json")
    assert "one JSON object: one row" in notes('{\n "text": "good"\n}\n', "a.json")
    assert "a key occurs twice" in notes('{"text": "a", "text": "b"}\n{"text": "c"}', "a.jsonl")


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        ('"good film"\n"bad film"\n', ["good film", "bad film"]),
        ('{"text": "a"},\n\n{"text": "b"},\n', ["a", "b"]),
        ('{"text": "a"}\n{"text": \n{"text": "c"}\n', ["a", "c"]),
        ('{broken\n{"text": "b"}\n{"text": "c"}\n', ["b", "c"]),
        ('{"text": "a", "x": NaN}\n{"text": "b", "x": 1}\n', ["a", "b"]),
        ('\ufeff{"text": "a"}\r{"text": "b"}\r', ["a", "b"]),
        ('{"text": "a", "meta": {"b": [1, "é"]}, "tags": []}\n{"text": "c"}', ["a", "c"]),
    ],
)
def test_lines_are_read_and_broken_ones_told(data, texts):
    assert both(data, "a.jsonl") == texts


def test_an_object_in_each_line_is_opened():
    lines = '{"translation": {"en": "good", "de": "gut"}}\n{"translation": {"en": "x", "de": "y"}}'
    assert both(lines, "a.jsonl", column="en") == ["good", "x"]


@pytest.mark.parametrize("data", ["[1, 2]", "7", "null", '[["a"], 1]', "[]", "{}"])
def test_json_without_rows_is_refused(data):
    for reader in (ic.open_table, ic.open_corpus):
        file = io.BytesIO(data.encode())
        file.name = "a.json"
        with pytest.raises(ic.BadInput, match=r"holds no rows|no column of texts"):
            reader(file)


def test_deep_nests_are_no_json():
    assert both('{"text": "a"}\n' + "[" * 50_000, "a.json") == ["a"]
    for data in ("[" * 100_000, '{"a":' * 100_000):
        with pytest.raises(ic.BadInput, match="not valid JSON"):
            opened(data, "a.json")


def test_a_document_in_one_long_line_is_read():
    rows = [{"text": f"text {n} " + "word " * 30} for n in range(8_000)]
    assert len(json.dumps(rows)) > 1_000_000
    assert both(json.dumps(rows), "a.json") == [row["text"] for row in rows]
    columns = {"text": [row["text"] for row in rows]}
    assert both(json.dumps(columns), "a.json") == columns["text"]


def test_a_document_larger_than_the_bound_is_refused_and_lines_are_not(monkeypatch):
    monkeypatch.setattr(json_shapes, "MAX_JSON", 100)
    with pytest.raises(ic.BadInput, match="Save it as JSON Lines"):
        opened(json.dumps(ROWS * 50), "a.json")
    lines = "".join(json.dumps(row) + "\n" for row in ROWS * 50)
    assert len(both(lines, "a.jsonl")) == 100


CHAT = [{"role": "user", "content": "Is it good?"}, {"role": "assistant", "content": "Yes."}]
SAID = "user: Is it good?\nassistant: Yes."
OLDER = [{"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Hello."}]
PARTS = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]


@pytest.mark.parametrize("lines", [True, False])
def test_a_conversation_is_one_text_with_its_roles(lines):
    rows = [
        {"id": 1, "messages": CHAT, "label": "a"},
        {"conversations": OLDER, "label": "b"},
        {"messages": PARTS, "label": "a"},
    ]
    data = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows, indent=1)
    name = "chats.jsonl" if lines else "chats.json"
    assert both(data, name) == [SAID, "human: Hi.\ngpt: Hello.", "user: What is it?"]
    table, corpus = opened(data, name)
    assert list(table.frame["label"]) == ["a", "b", "a"]
    assert "with its role before it" in " ".join(corpus.notes)


def test_a_text_of_its_own_is_not_replaced_by_a_conversation():
    rows = [{"prompt": "one", "messages": CHAT}, {"prompt": "two", "messages": CHAT}]
    found = ic.open_corpus("\n".join(map(json.dumps, rows)).encode(), name="a.jsonl")
    assert ic.first_texts(found, 9) == ["one", "two"]
    assert not found.notes
    odd = json.dumps({"messages": [{"role": 1, "content": {}}]})
    with pytest.raises(ic.BadInput, match="no column of texts"):
        ic.open_corpus(f"{odd}\n{odd}".encode(), name="a.jsonl")


def test_conversations_in_parquet_are_pointed_to_json_lines():
    file = io.BytesIO()
    pd.DataFrame({"messages": [CHAT, CHAT]}).to_parquet(file)
    with pytest.raises(ic.BadInput, match="read from JSON Lines"):
        ic.open_corpus(file.getvalue(), name="a.parquet")
