"""Clearhead: see inside a transformer. Start with `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from interp_core.ui.server import warm_start


def draw() -> None:
    """What stands around every page, and the page."""
    # Imported here: the server answers before they are, and their caches need a running server.
    from interp_core.ui import errors, lessons, navigation
    from interp_core.ui.report import adding, session
    from interp_core.ui.server import logs, startup
    from interp_core.ui.widgets import sidebar

    startup.begin()
    icon = Path(navigation.__file__).parent / "icon.png"
    st.set_page_config(page_title="Clearhead", page_icon=icon, layout="wide")
    startup.show()
    page = st.navigation(navigation.pages())
    with errors.shown():
        lessons.way_back(navigation.name(page))
        sidebar.show()
    st.session_state.routed, st.session_state[navigation.HERE] = True, navigation.name(page)
    with (
        logs.on_page(navigation.name(page), sidebar.model()),
        session.remembered(navigation.name(page)),
        adding.this_run(),
    ):
        page.run()


if __name__ == "__main__":  # the run of a session
    draw()
else:  # Streamlit imports this file when the server starts
    app = st.App(__file__, lifespan=warm_start.lifespan)
