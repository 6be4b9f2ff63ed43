"""A choice that follows its default: what the browser shows is what is computed with."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from interp_core.ui.widgets.choices import BOUND, follow

    first = st.session_state.get("first", "a")
    follow("letter", first, shown=True)
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
