"""Activation patching between two pictures: by region, head or MLP."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from interp_core.charts.patches import data_url
from interp_core.inputs.images import patch_grid
from interp_core.interventions.regions import region_table, usual_side
from interp_core.ui.attention import intervening, patching
from interp_core.ui.images.ablation import Asked
from interp_core.ui.images.question import Picture, choose_changed
from interp_core.ui.server import cache
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.recipe import Recipe, calls, named, value

SIDES = (1, 2, 4, 8)  # patches a side of a region
REGIONS = ("stream", "mlp", "heads_by_position")
WIDTH = 130  # px of each picture


def draw(model: str, picture: Picture) -> None:
    """The view, with what belongs below it."""
    asked = Asked(model, cache.stamp(model), picture.name, None, picture=picture)
    place = layout.controls().container(width=200)
    changed, drawn = choose_changed(asked.loaded, picture, place), None
    effects, beside = st.columns([5, 1])
    with beside:
        st.image(data_url(picture.cut), caption="clean image", width=WIDTH)
        if changed is not None:
            st.image(data_url(changed.cut), caption="changed image", width=WIDTH)
    if changed is not None:
        with effects:
            drawn = _patched(asked, changed)
    layout.how_to_read(LOOK)
    if drawn is not None:
        downloads.below(drawn, "attention_patching")


def _patched(asked: Asked, changed: Picture) -> Any:
    asked = intervening.followed(asked, layout.options())
    with layout.controls():
        site = patching.site_choice()
        side = _side(asked) if site in REGIONS else 1
    options, method = patching.run_options()
    regions = {}
    if site in REGIONS:
        positions = named("regions", calls.picture_regions(*asked.recipes, side=side))
        regions = {"extra": {"positions": positions}, "table": calls.region_table}
    given = patching.Patched(
        changed.recipe,
        changed.name,
        {"site": site, **options},
        method,
        drawn=partial(_drawn, aspect=asked.picture.aspect(*patch_grid(asked.tokens))),
        more=(side,),
        kind="image",
        caption=lambda found: patching.caption_of(found, WHERE.get(found.site, "")),
        **regions,
    )
    return patching.effects(asked, given)


def _side(asked: Asked) -> int:
    """How many patches a side are patched together."""
    usual = usual_side(asked.tokens)
    sides = sorted({*SIDES, usual})
    follow("patch_region", usual)
    keep_valid("patch_region", sides)
    return st.selectbox(
        "Region",
        sides,
        index=sides.index(usual),
        format_func=lambda side: "1 patch" if side == 1 else f"{side} × {side} patches",
        key="patch_region",
        width=150,
        help="Patches that are patched together.",
        **BOUND,
    )


def _drawn(step: Recipe, aspect: float) -> Recipe:
    found, about = value(step), {} if aspect == 1 else {"aspect": aspect}
    if found.site not in REGIONS:
        return step.chart()
    if found.site != "heads_by_position":
        return step.chart("regions", **about)
    layer = patching.one_layer(found, region_table(found))["layer"].iloc[0]
    return step.chart("regions", layer=int(layer), **about)


ABOVE = "Above a map: the effect of each token that is not a patch."
WHERE = {
    "stream": f"One map per layer. {ABOVE}",
    "mlp": f"One map per layer. {ABOVE}",
    "heads_by_position": f"One map per head. {ABOVE}",
}
LOOK = (
    "**How to read this.** Regions with a large effect in early layers hold what distinguishes "
    "the two images. Where their effect fades and that of the class token grows, the information "
    "has moved to the class token."
)
