"""Clearhead: see inside a transformer. Start with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from interp_core.ui import warm_start


def draw() -> None:
    """What stands around every page, and the page."""
    # Imported here: the server answers before they are, and their caches need a running server.
    from interp_core.ui import errors, events, legible, lessons, routing, sidebar, startup
    from interp_core.ui.report import adding, held

    startup.begin()
    icon = Path(routing.__file__).parent / "icon.png"
    st.set_page_config(page_title="Clearhead", page_icon=icon, layout="wide")
    legible.show()
    page = st.navigation(routing.pages())
    with errors.shown():
        lessons.way_back(routing.name(page))
        sidebar.show()
    st.session_state.routed, st.session_state[routing.HERE] = True, routing.name(page)
    with (
        events.on_page(routing.name(page), sidebar.model()),
        held.remembered(routing.name(page)),
        adding.this_run(),
    ):
        page.run()


if __name__ == "__main__":  # the run of a session
    draw()
else:  # Streamlit imports this file when the server starts
    app = st.App(__file__, lifespan=warm_start.lifespan)
