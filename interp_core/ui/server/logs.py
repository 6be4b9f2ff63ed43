"""What happens on the server, as lines of JSON on stderr, and how long computations take.

Never what people typed: only the fields that `tell` names are written, and a model's name only
when it is embedded. Warnings and errors are always written, the rest with `CLEARHEAD_LOG=info`.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import accumulate

import streamlit as st
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

import interp_core as ic
from interp_core.ui.server import limits

STEPS = (0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 120.0, math.inf)  # seconds


class Durations:
    """A thread-safe count of durations."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts = [0] * len(STEPS)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        place = next(place for place, step in enumerate(STEPS) if seconds <= step)
        with self._guard:
            self._counts[place] += 1
            self.seconds += seconds

    def steps(self) -> tuple[tuple[float, int], ...]:
        """(step, how many took no longer), the last one all of them."""
        with self._guard:
            return tuple(zip(STEPS, accumulate(self._counts)))


LONG = 2.0  # seconds; who waits behind two shorter ones hardly notices
REMEMBERED = 3  # runs of a kind; the slowest of them counts
MOST_KINDS = 256


class Pace:
    """What each kind of computation took lately. Thread-safe, bounded."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._took: OrderedDict[str, deque[float]] = OrderedDict()

    def is_long(self, kind: str) -> bool:
        """Whether to expect more than two seconds."""
        with self._guard:
            return max(self._took.get(kind, (float("inf"),))) > LONG

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Remember how long the inside takes; what breaks off early says nothing."""
        begun = time.monotonic()
        whole = False
        try:
            yield
            whole = True
        finally:
            took = time.monotonic() - begun
            if whole or took > LONG:
                self._add(kind, took)

    def _add(self, kind: str, seconds: float) -> None:
        with self._guard:
            self._took.setdefault(kind, deque(maxlen=REMEMBERED)).append(seconds)
            self._took.move_to_end(kind)
            while len(self._took) > MOST_KINDS:
                self._took.popitem(last=False)


log = logging.getLogger("clearhead")
happened: Counter[str] = Counter()  # refusals and errors
pages: defaultdict[str, Durations] = defaultdict(Durations)
LEVELS = {"error": logging.ERROR, "warm start failed": logging.WARNING}  # others: informative
_here = threading.local()


class Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": when, "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps(line | getattr(record, "told", {}), ensure_ascii=True)


def start() -> None:
    """Write to stderr from now on."""
    if not any(isinstance(each.formatter, Lines) for each in log.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(Lines())
        log.addHandler(handler)
        log.propagate = False
    level = limits.log_level()
    level = level if level in ("DEBUG", "INFO", "ERROR") else "WARNING"
    if logging.getLevelName(log.level) != level:  # it empties what all loggers remember
        log.setLevel(level)


def tell(
    event: str,
    *,
    seconds: float | None = None,
    waited: float | None = None,
    model: str | None = None,
    kind: str | None = None,
    code: str | None = None,
    place: str | None = None,
) -> None:
    """Log an event. None of the fields may hold what somebody typed."""
    told = {
        "page": getattr(_here, "page", None),
        "seconds": None if seconds is None else round(seconds, 3),
        "waited": None if waited is None else round(waited, 3),
        "model": None if model is None else known(model),
        **{"kind": kind, "code": code, "place": place},
    }
    told = {name: value for name, value in told.items() if value is not None}
    log.log(LEVELS.get(event, logging.INFO), event, extra={"told": told})


def known(model: str) -> str:
    """The name of a built-in model; any other name is somebody's words."""
    return model if model in {card.name for card in ic.bundled_models()} else "other"


def wrong(event: str, kind: str, **about: str) -> None:
    """Count and log a refusal or an error."""
    if visited():
        happened[event] += 1
    tell(event, kind=kind, **about)


@contextmanager
def on_page(name: str, model: str) -> Iterator[None]:
    """Everything inside happens on this page; how long it took is logged at the end."""
    _here.page, started, somebody = name, time.monotonic(), visited()
    try:
        yield
    finally:
        took = time.monotonic() - started
        if somebody:
            pages[name].add(took)
            tell("page", seconds=took, model=model)
        _here.page = None


def visited() -> bool:
    """Whether the page is drawn for somebody: the server also draws it for itself."""
    context = get_script_run_ctx()
    if context is None or not Runtime.exists():
        return True
    return Runtime.instance().is_active_session(context.session_id)


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
        if name.startswith(OTHERS) and name.split(".")[0] in OTHERS:
            logger = logging.getLogger(name)
            if discreet not in logger.filters:
                logger.addFilter(discreet)
