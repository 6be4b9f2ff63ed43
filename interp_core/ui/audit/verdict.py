"""Thresholds for any value of the audit, passed or failed, and the whole audit as files."""

from __future__ import annotations

import streamlit as st

import interp_core as ic
from interp_core.audit.entities import is_tagged
from interp_core.audit.reading import ATTRIBUTED, MOST_TEXTS
from interp_core.audit.record import TOKENS
from interp_core.audit.verdict import Check
from interp_core.audit.whole import LIMITS, all_parts
from interp_core.audit_report import audit_document, audit_json, audit_report
from interp_core.drawing.audit import DRAWN, verdict_points
from interp_core.ui.audit.answers import Audited
from interp_core.ui.audit.explaining import METHOD
from interp_core.ui.server import costs, jobs, limits
from interp_core.ui.widgets import layout, recipe
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import counted, message, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

FIRST = {
    "single-label": 'accuracy = { at_least = 0.85 }\n"slices.groups" = { at_most = 0 }',
    "multi-label": "micro_f1 = { at_least = 0.8 }",
    "regression": "pearson = { at_least = 0.8 }",
    "tokens": "entity_f1 = { at_least = 0.9 }",
}
WORDS = "word_accuracy = { at_least = 0.9 }"  # for labels without B- and I-
FOUR = st.column_config.NumberColumn(format="%.4f")
WIDE = 520  # px of the thresholds
MOST = 4_000  # characters of the thresholds
MORE_TEXTS = 400  # texts that a suite, or a list of terms, adds to the pass, about
SUITE, TERMS, PRIVACY, READING = "behaviour: ", "bias: ", "privacy", "words and heads"


def draw(found: Audited) -> ViewResult | None:
    """The thresholds, what became of them, and the files."""
    with layout.controls():
        more = _more(found)
        place = st.popover("Thresholds", icon=":material/rule:")
    kind, labels = found.data.kind, found.data.labels
    plain_tags = kind == "tokens" and not is_tagged(labels)
    first = f"[thresholds]\n{WORDS if plain_tags else FIRST[kind]}\n"
    follow("audit_thresholds", first)
    given = place.container(width=WIDE).text_area(
        "Thresholds (TOML)",
        first,
        key="audit_thresholds",
        height=200,
        max_chars=MOST,
        help="One line per value: key = { at_least = NUMBER } or { at_most = NUMBER }; with "
        "whole_interval = true both ends of the interval must meet it. The command takes the same "
        "file. Keys are in the table below.",
        **BOUND,
    )
    step = _audited(found, given, more)
    if step is None:
        return None
    audit = value(step)
    _said(audit)
    for note in audit.notes:
        st.caption(plain(note))
    chart = _chart(audit, step)
    _files(found, audit, step, given)
    st.markdown("**All values**")
    st.dataframe(
        audit.table(),
        hide_index=True,
        height=300,
        placeholder="–",
        column_config=dict.fromkeys(("value", "low", "high"), FOUR),
    )
    with st.expander("Limits of this audit"):
        for each in LIMITS:
            st.markdown(f"- {each}")
    return ViewResult(chart, step.checked() if audit.checks else step.table())


def _more(found: Audited) -> list[str]:
    """What is measured beside score, slices and errors."""
    parts = all_parts(found.model, found.data)
    offered = [
        *(f"{SUITE}{name}" for name in parts.get("suites", ())),
        *(f"{TERMS}{name}" for name in parts.get("lexicons", ())),
        *([PRIVACY] if parts.get("privacy") else []),
        *([READING] if parts.get("words") else []),
    ]
    if not offered:
        return []
    keep_valid("audit_more", offered)
    return st.multiselect(
        "Also measure",
        offered,
        key="audit_more",
        width=360,
        wrap=True,
        placeholder="nothing more",
        **BOUND,
    )


