"""What people can say about a file, and what is told of it beside the upload."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.files.form import FileOptions
from interp_core.ui.widgets import uploads


def page() -> None:
    import streamlit as st

    from interp_core.ui.widgets import uploads

    st.session_state["chosen"] = uploads.options("file")
    uploads.told(["the *first* note", *(f"note {n}." for n in range(2, 13))])


def test_nothing_is_chosen_at_first_and_choices_are_kept():
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.session_state["chosen"] == FileOptions()
    for key, value in {
        "file_header": "Data (no column names)",
        "file_delimiter": "Semicolon",
        "file_encoding": "Windows-1252",
        "file_quotes": "Part of the text",
    }.items():
        app.selectbox(key=key).set_value(value)
    app.run()
    assert app.session_state["chosen"] == FileOptions("cp1252", ";", False, False)


def test_notes_are_told_as_they_stand_and_not_without_end():
    (caption,) = AppTest.from_function(page).run().caption
    lines = caption.value.splitlines()
    assert lines[0] == r"- The \*first\* note\."
    assert lines[1] == r"- Note 2\."
    assert lines[-1] == r"- And 4 more notes\."
    assert len(lines) == 9


def test_an_empty_file_is_refused_by_its_name():
    with pytest.raises(ic.BadInput, match=r"^own\.csv is empty\.$"):
        uploads.keep(uploads.SessionFile("own.csv", b""))
