"""Labelled data: columns, labels by name, number or mapping, and what cannot be used."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.audit.data import NO_LABEL, UNKNOWN, match_tags
from interp_core.audit.labels import match_labels
from interp_core.files.conll import read_conll
from interp_core.files.rows import EMPTY, MISFIT

STARS = ("1 star", "2 stars", "3 stars")
TABLE = "sentence;opinion;source\ngood;Positive;a\nbad;NEGATIVE;b\n;positive;a\nodd;;b\nso;meh;b\n"


@pytest.fixture(scope="module")
def words(words_model):
    return words_model({"good": 1.0, "bad": -1.0})


def of_kind(model, kind, labels):
    network = SimpleNamespace(config=SimpleNamespace(problem_type=kind))
    return replace(model, model=network, labels=labels)


@pytest.mark.parametrize(
    ("values", "classes", "told", "mapping", "how"),
    [
        (["Negative", "POSITIVE "], ("negative", "positive"), None, [0, 1], "name"),
        (["very-bad", "Fine"], ("very_bad", "fine"), None, [0, 1], "name"),
        ([0, 1.0, True], ("negative", "positive"), None, [0, 1], "number"),
        ([0, 1, -1], ("negative", "positive"), None, [0, 1, None], "number"),
        ([1, 2], ("negative", "positive"), None, [None, None], "none"),
        ([1, 3], STARS, None, [0, 2], "number in the name"),
        (["LABEL_1", "0"], ("LABEL_0", "LABEL_1"), None, [1, None], "name"),
        (
            ["neg", "pos"],
            ("negative", "positive"),
            {"neg": 0, "pos": "Positive"},
            [0, 1],
            "mapping",
        ),
        ([0, 1], ("negative", "positive"), {"0": 1, "1": 0}, [1, 0], "mapping"),
        ([0, 1], ("negative", "positive"), {"0": None}, [None, 1], "number"),
    ],
)
def test_labels_are_matched_and_what_was_assumed_is_said(values, classes, told, mapping, how):
    found = match_labels(values, classes, told)
    wanted = [None if each is None else classes[each] for each in mapping]
    assert list(found.mapping.values()) == wanted
    assert found.how == how
    guessed = how.startswith("number") or (how == "none" and values == [1, 2])
    assert bool(found.notes) is guessed


def test_labels_that_are_texts_and_classes_that_are_not_there_are_refused():
    with pytest.raises(ic.BadInput, match="different values"):
        match_labels(map(str, range(5000)), ("a", "b"))
    with pytest.raises(ic.BadInput, match="no class 'c'"):
        match_labels(["x"], ("a", "b"), {"x": "c"})


def test_a_table_keeps_what_can_be_audited_and_lists_the_rest(words):
    data = ic.labelled_data(TABLE.encode(), words, label="opinion", name="mine.csv")
    assert (data.texts, data.targets.tolist()) == (("good", "bad"), [1, 0])
    assert data.target_names() == ["positive", "negative"]
    assert data.rows.tolist() == [1, 2]
    assert data.name == "mine.csv"
    assert data.metadata.to_dict("list") == {"source": ["a", "b"]}
    assert dict(data.problems.counts) == {EMPTY: 1, NO_LABEL: 1, UNKNOWN: 1}
    assert [row.number for row in data.problems.rows] == [3, 4, 5]
    assert any("semicolons" in note for note in data.notes)
    assert list(data.frame()) == ["row", "text", "label", "source"]
    mended = ic.labelled_data(TABLE.encode(), words, label="opinion", mapping={"meh": "negative"})
    assert mended.texts == ("good", "bad", "so")
    assert mended.digest != data.digest == replace(data, name="x", notes=()).digest
    part = data.take(np.array([False, True]))
    assert (part.texts, part.rows.tolist(), len(part.metadata)) == (("bad",), [2], 1)


@pytest.mark.parametrize(
    "rows",
    [
        [("good", "positive")],
        [("bad", "positive")],
        [("good", "positive")] * 12,
        [("good", "positive"), ("bad", "negative"), ("so good", "positive")],
        [("word " * 500, "positive"), ("x" * 5_000, "negative")],
    ],
    ids=["one right", "one wrong", "one class", "three", "long"],
)
@pytest.mark.filterwarnings("error::UserWarning")
def test_small_and_odd_tables_are_scored(words, rows):
    data = ic.labelled_data(pd.DataFrame(rows, columns=["text", "label"]), words)
    audit = ic.run_audit(words, data)
    right = [("bad" in text) == (label == "negative") for text, label in rows if len(text) < 9]
    if len(right) == len(rows):
        assert audit.score.figures[0].value == np.mean(right)
    assert audit.score.figures[0].low <= audit.score.figures[0].value
    assert len(rows) > 9 or not audit.score.notes  # too few to doubt the mapping


def test_a_table_whose_texts_are_all_empty_is_refused_as_such(words):
    with pytest.raises(ic.BadInput, match="no column with texts"):
        ic.labelled_data(b"text,label\n,positive\n ,negative\n", words)


def test_the_column_of_labels_is_found_by_name_or_by_what_it_holds(words):
    frame = pd.DataFrame({"review": ["a b c", "d e f"], "mood": ["negative", "positive"]})
    assert ic.labelled_data(frame, words).targets.tolist() == [0, 1]
    with pytest.raises(ic.BadInput, match="Which column"):
        ic.labelled_data(frame.replace("negative", "sad"), words)
    with pytest.raises(ic.BadInput, match="one of negative, positive"):
        ic.labelled_data(frame.assign(label="odd"), words)
    with pytest.raises(ic.BadInput, match="no column 'x'"):
        ic.labelled_data(frame, words, label="x")


def test_of_too_many_rows_some_are_drawn_at_random_and_keep_their_numbers(words):
    frame = pd.DataFrame({"text": [f"t{n}" for n in range(50)], "label": [0] * 25 + [1] * 25})
    data = ic.labelled_data(frame, words, limit=20)
    assert [f"t{number - 1}" for number in data.rows] == list(data.texts)
    assert (np.diff(data.rows) > 0).all()
    assert 0 < data.targets.sum() < 20 == len(data)
    assert "20 of 50 rows were drawn at random" in data.notes[0]


def test_second_texts_several_labels_and_numbers(words):
    frame = pd.DataFrame(
        {"text": ["a", "b", "c"], "other": ["d", "e", None], "label": ["x; y", '["y"]', "[]"]}
    )
    several = of_kind(words, "multi_label_classification", ("x", "y"))
    data = ic.labelled_data(frame, several, pair="other")
    assert data.pairs == ("d", "e")
    assert data.targets.tolist() == [[True, True], [False, True]]
    none = ic.labelled_data(frame, several)
    assert none.target_names() == ["x, y", "y", "none"]
    number = of_kind(words, "regression", ("score",))
    data = ic.labelled_data(frame.assign(label=["1.5", "inf", "much"]), number)
    assert data.targets.tolist() == [1.5]
    assert data.problems.counts[UNKNOWN] == 2


def test_conll_files_with_tabs_spaces_comments_and_ranges(tiny_model):
    plain = (
        b"-DOCSTART- -X- O\n\n# n O\nEU NNP B-ORG\n\nPeter NNP B-PER\nBlackburn NNP\n\nit PRP O\n"
    )
    found = read_conll(plain)
    assert found.words == (("#", "EU"), ("it",))
    assert found.labels == (("O", "B-ORG"), ("O",))
    assert found.skipped.counts == {MISFIT: 1}
    assert found.lines == (3, 9)
    rest = "\t_" * 6
    lines = ["# text = It's", "# genre = web", f"1-2\tIt's\t_\t_{rest}"]
    lines += [f"1\tIt\tit\tPRON{rest}", f"2\t's\tbe\tAUX{rest}"]
    told = read_conll("\n".join(lines).encode())
    assert (told.words, told.labels) == ((("It", "'s"),), (("PRON", "AUX"),))
    assert told.about == ({"text": "It's", "genre": "web"},)
    assert read_conll("\n".join(lines).encode(), label_column=3).labels == (("it", "be"),)
    for broken in (b"one\ntwo\n\n", b"\n\n", b"# only = this\n"):
        with pytest.raises(ic.BadInput):
            read_conll(broken)


def test_tags_are_mapped_by_their_types_too():
    found = match_tags(["O", "B-person", "I-person"], ("O", "B-PER", "I-PER"), {"person": "PER"})
    assert list(found.mapping.values()) == ["O", "B-PER", "I-PER"]


def test_built_in_sets_fit_their_models(sentiment, words):
    assert ic.audit_sets(words) == ic.audit_sets(sentiment) != {}
    assert len(ic.audit_set(words)) == len(ic.labelled_sample("sentiment"))
    with pytest.raises(ic.BadInput, match="built-in set 'slots'"):
        ic.audit_set(words, "slots")