def _audited(found: Audited, given: str, more: list[str]) -> Recipe | None:
    suites = [each.removeprefix(SUITE) for each in more if each.startswith(SUITE)]
    lexicons = [each.removeprefix(TERMS) for each in more if each.startswith(TERMS)]
    words = limits.at_most(ATTRIBUTED, "texts") if READING in more else 0
    options = {
        "predictions": found.predictions_recipe,
        "thresholds": calls.read_thresholds(given.encode()),
        **({"suites": suites} if suites else {}),
        **({"lexicons": lexicons} if lexicons else {}),
        **({"privacy": True} if PRIVACY in more else {}),
        **({"words": words} if words else {}),
    }
    step = named("audit", calls.run_audit(found.model_recipe, found.data_recipe, **options))

    def dear() -> float:
        texts = MORE_TEXTS * (len(suites) + len(lexicons))
        texts += 4 * len(found.data) if PRIVACY in more else 0
        texts += min(len(found.data), MOST_TEXTS) if words else 0
        mean = max(float(found.predictions.lengths.mean()), 8.0)
        explained = words if found.data.kind != TOKENS else 0
        attributions = explained * costs.attribution(found.model, int(mean), METHOD)
        return costs.passes(found.model, mean * texts) + attributions

    key = ("audit verdict", found.key, given, tuple(more))
    return jobs.follow(key, "Audit", step, unit="%", operations=dear)


def _said(audit: ic.Audit) -> None:
    failed = [each.figure.title for each in audit.checks if not each.passed]
    count = len(audit.checks)
    if failed:
        told = f"Failed: {len(failed)} of {counted(count, 'threshold')}: {', '.join(failed)}."
        st.warning(message(told), icon=":material/cancel:")
    else:
        every = f"all {count} thresholds" if count > 1 else "the one threshold"
        st.success(f"Passed: {every}.", icon=":material/check_circle:")
    st.dataframe(
        audit.checked().assign(passed=[_passed(each) for each in audit.checks]),
        hide_index=True,
        placeholder="–",
        column_config=dict.fromkeys(("value", "low", "high"), FOUR),
    )
    if any(each.by_value_only for each in audit.checks):
        st.caption(
            "Value only: a part of the interval does not meet the threshold, so other texts of the "
            "same kind may not. To ask for the whole interval, add whole_interval = true."
        )


def _passed(check: Check) -> str:
    if check.by_value_only:
        return "✓ passed (value only)"
    return "✓ passed" if check.passed else "✗ failed"


def _chart(audit: ic.Audit, step: Recipe) -> Recipe:
    count = len(verdict_points(audit))
    chart = step.chart(**({"limit": count} if count > DRAWN else {}))
    told = "; ".join(
        f"{each.figure.title} {each.figure.value:.3f}, {each.threshold.told()}: "
        f"{'passed' if each.passed else 'failed'}"
        for each in audit.checks
    )
    figure(chart, title="Thresholds", alt=f"Values with intervals and thresholds: {told}.")
    st.caption(
        "One point per value with its 95% interval; tick: threshold; ✓ passed, ✗ failed; "
        "grey: fewer than 30 texts. Values without an interval are in the table only."
    )
    return chart


def _files(found: Audited, audit: ic.Audit, step: Recipe, given: str) -> None:
    """The report, the values for machines, and the thresholds for the command."""
    before, _, call = recipe.script(step).rpartition("\ntable = ")

    def report() -> bytes:
        script = f"{before}\naudit = {call}"
        made = audit_report(audit, found.model, script=script)
        return audit_document(made).encode()

    with st.container(horizontal=True, gap="small"):
        for label, name, mime, make in (
            ("Report (HTML)", "audit.html", "text/html", report),
            (
                "Values (JSON)",
                "audit.json",
                "application/json",
                lambda: audit_json(audit, found.model).encode(),
            ),
            ("Thresholds (TOML)", "thresholds.toml", "application/toml", given.encode),
        ):
            st.download_button(
                label,
                make,
                file_name=name,
                mime=mime,
                key=f"audit_file_{name}",
                on_click="ignore",
                icon=":material/download:",
            )
