"""Attention heads: what does each head read?"""

from contextlib import nullcontext
from dataclasses import replace

import streamlit as st

from interp_core.ui import errors, images, navigation
from interp_core.ui.attention import DRAW, INTERVENE, diagnostics, intervening, question
from interp_core.ui.server import cache
from interp_core.ui.widgets import downloads, layout, leads, sidebar
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Attention heads",
    "Attention weights by layer and head: how each query token distributes its attention over "
    "the key tokens.",
)

with errors.shown():
    model = opened(sidebar.model())
    asked = sidebar.choice(model)
    if images.reads_pictures(model):
        images.attention.draw(model, asked)
        errors.stop()
    raw = cache.attention(asked.model, asked.text, asked.pair)

    view = question.view_choice()
    if view in question.INTERVENING:
        tested = intervening.Asked(asked.model, cache.stamp(asked.model), asked.text, asked.pair)
        drawn = INTERVENE[view](tested)
        if drawn is not None:
            layout.how_to_read(intervening.LOOK[view])
            downloads.below(drawn, f"attention_{view}", key="attention")
        errors.stop()
    with layout.controls():
        two_stacks = raw.encoder is not None
        stack = question.stack_choice() if two_stacks else "encoder"
        part = getattr(raw, stack) if two_stacks else raw
        plain = question.Shown(asked, cache.stamp(asked.model), stack=stack)
        first = diagnostics.telling_head(part, plain)
        layer, heads = question.head_choice(part, view, first)
        # Beside the controls of two heads there is no room.
        with layout.options() if view == "compare" else nullcontext():
            kind = question.kind_choice(two_stacks)
        words, special, mass = question.display_choice()
    shown = replace(plain, kind=kind, words=words, special=special)
    maps = shown.maps()
    if kind == "zeroing":  # silences all heads of a layer together
        heads = (0,)
    options = question.Options(view, layer, heads, mass, shown)

    drawn = DRAW[view](maps, options, model)
    for change in maps.changes:
        st.caption(f"Display setting applied: {change}.")

    if len(heads) == 1 and not two_stacks and kind != "zeroing":
        leads.over_texts(asked.model, layer, heads[0])
    diagnostics.show(plain, model)
    downloads.below(question.result(drawn, maps, options), f"attention_{view}", key="attention")
