"""Which texts the statistics are taken over, and the pass over them, with partial results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import interp_core as ic
from interp_core import command
from interp_core.errors import EmptyText
from interp_core.files.corpus import sample_corpus
from interp_core.files.form import FileOptions
from interp_core.ui.server import cache, costs, jobs, limits
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import BESIDE, Recipe, builtin, calls, each, named, supplied
from interp_core.ui.widgets.sidebar import Choice
from interp_core.ui.widgets.uploads import (
    ABOUT,
    LOST,
    TEXTS,
    chose,
    column,
    file_popover,
    files,
    options,
    told,
)

SOURCES = {
    "sentences": "Built-in sentences",
    "text": "Sidebar text",
    "file": "My file",
}
COUNTS = (100, 300, 1_000, 3_000, 10_000)
HELD = "heads_file"  # (name, digest) of this session's file
STOPPED = "heads_stopped"  # the question whose pass the user stopped
PARTIAL = "heads_partial"  # (question, state): how far the pass has come
SAMPLED = 200  # rows by which a pass is forecast
MEASURING = 1.5  # what a pass with statistics takes, in passes
LARGE = f"For a large file: `{command.program()} corpus MODEL FILE --out stats.parquet`"
EVERY = 1.5  # seconds between partial pictures


@dataclass(frozen=True)
class Asked:
    """The question: the key of the shared result."""

    model: str
    files: str
    source: str
    most: int
    data: str = ""
    column: str | None = None
    text: str = ""
    file: str = ""
    options: FileOptions = field(default_factory=FileOptions)


@st.cache_resource(show_spinner=False)
def _states() -> Shared:
    return Shared(128, 256 * 2**20, _bytes, name="corpora")


def _bytes(state: ic.CorpusState) -> int:
    return 0 if state.statistics is None else 200_000 + 8 * state.statistics.distances.size


def controls(choose: Callable[[bool], Choice], *, key: str = "") -> Asked | None:
    """Which texts and how many; None while there is no file. `key` tells two such rows apart.

    `choose(text)` gives what the sidebar says; with `text` its text matters here.
    """
    source = st.selectbox(
        "Other texts" if key else "Texts",
        list(SOURCES),
        format_func=SOURCES.get,
        key=f"corpus{key}",
        width=175,
        **BOUND,
    )
    choice = choose(source == "text")
    files = cache.stamp(choice.model)
    if source == "text":
        return Asked(choice.model, files, source, 1, text=choice.text)
    counts = COUNTS[:3] if source == "sentences" else COUNTS
    most = limits.at_most(counts[-1], "texts")
    counts = [count for count in counts if count <= most] or [most]
    # Beside the first texts there is no room for all that can be said of the second.
    with layout.options() if key else nullcontext():
        most = st.selectbox(
            "Number of texts",
            counts,
            index=min(1, len(counts) - 1),
            key=f"corpus_size{key}",
            width=110,
            format_func=lambda n: f"{n:,} texts",
            **BOUND,
        )
    if source == "sentences":
        return Asked(choice.model, files, source, most)
    own = TEXTS if key else None  # the second file of a comparison is another one
    file, data = file_popover(ABOUT, own, key=f"corpus_file{key}", held=f"{HELD}{key}")
    if not data:
        return None
    # Of the second file they have a list of their own: the two would be mistaken for each other.
    chosen = options(f"corpus{key}", among=None if key else layout.options())
    columns, column, _ = _known(data, file, chosen)
    with layout.options():
        column = _column(list(columns), column, key)
    return Asked(choice.model, files, source, most, data, column, file=file, options=chosen)


@st.cache_data(show_spinner=False, max_entries=64)
def _known(data: str, file: str, chosen: FileOptions) -> tuple[tuple[str, ...], str, list[str]]:
    """Columns of the file that is kept as `data`, the one to take, and what was assumed."""
    corpus = ic.open_corpus(files().peek(data), name=file, **vars(chosen))
    return corpus.columns, corpus.column, list(corpus.notes)


def _column(columns: list[str], usual: str, key: str) -> str | None:
    """The chosen column of a table; None for lines of text."""
    if not columns:
        return None
    usual = usual if key else column(columns, usual)
    follow(f"corpus_column{key}", usual)
    keep_valid(f"corpus_column{key}", columns)
    chosen = st.selectbox(
        "Column",
        columns,
        index=columns.index(usual),
        width=150,
        key=f"corpus_column{key}",
        **BOUND,
    )
    if not key:
        chose(chosen)
    return chosen


def rows(asked: Asked) -> Iterator:
    """The rows of the corpus, at most as many as asked and, on a shared server, as allowed."""
    most = limits.at_most(asked.most, "texts")
    if asked.source == "text":
        lines = _lines(asked)
        if not lines:
            raise EmptyText("The text is empty. Enter one in the sidebar.")
        return iter(lines[: limits.at_most(len(lines), "texts")])
    if asked.source == "sentences":
        return islice(sample_corpus().rows(), most)
    data = files().peek(asked.data)
    if data is None:
        raise ic.BadInput(LOST)
    corpus = ic.open_corpus(data, name=asked.file, column=asked.column, **vars(asked.options))
    return islice(corpus.rows(), most)


def _lines(asked: Asked) -> list[str]:
    return [line for line in asked.text.splitlines() if line.strip()]


def texts(asked: Asked, most: int) -> list[str]:
    """The first texts of the corpus that the model can read whole."""
    return ic.readable_texts(cache.model(asked.model), rows(asked), most)


def recipe(asked: Asked) -> Recipe:
    """The rows of the corpus as part of recipes."""
    most = limits.at_most(asked.most, "texts")
    if asked.source == "sentences":
        return named("texts", calls.sentences()[:most])
    if asked.source == "file":
        column = {"column": asked.column} if asked.column else {}
        given = calls.open_corpus(Path(asked.file).name, **column, **asked.options.chosen())
        return named("texts", builtin(list)(named("corpus", given, comment=BESIDE).rows(most)))
    text, lines = named("text", asked.text), _lines(asked)
    step = each("line", text.splitlines(), where=lambda line: line.strip())
    most = limits.at_most(len(lines), "texts")
    return named("texts", step[:most] if most < len(lines) else step)


def readable(asked: Asked, most: int) -> Recipe:
    """The first texts of the corpus that the model can read whole."""
    step = calls.readable_texts(cache.model_recipe(asked.model), recipe(asked), most)
    return supplied(step, lambda: texts(asked, most))


def statistics(asked: Asked, state: ic.CorpusState, name: str = "statistics") -> Recipe:
    """The statistics of the pass, of as many texts as were read when it was stopped."""
    partial = _states().peek(asked) is not state
    until = {"until": state.texts} if partial else {}
    step = calls.corpus_statistics(cache.model_recipe(asked.model), recipe(asked), **until)
    return supplied(named(name, step), lambda: state.statistics)


def gathered(asked: Asked, preview: Callable[[ic.HeadStatistics], None]) -> ic.CorpusState | None:
    """The pass over the corpus; partial when the user stopped it, None when nothing was read.

    `preview` draws what is known so far, every second or two.
    """
    done = _states().peek(asked)
    if done is not None:
        return done
    if st.session_state.get(STOPPED) == asked:
        return _stopped(asked)
    if not costs.agreed(("corpus", asked), "Reading the texts", _cost(asked)):
        return None
    place = st.container()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text="Reading the texts …")
        button = st.empty()
        button.button("Stop", on_click=_stop, args=(asked,), key=f"stop_{hash(asked)}")
    early = st.empty()

    def say(note: tuple[float, str] | None) -> None:
        if note is not None:
            _states().note(asked, note)
            bar.progress(*note)

    found = None
    with jobs.cleared(bar, button, early):
        try:
            found = _states().get(asked, lambda: _read(asked, say, early, preview), say)
        except limits.TimeIsUp as error:
            _stop(asked)
            st.info(str(error), icon=":material/timer_off:")
    return found or _stopped(asked)


def _cost(asked: Asked) -> float:
    """Operations of the pass, by the first rows, which stand for all."""
    model = cache.model(asked.model)
    first = [str(getattr(row, "text", row)) for row in islice(rows(asked), SAMPLED)]
    mean = sum(costs.tokens(model, text) for text in first) / max(len(first), 1)
    count = len(first) if len(first) < SAMPLED else limits.at_most(asked.most, "texts")
    return MEASURING * costs.passes(model, mean * count)


def _read(
    asked: Asked,
    say: Callable[[tuple[float, str]], None],
    early: DeltaGenerator,
    preview: Callable[[ic.HeadStatistics], None],
) -> ic.CorpusState:
    """The whole pass, once it is its turn. `say(note)` tells how far it is."""
    kind = f"corpus, {asked.source}"
    with jobs.line(kind, lambda place: say((0.0, jobs.in_line(place)))), jobs.PACE.timed(kind):
        state, drawn, late = None, time.monotonic(), limits.clock()
        for state in _stream(asked):
            st.session_state[PARTIAL] = (asked, state)
            say((min(state.rows / asked.most, 1.0), _told(asked, state)))
            if state.statistics is not None and time.monotonic() - drawn > EVERY:
                with early.container():
                    preview(state.statistics)
                drawn = time.monotonic()
            if late():
                raise limits.time_is_up()
    if state is None or state.statistics is None:
        raise ic.BadInput(_nothing(state))
    return state


def _stream(asked: Asked) -> Iterator[ic.CorpusState]:
    """The states, leaving the machine to others between two batches."""
    states = ic.stream_statistics(cache.model(asked.model), rows(asked))
    while True:
        with cache.COMPUTE:
            state = next(states, None)
        if state is None:
            return
        yield state


def _told(asked: Asked, state: ic.CorpusState) -> str:
    left = f", {state.skipped.total:,} skipped" if state.skipped.total else ""
    return (
        f"{state.texts:,} of at most {asked.most:,} texts, "
        f"{state.texts_per_second:.0f} texts/s{left}"
    )


def _nothing(state: ic.CorpusState | None) -> str:
    if state is None or not state.skipped.total:
        return "The file contains no texts. Choose another file or column."
    first = state.skipped.rows[0]
    return (
        f"None of the {state.skipped.total:,} rows can be read. Row {first.number}: {first.message}"
    )


def _stop(asked: Asked) -> None:
    st.session_state[STOPPED] = asked


def _stopped(asked: Asked) -> ic.CorpusState | None:
    question, state = st.session_state.get(PARTIAL, (None, None))
    state = state if question == asked else None
    read = 0 if state is None else state.texts
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"Stopped after {read:,} texts. The statistics cover these texts only.",
            icon=":material/stop_circle:",
        )
        st.button("Continue with all texts", on_click=lambda: st.session_state.pop(STOPPED, None))
    return state if state is not None and state.statistics is not None else None


def report(asked: Asked, state: ic.CorpusState) -> None:
    """One line: how many texts, and what was left out."""
    name = plain(asked.file)
    plural = "text" if state.texts == 1 else "texts"
    origin = f" of {name}" if name else ""
    parts = [f"{state.texts:,} {plural}{origin}, {state.tokens:,} tokens"]
    if state.skipped.total:
        counts = ", ".join(f"{n:,} {reason}" for reason, n in state.skipped.counts.items())
        first = state.skipped.rows[0]
        rows = "row" if state.skipped.total == 1 else "rows"
        parts.append(
            f"{state.skipped.total:,} {rows} skipped ({counts}; the first is row {first.number:,})"
        )
    if state.texts == 1:
        parts.append("standard errors need at least two texts")
    st.caption(" · ".join(parts) + ".")
    if asked.source == "file" and files().peek(asked.data) is not None:
        left = [f"First skipped row: {first.message}"] if state.skipped.total else []
        told([*_known(asked.data, asked.file, asked.options)[2], *left])
