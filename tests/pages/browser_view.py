"""What the browser shows in the controls of a page that runs in Streamlit's test harness.

A control shows what the reader chose there, or its default, until a run tells it another value:
what the session holds for it is no matter to the browser.
"""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


class BrowserView:
    """The browser's side of a session: what each control shows, by its id."""

    def __init__(self) -> None:
        self.shown: dict[str, object] = {}

    def astray(self, app: AppTest, chosen: str = "") -> dict[str, tuple]:
        """After a run: the controls that show another value than the page computes with, as
        (shown, computed). The reader chose in the control `chosen`."""
        state, wrong, before = app.session_state._state._state, {}, self.shown
        self.shown = {}
        for node in app._tree:
            key, told = getattr(node, "key", None), getattr(node, "proto", None)
            control = state.get_widget_metadata(getattr(told, "id", "")) if key else None
            if control is None or not hasattr(told, "set_value"):
                continue
            value = control.serializer(state.get_widget_value(told.id))
            shown = before.get(told.id, control.serializer(control.deserializer(None)))
            if told.set_value or key == chosen:
                shown = value
            if shown != value:
                wrong[key] = (shown, value)
            self.shown[told.id] = shown
        return wrong
