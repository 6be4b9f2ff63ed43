"""The button that copies a link to what a page shows; in narrow windows it closes the sidebar once.

The address leaves out what is as a page begins. A link for somebody else says the model and the
text as well, so that it opens the same view when other examples come first.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

NARROW = 1000  # px; below, the sidebar would take more than a quarter of the window
_HTML = '<button type="button" class="copy"></button>'
_CSS = """
.copy {
  font: inherit; font-size: .875rem; font-family: var(--st-font); color: var(--st-text-color);
  background: transparent; border: 1px solid var(--st-border-color); border-radius: 6px;
  padding: 6px 12px; cursor: pointer; width: 100%; min-height: 40px;
}
.copy:hover, .copy:focus-visible {
  outline: 2px solid var(--st-primary-color); outline-offset: 1px;
}
"""
_JS = """
const copied = async text => {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");  // outside https
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
};
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector(".copy");
  button.textContent = data.label;
  button.onclick = async () => {
    const link = new URL(location.href);
    for (const [name, value] of Object.entries(data.add)) {
      if (!link.searchParams.has(name)) link.searchParams.set(name, value);
    }
    await copied(link.href);
    button.textContent = data.done;
    setTimeout(() => { button.textContent = data.label; }, 2000);
  };
  if (!window.clearheadFitted) {
    window.clearheadFitted = true;
    const close = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
    if (window.innerWidth < data.narrow) close?.click();
  }
}
"""
_mount = st.components.v2.component("page_link", html=_HTML, css=_CSS, js=_JS)
MOST_LETTERS = 2_000  # of a text in a link


def show(add: Mapping[str, str]) -> None:
    """The button; `add` are parameters that a link says even where the address does not."""
    short = {name: value for name, value in add.items() if value and len(value) <= MOST_LETTERS}
    _mount(
        key="page_link",
        data={
            "label": "Copy link to this view",
            "done": "Copied",
            "add": short,
            "narrow": NARROW,
        },
    )
