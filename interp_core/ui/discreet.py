"""On a shared server no traceback is shown or logged: its last line may quote somebody's text."""

from __future__ import annotations

import logging

import streamlit as st
from streamlit import config

DETAILS = "client.showErrorDetails"
COLOURED = "logger.enableRich"  # prints tracebacks past every logger
OTHERS = ("streamlit", "uvicorn", "starlette", "tornado", "asyncio")


def place(error: BaseException) -> str:
    """Where an error arose: files and lines, without the values that were there."""
    steps, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        steps.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(steps[-8:])


def discreet(record: logging.LogRecord) -> bool:
    """A logging filter that puts the kind and place of an error for its traceback."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        record.msg, record.args = f"{type(error).__name__} at {place(error)}", ()
        record.exc_info = record.exc_text = None
    return True


def apply() -> None:
    """Close both ways: the page's and the log's."""
    if st.get_option(DETAILS) != "none":
        st.set_option(DETAILS, "none")
    if st.get_option(COLOURED):
        config.set_option(COLOURED, False)
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in OTHERS:
            logger = logging.getLogger(name)
            if discreet not in logger.filters:
                logger.addFilter(discreet)
