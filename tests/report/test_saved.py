"""A saved session comes back as it was; a file that is none is refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import interp_core as ic
from interp_core.report.record import PNG, Report
from interp_core.report.saved import MOST_FIGURES, MOST_LETTERS, Session, load, save
from tests.report.made import figure

VIEWS = {"attention_heads": "model=sentiment&heads=1&heads=2&text=%3Cb%3E+%26"}
SESSION = Session(Report("Mine", (figure(note="why"), figure(kind=PNG, title="Two"))), VIEWS)


def test_a_session_comes_back_as_it_was():
    back = load(save(SESSION))
    assert back.views == VIEWS
    assert back.report.title == "Mine"
    for one, two in zip(back.report.figures, SESSION.report.figures, strict=True):
        assert one.numbers.equals(two.numbers)
        assert one.opened
        assert replace(one, numbers=None, opened=False) == replace(two, numbers=None)


def test_a_view_of_a_very_long_text_does_not_spoil_the_file():
    long = {"word_attributions": "text=" + "%E8%AF%8D" * (MOST_LETTERS // 9 + 1)}
    assert load(save(Session(Report("Mine"), {**VIEWS, **long}))).views == VIEWS


def changed(**parts) -> bytes:
    return json.dumps({**json.loads(save(SESSION)), **parts}).encode()


def with_figure(**parts) -> bytes:
    data = json.loads(save(SESSION))
    data["figures"][0].update(parts)
    return json.dumps(data).encode()


BROKEN = {
    "empty": b"",
    "not JSON": b"\x80\x04pickle",
    "a number": b"7",
    "deeply nested": b"[" * 200_000,
    "another format": changed(format="other"),
    "a later version": changed(version=2),
    "no figures": changed(figures=None),
    "too many figures": changed(figures=[{}] * (MOST_FIGURES + 1)),
    "a figure that is a list": changed(figures=[[]]),
    "a title that is a number": changed(title=7),
    "views that are a list": changed(views=[]),
    "a view that is a table": changed(views={"attention_heads": {}}),
    "an address without end": changed(views={"attention_heads": "a=1&" * 200}),
    "a picture of another type": with_figure(kind="text/html"),
    "a damaged picture": with_figure(picture="%%%"),
    "a picture that is a number": with_figure(picture=7),
    "a script that is a list": with_figure(script=["import os"]),
    "a text without end": with_figure(text="x" * (MOST_LETTERS + 1)),
    "options that nest": with_figure(options={"a": {"b": "c"}}),
    "options without end": with_figure(options={"a": "x" * (MOST_LETTERS + 1)}),
    "numbers that are no table": with_figure(numbers='{"columns":["a"],"data":[[1,2]]}'),
    "rows that are a text": with_figure(rows="2"),
    "fewer rows than it says": with_figure(rows=1),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_is_none_is_refused(what):
    with pytest.raises(ic.BadInput, match=r"not a valid session|not written by"):
        load(BROKEN[what])


def test_unknown_fields_are_left_behind():
    back = load(with_figure(opened=False, extra={"run": "me"}))
    assert back.report.figures[0].opened
