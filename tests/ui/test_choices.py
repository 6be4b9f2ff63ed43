"""A choice that does not fit any more, or follows its default: what the browser shows is what is
computed with."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.browser_view import BrowserView


def page() -> None:
    import streamlit as st

    from interp_core.ui.widgets.choices import BOUND, follow

    first = st.session_state.get("first", "a")
    follow("letter", first)
    options = ["a", "b", "c"]
    st.selectbox("Letter", options, index=options.index(first), key="letter", **BOUND)


@pytest.mark.parametrize(("own", "expected"), [(None, "c"), ("b", "b")])
def test_an_untouched_choice_follows_and_the_browser_is_told(own, expected):
    app = AppTest.from_function(page).run()
    if own:
        app.selectbox(key="letter").set_value(own).run()
    app.session_state["first"] = "c"
    app.run()
    box = app.selectbox(key="letter")
    assert box.value == expected
    assert box.proto.set_value or own


def offering() -> None:
    import streamlit as st

    from interp_core.ui.widgets.choices import BOUND, follow, keep_valid

    options = st.session_state.get("offered", ["a", "b", "c"])
    for key in ("box", "empty", "followed", "several", "slider", "buttons"):
        if key == "followed":
            follow(key, options[1])
        keep_valid(key, options)
    st.selectbox("Box", options, key="box", **BOUND)
    st.selectbox("Empty", options, index=None, key="empty", **BOUND)
    st.selectbox("Followed", options, index=1, key="followed", **BOUND)
    st.multiselect("Several", options, key="several", **BOUND)
    st.select_slider("Slider", options, options[2], key="slider", **BOUND)
    st.segmented_control("Buttons", options, default=options[0], key="buttons", **BOUND)


DEFAULTS = {
    "box": "x",
    "empty": None,
    "followed": "y",
    "several": [],
    "slider": "b",
    "buttons": "x",
}


def control(app: AppTest, key: str):
    kinds = ("selectbox", "multiselect", "select_slider", "button_group")
    return next(each for kind in kinds for each in app.get(kind) if each.key == key)


@pytest.mark.parametrize(("key", "default"), DEFAULTS.items())
def test_a_choice_that_is_not_offered_any_more_goes_and_the_browser_is_told(key, default):
    app = AppTest.from_function(offering).run()
    several = isinstance(default, list)
    control(app, key).set_value(["c"] if several else "c").run()
    app.session_state["offered"] = ["x", "y", "b"]
    app.run()
    found = control(app, key)
    assert found.value == default
    assert app.session_state[key] == default
    assert found.proto.set_value
    assert not app.run().exception
    assert control(app, key).value == default


def test_of_several_choices_those_that_are_offered_stay():
    app = AppTest.from_function(offering).run()
    control(app, "several").set_value(["b", "c"]).run()
    app.session_state["offered"] = ["x", "y", "b"]
    assert control(app.run(), "several").value == ["b"]


def sliding() -> None:
    import streamlit as st

    from interp_core.ui.widgets.choices import BOUND, within

    last = st.session_state.get("layers", 4)
    within("layer", last, last)
    st.slider("Layer", 0, last, last, key="layer", **BOUND)


@pytest.mark.parametrize(("own", "layers", "expected"), [(None, 6, 6), (1, 6, 1), (3, 2, 2)])
def test_a_slider_of_another_range_tells_the_browser_what_is_kept(own, layers, expected):
    app, browser = AppTest.from_function(sliding).run(), BrowserView()
    browser.astray(app)
    if own is not None:
        browser.astray(app.slider(key="layer").set_value(own).run(), "layer")
    app.session_state["layers"] = layers
    app.run()
    assert app.slider(key="layer").value == expected
    assert not browser.astray(app)


def rows() -> None:
    import streamlit as st

    from interp_core.ui.widgets.choices import BOUND, made_for

    file = st.session_state.get("file", "a")
    made_for("row", file)
    made_for("first", file, 3)
    st.selectbox("Row", [3, 5], index=None, key="row", **BOUND)
    st.selectbox("First", [3, 5], key="first", **BOUND)


def test_a_row_of_one_file_is_no_row_of_another():
    app, browser = AppTest.from_function(rows).run(), BrowserView()
    browser.astray(app)
    for key in ("row", "first"):
        assert not browser.astray(app.selectbox(key=key).set_value(5).run(), key)
    assert [app.selectbox(key=key).value for key in ("row", "first")] == [5, 5]
    app.session_state["file"] = "b"
    assert not browser.astray(app.run())
    assert [app.selectbox(key=key).value for key in ("row", "first")] == [None, 3]


def test_a_row_that_a_link_asks_for_is_opened():
    app = AppTest.from_function(rows)
    app.query_params = {"row": "5"}
    assert app.run().selectbox(key="row").value == 5
