"""Charts are sent without Altair's checks, and are the same charts."""

from __future__ import annotations

import gc
import weakref

import altair as alt
import pandas as pd
import pytest
from altair.utils import core, schemapi
from altair.vegalite.v6 import api
from altair.vegalite.v6.schema import channels

from interp_core.ui.server import altair_patch
from interp_core.ui.widgets import figure


@pytest.fixture
def chart():
    with schemapi.debug_mode(False):
        yield alt.Chart(pd.DataFrame({"a": [1.0], "b": [2.0]})).mark_bar().encode(x="a", y="b")


def test_an_unchecked_chart_is_the_same_chart(chart):
    checked = chart.to_dict()
    with altair_patch.unchecked(chart):
        assert chart.to_dict() == checked
    assert chart.to_dict() == checked
    assert "to_dict" not in vars(chart)


def test_nothing_is_checked_when_a_picture_is_drawn(chart, monkeypatch):
    calls = []
    monkeypatch.setattr(schemapi.SchemaBase, "validate", lambda *_, **__: calls.append(1))
    monkeypatch.setattr(figure.st, "altair_chart", lambda chart, **_: chart.to_dict())
    figure.draw(chart, alt="A bar.")
    assert not calls
    chart.to_dict()
    assert calls


def test_a_drawn_chart_goes_at_once(chart):
    """Frames of charts are large; no collection runs after a page."""
    with schemapi.debug_mode(False):
        other = alt.Chart(pd.DataFrame({"a": [1.0]})).mark_bar()
    gone = weakref.ref(other)
    gc.disable()
    try:
        with altair_patch.unchecked(other):
            other.to_dict()
        del other
        assert gone() is None
    finally:
        gc.enable()


def test_a_part_is_not_checked_when_it_is_made():
    with schemapi.debug_mode(True):
        with pytest.raises(schemapi.SchemaValidationError):
            alt.Axis(labelAngle="steep")
        altair_patch.apply()
        alt.Axis(labelAngle="steep")


def conditional() -> dict:
    chart = alt.Chart(pd.DataFrame({"a": [1.0]})).mark_bar()
    lit = alt.condition(alt.datum.a > 0, "a:Q", alt.value("grey"))
    size = alt.condition(alt.datum.a > 0, alt.value(2), alt.value(1))
    return chart.encode(x="a:Q", color=lit, size=size).to_dict()


def test_conditions_are_read_by_one_table_and_come_out_the_same(monkeypatch):
    monkeypatch.setattr(schemapi, "_FromDict", altair_patch._Converter)
    before = conditional()
    made = []
    monkeypatch.setattr(
        altair_patch, "_Converter", lambda classes: made.append(1) or _kept(classes)
    )
    altair_patch._converter.cache_clear()
    altair_patch.apply()
    assert conditional() == before
    assert conditional() == before
    assert len(made) == 1


_kept = altair_patch._Converter
HOVER = alt.selection_point(name="hover", on="pointerover", empty=False)


def between(condition: object) -> dict:
    chart = alt.Chart(pd.DataFrame({"a": [1.0]})).mark_bar().add_params(HOVER)
    chart = chart.encode(x="a", y="mean(a):Q", stroke=condition, tooltip=["a:Q"])
    chart = chart.properties(name="bars")  # else named by the order of its parts
    return alt.layer(chart, chart.mark_text()).to_dict()


@pytest.mark.parametrize(
    "condition",
    [
        alt.value("red"),
        alt.condition("datum.a > 0", alt.value("red"), alt.value(None)),
        alt.condition(alt.datum.a > 0, alt.value("red"), alt.value("blue")),
        alt.condition(HOVER, alt.value("red"), alt.value("grey")),
        alt.condition(HOVER | (alt.datum.a > 0), alt.value("red"), alt.value("grey")),
        alt.condition(HOVER, alt.value("red"), alt.value("grey"), empty=True),
        alt.when(HOVER).then(alt.value("red")).when("datum.a > 0").then(alt.value("blue")),
        alt.when("datum.a > 0").then(alt.value("red")).otherwise(alt.value("grey")),
    ],
)
def test_a_choice_between_values_is_the_same_without_a_search_for_its_kind(condition, monkeypatch):
    monkeypatch.setattr(core._ChannelCache, "_wrap_in_channel", altair_patch._wrapped)
    monkeypatch.setattr(api, "_prepare_to_lift", altair_patch._lifted)
    before = between(condition)
    altair_patch.apply()
    assert between(condition) == before


