"""Which part of the picture made the decision, and whether the explanation holds."""

from __future__ import annotations

from typing import Any

import streamlit as st

from interp_core.charts.patches import SIDE, data_url, overlay, picture_alone
from interp_core.images.attribution import GREYS, IMAGE_METHODS, ImageAttribution
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.text import quoted
from interp_core.ui.images import faithfulness
from interp_core.ui.images.question import Picture, choose
from interp_core.ui.server import cache, jobs
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain, share
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

SAFE = "occlusion"  # covers a part and asks the model, so there is no sum to miss
TOO_LARGE = 0.05  # share of the change of the logit that a delta may miss


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attribution page for image models."""
    picture = choose(model)
    if picture is None:
        return
    options = _options(model)
    entry = IMAGE_METHODS[options["method"]]
    with layout.options():
        st.caption(f"**{entry.title}.** {entry.about}")
    step = _found(choice.model, picture, options)
    if step is None:
        return
    found = value(step)
    _prediction(found)
    if found.misleads:
        _refused(found)
        return
    chart = shown(picture, step)
    _delta(found)
    faithfulness.draw(model, choice.model, picture, step, tuple(options.items()))
    layout.how_to_read(
        "**How to read this.** Are high scores on the object or the background? Do other "
        "methods and baselines agree? Attributions describe this model's logit, not the "
        "content of the image."
    )
    downloads.below(ViewResult(chart, step.to_frame()), "attribution_picture")


def _options(model: LoadedModel) -> dict[str, str | None]:
    """Method, target and baseline, under their names in `ic.attribute_image`."""
    with layout.controls():
        method = st.selectbox(
            "Method",
            list(IMAGE_METHODS),
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
            placeholder="predicted label",
            width=170,
            **BOUND,
        )
        if not IMAGE_METHODS[method].baseline:
            return {"method": method, "target": target}
        baseline = st.selectbox(
            "Baseline",
            list(GREYS),
            key="picture_baseline",
            width=130,
            help="Colour that replaces removed parts of the image. There is no neutral choice: "
            "compare several.",
            **BOUND,
        )
    return {"method": method, "target": target, "baseline": baseline}


def prediction_of(name: str, picture: Picture) -> None:
    """What the model sees in an image, by the first method."""
    step = _found(name, picture, {"method": next(iter(IMAGE_METHODS))})
    if step is not None:
        _prediction(value(step))


def _found(name: str, picture: Picture, options: dict[str, str | None]) -> Recipe | None:
    key = ("picture", name, cache.stamp(name), picture.name, *options.values())
    given = {option: each for option, each in options.items() if each is not None}
    step = calls.attribute_image(cache.model_recipe(name), picture.recipe, **given)
    return jobs.follow(key, IMAGE_METHODS[options["method"]].title, named("found", step))


def _prediction(found: ImageAttribution) -> None:
    """The predicted class, those that come next, and the target, in one line."""
    chance, table = found.prediction.probability, found.prediction.to_frame()
    with st.container(key="prediction", horizontal=True, vertical_alignment="center"):
        st.metric(
            "Prediction",
            plain(found.prediction.label),
            None if chance is None else f"{chance:.1%}",
            delta_color="off",
            delta_arrow="off",
            width="content",
        )
        others = [
            f"{plain(row.label)} {number(row.logit, '+.2f')}"
            for row in table[table["label"] != found.prediction.label]
            .nlargest(2, "logit")
            .itertuples()
        ]
        target = f"target: {plain(found.target)} (logit {number(found.value, '+.3f')})"
        st.caption(" · ".join([*others, target]), width="content")


def _refused(found: ImageAttribution) -> None:
    """Instead of scores that do not add up: by how much, and a method that needs no sum."""
    st.error(
        f"{IMAGE_METHODS[found.method].title}: the scores miss the change of the logit by "
        f"{found.sum_error:.0%}, so they are not drawn. They sum to "
        f"{number(found.patches.sum(), '+.3f')}; the logit changes by "
        f"{number(found.value - (found.baseline_value or 0.0), '+.3f')}. "
        "Use another method or another baseline.",
        icon=":material/error:",
    )
    st.button(
        IMAGE_METHODS[SAFE].title,
        on_click=lambda: st.session_state.update(picture_method=SAFE),
        key="rather_picture_method",
    )


def _delta(found: ImageAttribution) -> None:
    if found.convergence_delta is None:
        return
    whole = found.value - found.baseline_value
    missed = abs(found.convergence_delta)
    told = f"{share(missed, abs(whole), '.1%')} of the change" if whole else "the change is zero"
    error = (
        "" if found.token_error is None else f", estimated error of a pixel {found.token_error:.1%}"
    )
    said = (
        "Attributions sum to the logit change from "
        f"{number(found.baseline_value, '+.3f')} (uniform {found.baseline} image) to "
        f"{number(found.value, '+.3f')}; convergence delta "
        f"{number(found.convergence_delta, '+.4f')} ({told}){error}, {found.evaluations} "
        "model evaluations."
    )
    (st.warning if missed > TOO_LARGE * abs(whole) else st.caption)(said)


MOST_SQUARES = 64  # a side: more marks than that would only be slow


def shown(picture: Picture, step: Recipe) -> Any:
    """The picture, and beside it the patches and the pixels; unsigned patches also lie over it."""
    url, found = data_url(picture.cut), value(step)
    shape = _shape(picture, *found.patches.shape)
    frame = found.to_frame().rename(columns={"score": "value"})
    about = {"title": _title("Patches", found), "alt": _said(picture, found)}
    patches = (
        step.chart(**shape)
        if found.signed
        else overlay(frame, url, title="attribution by patch", **shape)
    )
    with st.container(horizontal=True):
        if found.signed:
            plain_picture = picture_alone(url, *found.patches.shape, title="input image", **shape)
            draw_chart(plain_picture, width="content", alt=picture.title)
        with st.container(width=SIDE):
            figure(patches, width="content", **about)
        if found.pixels is not None and found.pixels.shape != found.patches.shape:
            with st.container(width=SIDE):
                _fine(step, url, picture)
        elif not found.signed:
            alone = overlay(frame, None, title="scores only", **shape)
            draw_chart(alone, width="content", alt="The same scores without the image.")
    return patches


def _shape(picture: Picture, rows: int, columns: int) -> dict[str, float]:
    """How broad a patch is, where it is no square."""
    aspect = picture.aspect(rows, columns)
    return {} if aspect == 1 else {"aspect": aspect}


def _title(what: str, found: ImageAttribution) -> str:
    return f"{what}: attribution for {quoted(found.target)} ({IMAGE_METHODS[found.method].title})"


def _said(picture: Picture, found: ImageAttribution) -> str:
    """The strongest patch in words."""
    rows, columns = found.patches.shape
    place = int(abs(found.patches).argmax())
    return (
        f"Scores of {rows} × {columns} patches over {picture.title}; strongest: row "
        f"{place // columns}, column {place % columns}, "
        f"{number(found.patches.flat[place], '+.3f')}."
    )


def _fine(step: Recipe, url: str, picture: Picture) -> None:
    """Pixels, or squares of several where the picture has many."""
    found: ImageAttribution = value(step)
    side = max(1, max(found.pixels.shape) // MOST_SQUARES)
    pixels = calls.pixel_table(step, side=side)
    table = value(pixels)
    each = "pixel" if side == 1 else f"{side} × {side} pixels"
    best = table.loc[table["score"].abs().idxmax()]
    title = f"attribution by {each}"
    rows, columns = int(table["row"].max()) + 1, int(table["column"].max()) + 1
    shape = _shape(picture, rows, columns)
    alone = calls.chart(pixels, "pixel_table", title=title, **shape)
    figure(
        alone
        if found.signed
        else overlay(table.rename(columns={"score": "value"}), url, title=title, **shape),
        title=_title("Pixels", found),
        alt=f"Attribution by {each}; strongest: row {best['row']:.0f}, column "
        f"{best['column']:.0f}, {number(best['score'], '+.4f')}.",
        width="content",
        table=pixels,
    )
