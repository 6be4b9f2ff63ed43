"""A click on "Add to report" outlives a run that is broken off, and never goes without a word."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from interp_core.ui.report import adding

TITLE = "A picture"


def page() -> None:
    """A page with one picture; its runs are broken off or end without it as the test says."""
    import streamlit as st

    from interp_core.ui.report import adding

    with adding.this_run():
        st.button("Add", on_click=adding.ask, args=("A picture",))
        if st.session_state.get("broken_off", 0) > 0 and adding.ASKED in st.session_state:
            st.session_state["broken_off"] -= 1
            st.rerun()
        if not st.session_state.get("hidden"):
            whole = st.session_state.get("whole", True)
            script = (lambda: "table = 1") if whole else None
            adding.draw_asked(adding.Picture("A picture", "", None, None, script))
            if st.session_state.get("broken_off", 0) < 0:
                st.session_state["broken_off"] = 0
                st.rerun()
            adding.finish(None, lambda: "table = 1")


@pytest.fixture
def added(monkeypatch):
    found = []
    monkeypatch.setattr(adding, "_add", lambda picture: found.append(picture.title))
    return found


def click(**state: object) -> AppTest:
    app = AppTest.from_function(page)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    app.button[0].click()
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("runs", [0, 1, 3])
@pytest.mark.parametrize("whole", [True, False])
def test_a_click_is_honoured_by_the_first_run_that_ends(added, runs, whole):
    app = click(broken_off=runs, whole=whole)
    assert added == [TITLE]
    app.run()
    assert added == [TITLE]


def test_so_is_one_whose_picture_waited_for_the_end_of_the_page(added):
    click(broken_off=-1, whole=False)
    assert added == [TITLE]


def test_a_click_whose_picture_is_gone_is_told(added):
    app = click(hidden=True)
    assert not added
    assert f"“{TITLE}” was not added" in app.toast[0].value
    app.run()
    assert not app.toast
