"""The first thing seen: what the model predicts for the text, and which words count."""

from __future__ import annotations

from html import escape

import streamlit as st

from interp_core.attribution.prediction import Prediction
from interp_core.errors import ClearheadError
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution import tagged
from interp_core.ui.attribution.explanation import strip
from interp_core.ui.attribution.question import explained, natural
from interp_core.ui.images import question as pictures
from interp_core.ui.server import cache
from interp_core.ui.widgets.markdown import percentage
from interp_core.ui.widgets.recipe import value
from interp_core.ui.widgets.sidebar import Choice

OTHERS = 3
SIDE = 200  # px of an image
CSS = """
.verdict { font-size: 1.6rem; line-height: 1.3; margin: .25rem 0 0; overflow-wrap: anywhere; }
.verdict span { font-size: 1rem; opacity: .8; margin-inline-start: 1rem; }
"""


def draw(model: LoadedModel, choice: Choice) -> None:
    """The prediction, and the text with its words shaded."""
    if pictures.reads_pictures(model):
        _picture(model)
        return
    asked = natural(model, choice)
    if model.task == "token-classification":
        tagged.show(asked)
    step = explained(asked)
    if step is None:
        return
    found = value(step)
    verdict(found.prediction)
    if not found.misleads:
        strip(found.by_word(), key="start", asked=asked, special=False)


def known_to_read_images(name: str) -> bool:
    """Whether the model is one of images, as far as that is known before it is loaded."""
    try:
        return cache.is_loaded(name) and pictures.reads_pictures(cache.model(name))
    except ClearheadError:  # told where the model is opened
        return False


def _picture(model: LoadedModel) -> None:
    from interp_core.charts.patches import data_url
    from interp_core.ui.images.attribution import prediction_of

    picture = pictures.choose(model)
    if picture is not None:
        left, right = st.columns([1, 3])
        left.image(data_url(picture.cut), width=SIDE, caption=picture.title)
        with right:
            if model.labels:
                prediction_of(model.name, picture)
            else:
                st.caption("This model has no labels to predict: it gives vectors of images.")


def verdict(prediction: Prediction) -> None:
    """The prediction in one line, with the labels that come next."""
    st.html(f"<style>{CSS}</style>{_line(prediction)}")


def _line(prediction: Prediction) -> str:
    best = f"<strong>{escape(prediction.label)}</strong>"
    if prediction.probability is not None:
        best += f" {prediction.probability:.1%}"
    table = prediction.to_frame()
    others = table[table["label"] != prediction.label].head(OTHERS)
    said = [
        f"{escape(row.label)} {escape(percentage(row.probability))}"
        for row in others.itertuples()
        if row.probability == row.probability  # a number
    ]
    rest = f"<span>{' · '.join(said)}</span>" if said else ""
    return f'<p class="verdict">{best}{rest}</p>'
