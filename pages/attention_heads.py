"""Attention heads: what does each head read?"""

import streamlit as st

from interp_core.ui import cache, errors, routing, sidebar
from interp_core.ui.attention import DRAW, controls, downloads, figures, health

routing.guard()
st.title("Attention heads")
st.markdown("What does each head read? Every query token spreads its attention over key tokens.")

with errors.shown():
    asked = sidebar.choice()
    with st.spinner("Loading the model …"):
        model = cache.model(asked.model)
    raw = cache.attention(asked.model, asked.text, asked.pair)

    view = controls.view_choice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        two_stacks = raw.encoder is not None
        stack = controls.stack_choice() if two_stacks else "encoder"
        part = getattr(raw, stack) if two_stacks else raw
        layer, heads = controls.head_choice(part, several=view != "compare")
        kind = controls.kind_choice(two_stacks)
        words, special, mass = controls.display_choice()
    files = cache.stamp(asked.model)
    shown = figures.Shown(asked, files, kind, stack, words, special)
    options = controls.Options(view, layer, heads, mass, shown)

    maps = shown.maps()
    chart = DRAW[view](maps, options, model)
    for change in maps.changes:
        st.caption(f"On this picture: {change}.")

    health.show(figures.Shown(asked, files, stack=stack), model)
    downloads.show(chart, maps, asked, options)
