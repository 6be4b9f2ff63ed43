"""Which heads matter: by gradient, by true ablation, and what is left when they are removed."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.charts.axes import head_room
from interp_core.drawing.heads import CURVES, STRONGEST
from interp_core.heads.importance import ORDERS, STEPS
from interp_core.ui.heads import card, corpus, table
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.table import capital, extremes
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

ABLATION_TEXTS = 32
SEED = 0  # of the random orders
BARS = 620  # px of the bars of the strongest heads
WAYS = {"gradient": "Gradient estimate", "ablation": "Zero ablation"}
ABOUT = {
    "gradient": (
        "Mean absolute gradient of the loss with respect to a gate on the head's output "
        "(Michel et al. 2019), which is attention × gradient summed over the head's map: a "
        "first-order importance estimate."
    ),
    "ablation": (
        "Change in the loss when one head's output is set to zero. Negative: removing the "
        "head lowers the loss."
    ),
}


def draw(asked: Asked, state: ic.CorpusState) -> ViewResult | None:
    """The map of importance, and the curve on demand."""
    with layout.controls():
        way = one_of("Importance by", WAYS, key="way")
        chosen = table.chooser(state.statistics.frame)
    most = table.IMPORTANCE_TEXTS if way == "gradient" else ABLATION_TEXTS
    try:
        step = table.importance(asked, way, most)
    except ic.UnsupportedModel as error:
        st.info(f"{error} Choose `sentiment`, for example.")
        return None
    if step is None:
        return None
    found = value(step)
    frame = state.statistics.frame.merge(found.drop(columns="texts"), on=["layer", "head"])
    column = "importance" if way == "gradient" else "loss_change"
    title = "gradient importance" if way == "gradient" else "change in loss (nats)"
    about = {} if chosen is None else {"chosen": chosen}
    all_of_it = corpus.statistics(asked, state).frame
    chart = calls.chart(step, "head_importance", all_of_it, **about)
    figure(
        chart,
        title=f"{capital(title)} of every head",
        key="importance_map",
        room=head_room(frame["head"].nunique()),
        selection_mode="head",
        on_select=table.on_chart("importance_map", "head", frame),
        alt=f"Map of the {title} of {len(frame)} heads: {extremes(frame, column, '.4f')}.",
    )
    st.caption(
        f"{ABOUT[way]} {int(found['texts'].iloc[0]):,} texts; loss against the model's own "
        "predictions."
    )
    _strongest(step, column, title)
    if chosen is not None:
        card.show(asked, state, frame, chosen)
    _curve(asked, step, way)
    return table.result(chart, step, state.statistics.frame)


def _strongest(step: Recipe, column: str, title: str) -> None:
    """The heads with the largest values as bars."""
    top = value(step).nlargest(STRONGEST, column)
    names = [table.name(*pair) for pair in zip(top["layer"], top["head"])]
    first = f"{names[0]} ({number(top[column].iloc[0], '+.4f')})"
    figure(
        calls.chart(step, "strongest_heads"),
        title=f"{capital(title)}: the top {len(top)} heads",
        alt=f"Bars of the {title} of the {len(top)} heads with the largest values; first: {first}.",
        room=BARS,
        table=step,
    )
    st.caption(f"Top {len(top)} heads (layer.head). Lines: ±1 standard error over texts.")


def _curve(asked: Asked, step: Recipe, way: str) -> None:
    """Removing heads one after another, by each ranking and at random."""
    st.markdown("**Pruning curve**")
    key = ("curve", asked)
    dear = _curve_cost(asked)
    wanted = st.toggle(
        "Compute pruning curve",
        key="pruning",
        on_change=costs.agree,
        args=(key,),
        **BOUND,
    )
    if not wanted:
        seconds = costs.told(costs.forecast(dear))
        st.caption(f"Takes {seconds}: gradient and ablation rankings and five random orders.")
        return
    if not costs.agreed(key, "Pruning heads", dear):
        return
    rankings = {"gradient": table.importance(asked), way: step}
    if "ablation" not in rankings:
        rankings["ablation"] = table.importance(asked, "ablation", ABLATION_TEXTS, agreed=True)
    if None in rankings.values():
        return
    given = cache.model_recipe(asked.model), corpus.readable(asked, ABLATION_TEXTS)
    curve = calls.pruning_curve(*given, named("rankings", rankings), seed=SEED)
    curve = jobs.follow(key, "Pruning heads", curve, unit="texts")
    if curve is not None:
        _drawn(curve, int(value(rankings["ablation"])["texts"].iloc[0]))


def _curve_cost(asked: Asked) -> float:
    """Operations of the ranking by ablation and of the curve."""
    model = cache.model(asked.model)
    heads = model.n_layers * model.n_heads
    orders = 2 + ORDERS
    rows = orders * min(STEPS, heads) + heads / 2
    return rows * costs.passes(model, table.token_count(asked, ABLATION_TEXTS))


def _drawn(step: Recipe, texts: int) -> None:
    curve = value(step)
    what = one_of("Show", CURVES, key="curve")
    half = curve["share"].iloc[(curve["share"] - 0.5).abs().argmin()]
    left = curve[curve["share"] == half].set_index("ranking")[what]
    said = ", ".join(f"{name} {number(each, '.3g')}" for name, each in left.items())
    figure(
        calls.chart(step, "pruning_curve", what),
        title=f"Pruning curve: {CURVES[what]}",
        alt=f"Lines of the {CURVES[what]} as heads are removed by each ranking; with "
        f"{half:.0%} of the heads removed: {said}.",
        table=step,
    )
    st.caption(
        f"{texts} texts. Band: ±1 SD over five random orders; a ranking inside the band is "
        "not clearly better than random. Agreement: share of predictions that equal those of "
        "the full model."
    )