def test_a_choice_between_values_is_tried_against_no_schema(monkeypatch):
    altair_patch.apply()
    tried = []
    monkeypatch.setattr(schemapi, "validate_jsonschema", lambda *_, **__: tried.append(1))
    chart = alt.Chart(pd.DataFrame({"a": [1.0]})).mark_bar()
    chart.encode(stroke=alt.condition("datum.a > 0", alt.value("red"), alt.value("grey")))
    chart.encode(size=alt.condition(HOVER, alt.value(2), alt.value(1)))
    alt.layer(chart.encode(x="a:Q").add_params(HOVER), chart)
    assert not tried
    chart.encode(color=alt.condition(HOVER, "a:Q", alt.value("grey")))
    assert tried


def test_copies_are_the_same_and_their_own(monkeypatch):
    monkeypatch.setattr(schemapi, "_deep_copy", altair_patch._copied)
    axis = alt.X("a:Q", sort=["b", "a"], axis=alt.Axis(values=[1, 2.5], grid=False))
    chart = alt.Chart(pd.DataFrame({"a": [1.0]})).mark_bar().encode(x=axis)
    layers = chart.add_params(HOVER) + chart.mark_text().encode(text="a:Q")
    before = layers.copy().to_dict()
    altair_patch.apply()
    copied = layers.copy()
    assert copied.to_dict() == before
    x = copied.layer[0].encoding.x
    x["sort"].append("c")
    x["axis"]["values"].clear()
    assert layers.to_dict() == before


KINDS = pd.DataFrame(
    {
        "whole": [1, 2],
        "share": [0.5, 1.0],
        "maybe": pd.array([1, None], dtype="Int64"),
        "right": [True, False],
        "word": ["a", "b"],
        "mixed": pd.Series(["a", 1], dtype=object),
        "kind": pd.Categorical(["b", "a"], ["b", "a"], ordered=True),
        "day": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        "a.b": [1, 2],
    }
)


@pytest.mark.parametrize(
    "shorthand", [*KINDS, "a\\.b", "nowhere", "word:O", "mean(whole)", "count()", "year(day)", ""]
)
def test_fields_are_read_as_altair_reads_them(shorthand):
    for data in (None, KINDS, api.nw.from_native(KINDS)):
        read = core.parse_shorthand(shorthand, data=data)
        for _ in range(2):  # the second time from what is kept
            assert altair_patch._parsed(shorthand, data=data) == read
        assert altair_patch._parsed({"field": "word"}, data=data) == core.parse_shorthand(
            {"field": "word"}, data=data
        )


def test_words_and_numbers_of_a_chart_are_said_as_they_are(monkeypatch):
    def told() -> dict:
        chart = alt.Chart(KINDS[["whole", "word", "day"]])
        axis = alt.Axis(values=[1, 2.5], titleAngle=0, title=["two", "lines"])
        x, day = alt.X("whole", axis=axis), alt.value(pd.Timestamp("2024-01-01"))
        return chart.mark_point().encode(x=x, y="word", tooltip=["day"], href=day).to_dict()

    monkeypatch.setattr(schemapi, "_todict", altair_patch._to_plain)
    monkeypatch.setattr(channels, "parse_shorthand", altair_patch._parse)
    before = told()
    altair_patch.apply()
    assert told() == before


def test_a_height_is_tried_against_no_schema_before_the_chart_is_checked(monkeypatch):
    altair_patch.apply()
    chart = alt.Chart(KINDS[["whole"]]).mark_bar().encode(x="whole").properties(height="tall")
    with pytest.raises(schemapi.SchemaValidationError):
        chart.to_dict()
