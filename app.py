"""Clearhead: see inside a transformer. Start with `streamlit run app.py`."""

import streamlit as st

from interp_core.ui.server import warm_start


def draw() -> None:
    """What stands around every page, and the page."""
    # Imported here: the server answers before they are, and their caches need a running server.
    from interp_core.ui import errors, lessons, navigation, reader
    from interp_core.ui.report import adding, kept, session
    from interp_core.ui.server import logs, startup
    from interp_core.ui.widgets import address, page_link, sidebar

    startup.begin()
    icon, logo = map(startup.picture, ("icon.png", "logo.svg"))
    st.set_page_config(page_title="Clearhead", page_icon=icon, layout="wide")
    st.logo(logo, size="large", icon_image=icon)
    startup.show()
    page = st.navigation(navigation.pages(len(session.report().figures)), expanded=True)
    name = navigation.name(page)
    navigation.forward(name)
    with errors.shown():
        session.offer()
        reader.arrive(name)
        lessons.way_back(name)
        sidebar.show(name)
        lessons.beside(name)
    st.session_state.routed, st.session_state[navigation.HERE] = True, name
    with logs.on_page(name, sidebar.model()), session.remembered(name), adding.this_run():
        with errors.page():
            page.run()
        address.complete(name)
    navigation.mark(name)
    with st.sidebar:
        page_link.show(sidebar.said(name))
    kept.show()


if __name__ == "__main__":  # the run of a session
    draw()
else:  # Streamlit imports this file when the server starts
    app = st.App(__file__, lifespan=warm_start.lifespan)
