"""Attention heads: what does each head read?"""

from dataclasses import replace

import streamlit as st

from interp_core.ui import cache, errors, pictures, routing, sidebar
from interp_core.ui.attention import DRAW, controls, downloads, figures, health
from interp_core.ui.opened import opened

routing.guard()
st.title("Attention heads")
st.markdown("What does each head read? Every query token spreads its attention over key tokens.")

with errors.shown():
    asked = sidebar.choice()
    model = opened(asked.model)
    if pictures.reads_pictures(model):
        pictures.attention.draw(model, asked)
        st.stop()
    raw = cache.attention(asked.model, asked.text, asked.pair)

    view = controls.view_choice()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        two_stacks = raw.encoder is not None
        stack = controls.stack_choice() if two_stacks else "encoder"
        part = getattr(raw, stack) if two_stacks else raw
        plain = figures.Shown(asked, cache.stamp(asked.model), stack=stack)
        first = health.telling_head(part, plain)
        layer, heads = controls.head_choice(part, view != "compare", first)
        kind = controls.kind_choice(two_stacks)
        words, special, mass = controls.display_choice()
    shown = replace(plain, kind=kind, words=words, special=special)
    options = controls.Options(view, layer, heads, mass, shown)

    maps = shown.maps()
    chart = DRAW[view](maps, options, model)
    for change in maps.changes:
        st.caption(f"On this picture: {change}.")

    health.show(plain, model)
    downloads.show(chart, maps, options)
