"""Behaviour suites: what the model must answer, and where it does not."""

from __future__ import annotations

import streamlit as st

from interp_core.audit.figures import SMALL
from interp_core.audit.scoring import check_answers
from interp_core.audit.suites import MOST_BYTES, Suite, built_in_suites, read_suite
from interp_core.models.record import LoadedModel
from interp_core.ui.audit.answers import Audited
from interp_core.ui.audit.explaining import explain_row, percent
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.downloads import section
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.recipe import BESIDE, Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.uploads import uploader

ABOUT = "A suite of your own (TOML)"


def draw(audited: Audited) -> ViewResult | None:
    """Failure rates by capability, every test, and the failures with their explanations."""
    check_answers(audited.model)
    chosen = _suite(audited.model)
    if chosen is None:
        st.info(
            "No built-in suite has the labels of this model. Upload a suite of your own: see the "
            "format below."
        )
        _format()
        return None
    key, suite = chosen
    step = jobs.follow(
        ("behaviour", audited.asked.model, cache.stamp(audited.asked.model), key),
        "Running the suite",
        named("behaviour", calls.run_suite(audited.model_recipe, suite)),
        unit="texts",
        operations=lambda: costs.passes(audited.model, _tokens(audited.model, value(suite))),
    )
    if step is None:
        return None
    found = value(step)
    table = found.capabilities
    chart = step.chart("capabilities")
    worst = table.loc[table["rate"].idxmax()]
    figure(
        chart,
        title=f"{found.title}: failures by capability",
        key="behaviour_chart",
        alt=f"Points of the failure rates of {len(table)} capabilities with intervals; highest "
        f"{worst['capability']} ({percent(worst['rate'])} of {worst['n']}).",
    )
    st.caption(
        "One point per capability: share of test cases that failed, over all cases of its tests; "
        f"interval: Wilson, 95%. Grey: fewer than {SMALL} cases. Test cases are filled templates, "
        "so a rate says where the model gives way, not how often that happens in your texts."
    )
    st.dataframe(
        found.tests.round({"rate": 3, "low": 3, "high": 3}),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in ("rate", "low", "high")
        },
    )
    failures = found.failures.drop(columns="failed")
    st.markdown(f"**{len(failures):,} failures, most confident first**")
    if len(failures):
        explain_row(audited, failures, ("text", "changed text"), key="behaviour_failures")
    _format()
    return ViewResult(chart, step.cases)


def _suite(model: LoadedModel) -> tuple[str, Recipe | str] | None:
    """The chosen suite: what its results are kept under, and its recipe or name."""
    fits = [name for name in built_in_suites() if read_suite(name).labels <= set(model.labels)]
    with layout.controls():
        name = None
        if fits:
            keep_valid("suite", fits)
            name = st.selectbox(
                "Suite", fits, format_func=built_in_suites().get, key="suite", width=300, **BOUND
            )
        with st.popover("Own suite", icon=":material/upload_file:"):
            file = uploader(ABOUT, ["toml"], key="suite_file", limit=MOST_BYTES)
    if file is None:
        return None if name is None else (name, name)
    data = file.getvalue()
    suite: Suite = read_suite(data)
    step = named("suite", calls.read_suite(file.name), comment=BESIDE)
    return digest(data), supplied(step, lambda: suite)


def _tokens(model: LoadedModel, suite: Suite | str) -> int:
    known = suite if isinstance(suite, Suite) else read_suite(suite)
    texts = [text for test in known.tests for case in test.cases for text in case if text]
    return sum(costs.tokens(model, text) for text in texts)


EXAMPLE = """title = "My suite"

[lists]
thing = ["film", "book"]
good = ["good", "great"]

[[tests]]
capability = "negation"
name = "not good"
kind = "label"            # the answer must be this label
label = "negative"
templates = ["The {thing} was not {good}."]

[[tests]]
capability = "typing errors"
name = "two letters exchanged"
kind = "invariance"       # the probability may change by this much
bound = 0.1
change = "typing error"   # or "capitals", "numbers"
templates = ["The {thing} was {good}."]

[[tests]]
capability = "intensifiers"
name = "very good"
kind = "direction"        # the probability of the label must not go down
label = "positive"
direction = "up"
templates = [["The {thing} was {good}.", "The {thing} was very {good}."]]
"""


def _format() -> None:
    section("Format of a suite", ":material/description:", lambda: st.code(EXAMPLE, "toml"))
