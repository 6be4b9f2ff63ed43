"""Head-entropy stats: what does each head do, over a text or a whole corpus?"""

import streamlit as st

from interp_core.ui import errors, images, navigation
from interp_core.ui.heads import DRAW, VIEWS, corpus, map_view
from interp_core.ui.widgets import downloads, layout, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Head statistics",
    "Attention pattern, entropy and importance of every head over many texts, with standard "
    "errors.",
)

with errors.shown():
    model = opened(sidebar.model())
    if images.reads_pictures(model):
        images.heads.draw(model, sidebar.choice(model))
        errors.stop()
    view = view_of(VIEWS, key="heads_view")
    with layout.controls():
        asked = corpus.controls(lambda text: sidebar.choice(model, text=text))
    if asked is None:
        st.info("Upload a file to start. It is processed on the Clearhead server only.")
    state = asked and corpus.gathered(asked, map_view.preview)
    shown = DRAW[view](asked, state) if state else None
    if state:
        corpus.report(asked, state)
    if shown is not None:
        layout.how_to_read(
            "**How to read this.** Low entropy: attention on few tokens. High entropy: attention "
            "spread over many. Heads that attend mostly to special tokens often have little "
            "effect. An attention pattern does not show importance: check Head importance."
        )
        downloads.below(shown, f"heads_{view}", key="heads", shows_numbers=False, note=corpus.LARGE)
