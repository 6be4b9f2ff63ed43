"""What was chosen stands in the address, even where the browser did not write it there.

The harness never writes a choice into the address, as the browser does not for a control that has
moved to another container.
"""

from __future__ import annotations

from functools import partial

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest, local_script_runner


def page() -> None:
    import streamlit as st

    from interp_core.ui.widgets import address
    from interp_core.ui.widgets.choices import BOUND

    def later() -> None:
        st.session_state.update(more=True, extra=2)

    if "begins" in st.session_state:
        st.session_state.setdefault("words", st.session_state["begins"])
    st.selectbox("Letter", ["a", "b", "c"], key="letter", **BOUND)
    st.multiselect("Several", ["a", "b", "c"], default=["a"], key="several", **BOUND)
    st.slider("Share", 0.0, 1.0, 0.5, key="share", **BOUND)
    st.toggle("Switch", key="switch", **BOUND)
    st.text_input("Words", key="words", **BOUND)
    first = st.session_state.get("first", 0)
    st.selectbox("Layer", [0, 1, 2], index=first, key="layer", **BOUND)
    st.segmented_control("View", ["x", "y"], default="x", key="view", **BOUND)
    st.button("Later", on_click=later)
    if st.session_state.get("more"):
        st.number_input("Extra", 0, 9, 1, key="extra", **BOUND)
    address.complete("page")


CHOICES = {
    "letter": ("selectbox", "b", "b"),
    "several": ("multiselect", ["b", "c"], ["b", "c"]),
    "share": ("slider", 0.25, "0.25"),
    "switch": ("toggle", True, "true"),
    "words": ("text_input", "a & b", "a & b"),
    "view": ("button_group", "y", "y"),
}


def opened(**query) -> AppTest:
    app = AppTest.from_function(page)
    app.query_params = query
    return app.run()


def choose(app: AppTest, key: str, value) -> AppTest:
    kind = CHOICES[key][0]
    next(each for each in app.get(kind) if each.key == key).set_value(value)
    return app.run()


@pytest.mark.parametrize("key", CHOICES)
def test_a_choice_that_the_browser_left_out_is_in_the_address_and_opens_with_it(key):
    app = opened()
    value, said = CHOICES[key][1:]
    assert choose(app, key, value).query_params == {key: said}
    assert opened(**app.query_params).session_state[key] == value


@pytest.mark.parametrize("key", CHOICES)
def test_back_at_its_default_it_leaves_the_address(key):
    app = opened(**{key: CHOICES[key][2]})
    default = opened().session_state[key]
    assert choose(app, key, default).query_params == {}


def test_what_the_address_says_in_its_own_way_stays():
    app = opened(share="0.250", other="1")
    choose(app, "switch", True)
    assert app.query_params == {"share": "0.250", "other": "1", "switch": "true"}


def test_a_choice_of_a_callback_for_a_control_that_comes_later():
    app = opened()
    app.button[0].click().run()
    assert app.query_params == {"extra": "2"}


def test_a_default_that_moves_away_from_a_choice():
    app = opened()
    app.session_state["first"] = 2
    assert app.run().query_params == {"layer": "0"}


def test_what_a_page_begins_with_by_itself_is_left_alone():
    app = AppTest.from_function(page)
    app.session_state["begins"] = "itself"
    assert app.run().session_state["words"] == "itself"
    assert app.query_params == {}
    assert choose(app, "switch", True).query_params["switch"] == "true"


def texts() -> None:
    import streamlit as st

    from interp_core.ui.widgets import sidebar

    st.session_state["default_text"] = "the example"
    sidebar.text_field()


def test_going_back_to_an_address_without_a_text_shows_the_example(monkeypatch):
    app = AppTest.from_function(texts)
    app.query_params = {"text": "own"}
    assert app.run().text_area[0].value == "own"
    del app.query_params["text"]
    back = partial(local_script_runner.RerunData, is_history_navigation=True)
    monkeypatch.setattr(local_script_runner, "RerunData", back)
    app._run(WidgetStates())
    assert app.text_area[0].value == "the example"
    assert app.text_area[0].proto.set_value
    monkeypatch.undo()
    assert app.run().text_area[0].value == "the example"
    assert not app.exception
