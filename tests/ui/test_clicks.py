"""Events of charts: what fits the chart that is shown is taken, anything else is ignored."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pandas as pd
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from interp_core.ui.widgets import clicks

UI = Path(clicks.__file__).parent


@pytest.fixture
def event(monkeypatch):
    """`event(selection)`: what the session holds for the chart "chart"."""

    def put(selection: object) -> None:
        state = {} if selection is None else {"chart": {"selection": selection}}
        monkeypatch.setattr(clicks, "st", SimpleNamespace(session_state=state))

    return put


def test_a_mark_gives_the_values_of_its_fields_in_order(event):
    event({"head": [{"head": 3.0, "layer": 1, "extra": "x"}]})
    assert clicks.mark("chart", "head", layer=range(2), head=range(4)) == (1, 3)
    event({"unit": [{"layer": 0, "unit": "MLP"}]})
    assert clicks.mark("chart", "unit", layer={0, 1}, unit={"0", "MLP"}) == (0, "MLP")


@pytest.mark.parametrize(
    "selection",
    [
        None,
        "x",
        {},
        {"patch": [{"row": 1, "column": 1}]},
        {"head": {}},
        {"head": []},
        {"head": ["x"]},
        {"head": [{"layer": 1}]},
        {"head": [{"layer": 1, "row": 2}]},
        {"head": [{"layer": 9, "head": 0}]},
        {"head": [{"layer": 1, "head": -1}]},
        {"head": [{"layer": 1.5, "head": 0}]},
        {"head": [{"layer": True, "head": 0}]},
        {"head": [{"layer": None, "head": 0}]},
        {"head": [{"layer": [1], "head": 0}]},
        {"head": [{"layer": float("nan"), "head": 0}]},
    ],
)
def test_an_event_of_another_chart_or_view_is_ignored(event, selection):
    event(selection)
    assert clicks.mark("chart", "head", layer=range(2), head=range(4)) is None


def test_a_box_needs_the_fields_that_the_chart_shows_with_two_finite_ends(event):
    event({"box": {"x": [3, 1], "y": [0.5, 0.5]}})
    assert clicks.box("chart", "box", "x", "y") == {"x": (1.0, 3.0), "y": (0.5, 0.5)}
    for other in (
        {"x": [1, 2]},
        {"x": [1, 2], "y": [1]},
        {"x": [1, 2], "y": [1, float("inf")]},
        {"x": [1, 2], "y": ["a", "b"]},
        {"x": [1, 2], "y": None},
        [],
        "xy",
    ):
        event({"box": other})
        assert clicks.box("chart", "box", "x", "y") == {}


def test_a_row_and_a_place_lie_inside_of_what_is_shown(event):
    event({"rows": [2], "indices": {"points": [4]}})
    assert clicks.row("chart", 3) == 2
    assert clicks.row("chart", 2) is None
    assert clicks.place("chart", "points", 5) == 4
    assert clicks.place("chart", "points", 4) is None
    assert clicks.place("chart", "lines", 5) is None
    event({"rows": [], "indices": []})
    assert clicks.row("chart", 3) is None
    assert clicks.place("chart", "points", 5) is None


def test_nothing_else_reads_the_events_of_charts():
    pattern = re.compile(r"\.selection\b|(get\(|\[)[\"']selection[\"']")
    readers = [path.name for path in UI.rglob("*.py") if pattern.search(path.read_text("utf-8"))]
    assert readers == ["clicks.py"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("x 1 2 y -0.5 1e3", {"x": (1.0, 2.0), "y": (-0.5, 1000.0)}),
        ("x 1 2", {}),
        ("y 1 2 x 1 2", {}),
        ("x 1 2 y 1 nan", {}),
        ("x 1 2 y 1 b", {}),
        ("", {}),
    ],
)
def test_a_box_in_the_address_is_taken_where_it_is_one_of_these_fields(monkeypatch, address, found):
    monkeypatch.setattr(clicks, "st", SimpleNamespace(query_params={"box": address}))
    assert clicks.from_address("box", "x", "y") == found
    clicks.to_address("box", found)
    assert clicks.from_address("box", "x", "y") == found
    assert ("box" in clicks.st.query_params) == bool(found)


FRAME = {"text": ["a", "b"], "tokens": [["a"], ["b"]], "share": [0.5, None]}


@pytest.mark.parametrize(
    "other",
    [
        pd.DataFrame(FRAME | {"text": ["a", "c"]}),
        pd.DataFrame(FRAME | {"tokens": [["a"], ["b", "b"]]}),
        pd.DataFrame(FRAME | {"share": [0.5, 0.25]}),
        pd.DataFrame(FRAME).rename(columns={"text": "words"}),
        pd.DataFrame(FRAME, index=[0, 7]),
        pd.DataFrame(FRAME)[::-1],
    ],
)
def test_a_table_with_other_rows_or_columns_has_a_key_of_its_own(other):
    def key(frame):
        with mock.patch.object(clicks.st, "dataframe") as drawn:
            clicks.table(frame, key="rows")
        return drawn.call_args.kwargs["key"]

    assert key(pd.DataFrame(FRAME)) == key(pd.DataFrame(FRAME)) != key(other)


def rows() -> None:
    import pandas as pd
    import streamlit as st

    from interp_core.ui.widgets import clicks

    texts = st.session_state.get("texts", ["a", "b"])
    st.text(clicks.table(pd.DataFrame({"text": texts}), key="rows"))


def test_a_row_stays_chosen_in_its_own_table_alone():
    app = AppTest.from_function(rows).run()
    states = WidgetStates()
    told = json.dumps({"selection": {"rows": [1], "columns": [], "cells": []}})
    states.widgets.add(id=app.dataframe[0].proto.id, string_value=told)
    app._run(states)
    assert [app.text[0].value, app.run().text[0].value] == ["1", "1"]
    app.session_state["texts"] = ["c", "d"]
    assert app.run().text[0].value == "None"
