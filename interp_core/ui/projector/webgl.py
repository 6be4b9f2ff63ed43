"""Ask the browser whether it can draw with WebGL, and say so when it cannot."""

from __future__ import annotations

import streamlit as st

_JS = """
export default function ({ setStateValue, data }) {
  const canvas = document.createElement("canvas");
  const able = Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  if (data.known !== able) setStateValue("able", able);
}
"""
_mount = st.components.v2.component("webgl_check", html="<span></span>", js=_JS)
KEY = "webgl"


def able() -> bool:
    """Whether the browser has WebGL; assumed until it has answered."""
    known = st.session_state.get("webgl_known")
    found = _mount(key=KEY, data={"known": known}, on_able_change=_learn)
    answer = found.able if found.able is not None else known
    return answer is not False


def _learn() -> None:
    st.session_state["webgl_known"] = st.session_state[KEY].able
