"""Insertion and deletion curves of an image's attribution, beside random orders of its patches."""

from __future__ import annotations

import streamlit as st

from interp_core.drawing.attribution import curves
from interp_core.images.erasure import REPLACEMENTS, ImageFaithfulness
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.text import quoted
from interp_core.ui.images.question import Picture
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets.choices import BOUND, list_of
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import offer
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, calls, named, value

TITLES = {
    "deletion": "**Deletion**: patches are removed, largest score first. Lower is better.",
    "insertion": "**Insertion**: patches are put back, largest score first. Higher is better.",
}
MEASURES = {"probability": "probability", "logit": "logit"}
PASSES = 200  # of the image: 11 orders, 18 steps each


def draw(
    model: LoadedModel, name: str, picture: Picture, attribution: Recipe, options: tuple
) -> None:
    """The curves, where they are asked for."""
    if not st.toggle(
        "Insertion and deletion curves",
        key="picture_curves",
        help="Does the prediction follow the patches that the attribution names "
        "(Petsiuk et al. 2018)?",
        **BOUND,
    ):
        return
    with st.container(horizontal=True):
        replacement = list_of(
            "Removed patches become",
            {name: name for name in REPLACEMENTS},
            key="picture_replacement",
            width=190,
            help="; ".join(f"{name}: {what}" for name, what in REPLACEMENTS.items()) + ".",
        )
        measure = list_of("Measure", MEASURES, key="picture_measure", width=150)
    image = picture.recipe
    call = calls.image_faithfulness(
        cache.model_recipe(name), image, attribution, replacement=replacement, measure=measure
    )
    key = ("image curves", name, cache.stamp(name), picture.name, options, replacement, measure)
    patches = value(attribution).patches.size
    step = jobs.follow(
        key,
        "Insertion and deletion curves",
        named("faithfulness", call),
        operations=lambda: costs.passes(model, PASSES * patches),
    )
    if step is not None:
        _shown(picture, step)


def _shown(picture: Picture, step: Recipe) -> None:
    found: ImageFaithfulness = value(step)
    charts = curves(found, found.measure)
    for side, (name, title) in zip(st.columns(2, gap="large"), TITLES.items()):
        with side:
            st.markdown(title)
            draw_chart(charts[name], alt=_said(found, name))
    offer(
        step.chart(),
        title=f"Insertion and deletion for {quoted(found.target)} ({found.replacement})",
        alt=f"{_said(found, 'deletion')} {_said(found, 'insertion')} Image: {picture.title}.",
        table=step.curve,
    )
    count = len(found.random_deletion)
    verdicts = found.verdicts()
    areas = "; ".join(
        f"{name} {number(getattr(found, name), '.3f')} (random: "
        f"{number(getattr(found, f'random_{name}').mean(), '.3f')} ± "
        f"{number(getattr(found, f'random_{name}').std(), '.3f')} SD, {count} rankings): "
        f"{_verdict(verdicts[name])}"
        for name in TITLES
    )
    st.caption(
        f"Areas under the curves (Petsiuk et al. 2018): {areas}. Band: ±1 SD. Removed patches are "
        f"replaced by {REPLACEMENTS[found.replacement]}; such images are out of distribution for "
        "the model."
    )


def _verdict(word: str) -> str:
    """The verdict in words."""
    return "not better than random (within 2 SD)" if word == "as good" else f"{word} than random"


def _said(found: ImageFaithfulness, name: str) -> str:
    """The area under a curve in words."""
    area, chance = getattr(found, name), getattr(found, f"random_{name}")
    return (
        f"{name.capitalize()} curve over {found.patches} patches: area {number(area, '.3f')} by "
        f"the scores, {number(chance.mean(), '.3f')} by random orders."
    )
