"""Which part of the picture made the decision, and whether the explanation holds."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.image_attribution import GREYS, IMAGE_METHODS
from interp_core.charts.patches import data_url, overlay
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, downloads, jobs
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.pictures.chooser import Picture, choose
from interp_core.ui.plain import plain

TOO_LARGE = 0.05  # share of the change of the logit that a delta may miss


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attribution page for image models."""
    picture = choose(model)
    if picture is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = list(IMAGE_METHODS)
        method = st.selectbox(
            "Method",
            names,
            key="picture_method",
            width=230,
            format_func=lambda name: IMAGE_METHODS[name].title,
            **BOUND,
        )
        keep_valid("picture_target", list(model.labels))
        target = st.selectbox(
            "Target",
            list(model.labels),
            index=None,
            key="picture_target",
            placeholder="the prediction",
            width=170,
            **BOUND,
        )
        baseline = "grey"
        if IMAGE_METHODS[method].baseline:
            baseline = st.selectbox(
                "Replaced by",
                list(GREYS),
                key="picture_baseline",
                width=130,
                help="What stands in the place of a part that is away. There "
                "is no neutral choice: try another.",
                **BOUND,
            )
    st.caption(f"**{IMAGE_METHODS[method].title}.** {IMAGE_METHODS[method].about}")
    found = _found(choice.model, picture, method, target, baseline)
    if found is None:
        return
    _prediction(found)
    chart, table = _picture(picture, found)
    _delta(found)
    st.markdown(
        "**What to look for.** Does the weight lie on the thing itself or on its surroundings? "
        "Does another method, or another baseline, say the same? An explanation says what moved "
        "this model's logit, not what is in the picture."
    )
    downloads.below(chart, table, "attribution_picture")


def _found(name: str, picture: Picture, method: str, target: str | None, baseline: str):  # noqa: ANN202
    key = ("picture", name, cache.stamp(name), picture.name, method, target, baseline)
    return jobs.run(
        key,
        IMAGE_METHODS[method].title,
        lambda progress: ic.attribute_image(
            cache.model(name),
            picture.image,
            method=method,
            target=target,
            baseline=baseline,
            progress=progress,
        ),
    )


def _prediction(found: ic.ImageAttribution) -> None:
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Prediction",
            plain(found.prediction.label),
            None if found.prediction.probability is None else f"{found.prediction.probability:.1%}",
            delta_color="off",
            delta_arrow="off",
        )
        st.metric(
            "Explained",
            plain(found.target),
            f"logit {found.value:+.3f}",
            delta_color="off",
            delta_arrow="off",
        )
    table = found.prediction.to_frame()
    if len(table) > 2:
        best = table.nlargest(3, "logit")
        st.caption(
            "Nearest answers: "
            + ", ".join(f"{row.label} ({row.logit:+.2f})" for row in best.itertuples())
        )


def _picture(picture: Picture, found: ic.ImageAttribution) -> tuple:
    table = found.to_frame()
    url = data_url(picture.image)
    frame = table.rename(columns={"score": "value"})
    patches = overlay(frame, url, title="score of each patch", signed=found.signed)
    with st.container(horizontal=True):
        st.altair_chart(patches, width="content", alt="The score of each patch over the picture.")
        if found.pixels is not None and found.pixels.shape != found.patches.shape:
            st.altair_chart(_fine(found, url), width="content", alt="The score of each pixel.")
        else:
            alone = overlay(frame, None, title="scores alone", signed=found.signed)
            st.altair_chart(alone, width="content", alt="The scores alone.")
    return patches, table


def _fine(found: ic.ImageAttribution, url: str):  # noqa: ANN202
    """Pixels, in blocks of at most 64 a side: more marks than that would only be slow."""
    import numpy as np

    pixels = found.pixels
    step = max(1, max(pixels.shape) // 64)
    rows, columns = (length // step for length in pixels.shape)
    blocks = pixels[: rows * step, : columns * step].reshape(rows, step, columns, step).sum((1, 3))
    row, column = np.indices(blocks.shape).reshape(2, -1)
    frame = pd.DataFrame({"row": row, "column": column, "value": blocks.ravel()})
    title = "score of each pixel" if step == 1 else f"score of each {step} × {step} pixels"
    return overlay(frame, url, title=title, signed=found.signed)


def _delta(found: ic.ImageAttribution) -> None:
    if found.convergence_delta is None:
        return
    whole = found.value - found.baseline_value
    share = abs(found.convergence_delta) / max(abs(whole), 1e-9)
    error = (
        "" if found.token_error is None else f", estimated error of a pixel {found.token_error:.1%}"
    )
    said = (
        f"Scores add up to the change of the logit from {found.baseline_value:+.3f} (an even "
        f"{found.baseline} picture) to {found.value:+.3f}; convergence delta "
        f"{found.convergence_delta:+.4f} ({share:.1%}){error}, {found.evaluations} evaluations."
    )
    (st.warning if share > TOO_LARGE else st.caption)(said)
