"""What is done once when the server starts, and for addresses that come from elsewhere."""

from __future__ import annotations

import base64
import math
import re
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit import config
from streamlit.runtime.scriptrunner import get_script_run_ctx

from interp_core.lessons import aliases
from interp_core.models import preprocessors
from interp_core.ui.server import altair_patch, limits, logs, metrics

LARGEST = "server.maxUploadSize"


def begin() -> None:
    """Ready at once when it was done before."""
    logs.start()
    altair_patch.apply()
    metrics.register()
    clean()
    most = limits.limits()
    preprocessors.most_tokens = most and most.tokens
    if most is not None:
        logs.apply()
        _refuse_larger(max(most.upload_bytes // 2**20, 1))


def _refuse_larger(megabytes: int) -> None:
    """Let the server itself refuse larger uploads: the pages see them when they are in memory."""
    if config.get_option(LARGEST) > megabytes:
        config.set_option(LARGEST, megabytes)


# Parameters that hold words: "Infinity" is one.
WORDS = {
    "text",
    "pair",
    "base",
    "second_base",
    "text_b",
    "patch_text",
    "lm_towards",
    "lm_away",
    "passages",
    "passage_question",
    "passage_answer",
    "test_target",
    "test_contrast",
    "edited",
    "becomes",
    "many",
    "labels",
    "word",
    "instead",
    "find",
    "containing",
}


def clean() -> None:
    """Bring an address up to date before any control begins with it.

    Labels of earlier versions become those of today. Numbers without end are dropped: Streamlit's
    number fields raise an error for them.
    """
    given = st.query_params
    changed = False
    for name in list(given):
        values = given.get_all(name)
        if name not in WORDS and any(map(_endless, values)):
            del given[name]
            changed = True
        elif (present := [aliases.today(name, value) for value in values]) != values:
            given[name] = present
            changed = True
    context = get_script_run_ctx()
    if changed and context is not None:  # what controls begin with was noted before
        with context.session_state.query_params() as parameters:
            parameters.set_initial_query_params_from_current()


def _endless(value: str) -> bool:
    try:
        return math.isinf(float(value))
    except ValueError:
        return False


RULES = tuple(Path(__file__).with_name(f"{name}.css") for name in ("legible", "layout"))


@cache
def picture(name: str) -> str:
    """A picture beside the pages' modules as a data URL: a file would be read again on each run."""
    path = Path(__file__).parents[1] / name
    kind = {".svg": "svg+xml", ".png": "png"}[path.suffix]
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def show() -> None:
    """Put the rules on the page; they take no room."""
    st.html(_style())


@cache
def _style() -> str:
    """The rules without what only their readers need: every page is sent them."""
    rules = "".join(each.read_text(encoding="utf-8") for each in RULES)
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    rules = re.sub(r'="([\w-]+)"\]', r"=\1]", rules)
    rules = re.sub(r"\s*([{};,>])\s*|(:)\s+", r"\1\2", re.sub(r"\s+", " ", rules))
    return f"<style>{rules.replace(';}', '}')}</style>"
