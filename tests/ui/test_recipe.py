"""A recipe computes what its script computes."""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.ui.widgets.recipe import (
    builtin,
    calls,
    each,
    named,
    script,
    supplied,
    value,
)
from interp_core.ui.widgets.result import ViewResult

TEXT = 'It\'s "good".\n\nNot\u2028bad\\.'


def ran(step):
    names: dict = {}
    exec(script(step), names)
    return names["table"]


def lines(step) -> list[str]:
    return [line for line in script(step).splitlines() if line and not line.startswith("import")]


@pytest.fixture
def texts():
    text = named("text", TEXT)
    return named("texts", each("line", text.splitlines(), where=lambda line: line.strip()))


@pytest.mark.parametrize(
    "make",
    [
        lambda texts: calls.line_table(named("text", TEXT)),
        lambda texts: texts[:2],
        lambda texts: builtin(list)(calls.line_table(named("text", TEXT))["text"]),
        lambda texts: each("number", range(3), lambda number: texts[number]),
        lambda texts: builtin(dict)({"one": texts[0], "two": (texts[1],), "none": [None, -1.5]}),
        lambda texts: builtin(len)(["a long item of a list"] * 40),
        lambda texts: builtin(list)(({"odd 'key'": np.float32(0.1)}, np.int64(3), True)),
    ],
)
def test_value_and_script_agree(texts, make):
    computed, again = value(make(texts)), ran(make(texts))
    if isinstance(computed, pd.DataFrame):
        pd.testing.assert_frame_equal(computed, again)
    else:
        assert computed == again


def test_what_has_a_name_is_computed_in_one_line_and_once(texts):
    twice = builtin(list)([texts[0], texts[0], builtin(len)(texts)])
    assert [line.partition(" = ")[0] for line in lines(twice)][:2] == ["text", "texts"]
    assert script(twice).count("splitlines") == 1


def test_two_things_of_one_name_stay_apart():
    one, two = (named("text", text) for text in ("first", "second"))
    assert ran(builtin(list)([one, two, named("table", "third")])) == ["first", "second", "third"]


def test_a_supplied_value_is_taken_and_the_call_is_written():
    def never():
        raise AssertionError

    step = supplied(named("worth", builtin(len)(supplied(named("text", "abc"), never))), lambda: 7)
    assert value(step) == 7
    assert lines(builtin(list)([step])) == [
        "text = 'abc'",
        "worth = len(text)",
        "table = list([worth])",
    ]


def test_arguments_that_no_script_shows_reach_the_outermost_call():
    step = supplied(named("text", builtin(sorted)([2, 3, 1])), lambda: None)
    assert value(step, reverse=True) == [3, 2, 1]
    assert "reverse" not in script(step)


def test_a_value_is_computed_once():
    counted = []
    step = supplied(builtin(len)([1]), lambda: counted.append(1) or 5)
    assert value([step, step]) == [5, 5]
    assert len(counted) == 1


def test_a_note_stands_above_its_line():
    step = named("corpus", calls.open_corpus("mine.csv"), comment="# Put it here.")
    assert lines(builtin(list)(step.rows(3)))[:2] == [
        "# Put it here.",
        "corpus = ic.open_corpus('mine.csv')",
    ]


def test_hostile_text_stays_a_text():
    text = "'); import os; os.system('x')  # \n\u2028\\"
    written = script(calls.line_table(named("text", text)))
    assert ast.literal_eval(ast.parse(written).body[1].value) == text


def test_a_recipe_is_not_a_list_without_end():
    with pytest.raises(TypeError):
        list(calls.sentences())


def test_table_and_script_of_a_view_come_from_one_recipe():
    result = ViewResult(None, calls.line_table("One.\nTwo."))
    pd.testing.assert_frame_equal(result.table, ic.line_table("One.\nTwo."))
    pd.testing.assert_frame_equal(ran(result.recipe), result.table)
