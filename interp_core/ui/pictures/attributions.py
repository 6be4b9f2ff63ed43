"""Which part of the picture made the decision, and whether the explanation holds."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.analysis.image_attribution import GREYS, IMAGE_METHODS
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, downloads, jobs
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.numbers import number, share
from interp_core.ui.pictures import reproduce
from interp_core.ui.pictures.attribution_views import shown
from interp_core.ui.pictures.chooser import Picture, choose
from interp_core.ui.plain import plain

TOO_LARGE = 0.05  # share of the change of the logit that a delta may miss


def draw(model: LoadedModel, choice) -> None:  # noqa: ANN001 - sidebar.Choice
    """The attribution page for image models."""
    picture = choose(model)
    if picture is None:
        return
    options = _options(model)
    entry = IMAGE_METHODS[options["method"]]
    st.caption(f"**{entry.title}.** {entry.about}")
    found = _found(choice.model, picture, options)
    if found is None:
        return
    _prediction(found)

    def script(last: str) -> str:
        return reproduce.attribution(choice.model, picture, options, last)

    chart = shown(picture, found, script)
    _delta(found)
    st.markdown(
        "**What to look for.** Does the weight lie on the thing itself or on its surroundings? "
        "Does another method, or another baseline, say the same? An explanation says what moved "
        "this model's logit, not what is in the picture."
    )
    downloads.below(
        chart, found.to_frame(), "attribution_picture", lambda: script("table = found.to_frame()")
    )


def _options(model: LoadedModel) -> dict[str, str | None]:
    """Method, target and baseline, under their names in `ic.attribute_image`."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
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
            placeholder="the prediction",
            width=170,
            **BOUND,
        )
        if not IMAGE_METHODS[method].baseline:
            return {"method": method, "target": target}
        baseline = st.selectbox(
            "Replaced by",
            list(GREYS),
            key="picture_baseline",
            width=130,
            help="What stands in the place of a part that is away. There "
            "is no neutral choice: try another.",
            **BOUND,
        )
    return {"method": method, "target": target, "baseline": baseline}


def _found(
    name: str, picture: Picture, options: dict[str, str | None]
) -> ic.ImageAttribution | None:
    key = ("picture", name, cache.stamp(name), picture.name, *options.values())
    return jobs.run(
        key,
        IMAGE_METHODS[options["method"]].title,
        lambda progress: ic.attribute_image(
            cache.model(name), picture.image, progress=progress, **options
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


def _delta(found: ic.ImageAttribution) -> None:
    if found.convergence_delta is None:
        return
    whole = found.value - found.baseline_value
    missed = abs(found.convergence_delta)
    told = f"{share(missed, abs(whole), '.1%')} of the change" if whole else "the change is zero"
    error = (
        "" if found.token_error is None else f", estimated error of a pixel {found.token_error:.1%}"
    )
    said = (
        f"Scores add up to the change of the logit from {found.baseline_value:+.3f} (an even "
        f"{found.baseline} picture) to {found.value:+.3f}; convergence delta "
        f"{number(found.convergence_delta, '+.4f')} ({told}){error}, "
        f"{found.evaluations} evaluations."
    )
    (st.warning if missed > TOO_LARGE * abs(whole) else st.caption)(said)
