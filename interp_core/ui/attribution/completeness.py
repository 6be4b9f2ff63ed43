"""Whether scores add up: said beside the chart, and instead of it where they do not."""

from __future__ import annotations

import numpy as np
import streamlit as st

from interp_core.attribution.methods import METHODS
from interp_core.attribution.result import Attribution
from interp_core.ui.attribution.question import (
    LABELLED,
    SAFE,
    WORD_TARGETS,
    Asked,
    names_one_token,
)
from interp_core.ui.server import cache
from interp_core.ui.widgets.markdown import number, plain

LIMIT = 0.01  # sum error and token error above which the page warns


def refused(asked: Asked, found: Attribution, *, key: str = "") -> bool:
    """Whether scores miss their sum by too much to be drawn; a notice says so, with ways on."""
    if not found.misleads:
        return False
    title = METHODS[found.method].title
    st.error(
        f"{title}: the scores miss the output difference by {found.sum_error:.0%}, so they are not "
        f"drawn. They sum to {number(found.scores.sum(), '+.3f')}; the outputs differ by "
        f"{number(found.value - (found.baseline_value or 0.0), '+.3f')} ({found.unit}). "
        f"{_cure(found)}",
        icon=":material/error:",
    )
    with st.container(horizontal=True):
        if asked.method != SAFE:
            _button(METHODS[SAFE].title, "method", SAFE, key)
        contrast_button(asked, found, key=key)
    return True


def _cure(found: Attribution) -> str:
    """What to do about a sum that is missed."""
    if not found.misleads and "evaluations" in METHODS[found.method].options:
        return "Increase “Model evaluations”, or use another method."
    return "Use another method, or another baseline."


def contrast_button(asked: Asked, found: Attribution, *, key: str = "") -> None:
    """A button that explains the target against the next best token or label, if it can be.

    A logit alone also counts what moves all tokens alike; a difference of two does not.
    """
    model, table = cache.model(asked.model), found.prediction.to_frame()
    others = [each for each in table["label"] if each not in (found.target, asked.target)]
    if asked.contrast or asked.labels:
        return
    if model.task in WORD_TARGETS:
        others = [each for each in others if names_one_token(model, each)]
        field = "instead"
    else:
        field = "contrast"
        others = others if model.task in LABELLED and len(model.labels) > 2 else []
    if others:
        _button(f"Contrast with “{plain(others[0])}”", field, others[0], key)


def _button(label: str, field: str, value: str, key: str) -> None:
    def choose() -> None:
        st.session_state[field] = value

    st.button(label, on_click=choose, key=f"rather_{field}_{key}")


def trust_line(found: Attribution) -> None:
    """Completeness and error, and what to do when they are too large."""
    st.caption(" · ".join(_measures(found)))
    if found.first_kept:
        st.caption(
            f"Baseline: all tokens but the first, {plain(found.sequence.tokens[0])}, are "
            "replaced by the baseline token named above. The first token is the model's "
            "attention sink and scores 0 here: on a path that changes it, gradients do not "
            "sum to the output difference. “Leave one out” gives it a score."
        )
    if max(found.sum_error, found.token_error or 0) > LIMIT:
        st.warning(_warning(found), icon=":material/warning:")


def _measures(found: Attribution) -> list[str]:
    parts = [f"{found.evaluations:,} model evaluations"]
    if found.baseline:
        parts.append(f"baseline: {found.baseline}")
    delta, relative = found.convergence_delta, found.relative_delta
    if delta is not None:
        share = (
            "output − baseline is zero"
            if relative is None
            else f"{relative:.1%} of output − baseline"
        )
        parts.append(f"convergence delta {number(delta, '+.4f')} ({share})")
    if found.token_error is not None:
        parts.append(f"largest estimated token error {found.token_error:.1%}")
    return parts


def _warning(found: Attribution) -> str:
    if found.sum_error > LIMIT:
        missed = abs(found.convergence_delta or 0)
        return (
            f"The scores miss the output difference by {found.sum_error:.1%} ({missed:.3f} "
            f"{found.unit}). Do not interpret smaller differences. {_cure(found)}"
        )
    largest = float(np.abs(found.scores).max(initial=0.0))
    return (
        f"Estimated error of a token's score: up to {found.token_error:.1%} of the largest "
        f"score ({found.token_error * largest:.3f} {found.unit}). {_cure(found)}"
    )
