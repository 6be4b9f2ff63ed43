"""Several texts at once: predictions, deciding words, and words that weigh too much."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.tables import HEAVY, heavy_fillers, lines, text_table
from interp_core.audit.data import LABEL_NAMES
from interp_core.audit.figures import wilson
from interp_core.drawing.attribution import TOP_WORDS
from interp_core.files.columns import usual_name
from interp_core.files.corpus import left_out
from interp_core.files.form import FileOptions
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked, cost
from interp_core.ui.attribution.text import largest, quoted
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import clicks, leads
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.model_choice import examples
from interp_core.ui.widgets.recipe import BESIDE, Recipe, builtin, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS
from interp_core.ui.widgets.uploads import (
    SessionFile,
    chose,
    column,
    options,
    session_file,
    told,
)

MOST_TEXTS = 200
MOST_BYTES = 5 * 2**20
CLASSIFIES = "sequence-classification"
SHOWN = {"all": "All", "errors": "Errors only"}
NO_LABELS = "none"
ROWS_HEIGHT = 320  # px


@dataclass(frozen=True)
class Given:
    """The texts, and where a file has them their labels and where its rows come from."""

    texts: Recipe
    labels: Recipe | None = None
    key: tuple = ()


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """The predictions of the texts that were pasted or uploaded; attributions on request."""
    if asked.labels:
        st.info("Multiple texts need a model with a task head (for example `sentiment`).")
        return None
    given = _given(model)
    if not value(given.texts):
        st.info("Paste texts, one per line, or upload a CSV file.")
        return None
    asked = replace(asked, text="", pair=None, position=None)
    answered = _predictions(asked, given) if model.task == CLASSIFIES else None
    errors = _answers(asked, answered) if answered is not None else None
    wanted = st.toggle(
        "Attributions of these texts",
        key="many_scores",
        help="The words with the largest mean scores; takes far longer than predictions.",
        **BOUND,
    )
    if not wanted:
        return ViewResult(None, answered) if answered is not None else None
    texts = given.texts if errors is None else named("texts", errors)
    step = _results(asked, texts)
    if step is None:
        return None
    counted = calls.word_table(step)
    words = value(counted)
    if answered is None:
        st.dataframe(
            text_table(value(step)),
            hide_index=True,
            column_config={
                "probability": st.column_config.NumberColumn(format="percent"),
                "strongest words": "top words",
            },
        )
    if words.empty:
        st.info("No word of these texts has a score, so there is no chart.")
        return None
    chart = _deciding(counted)
    _heavy(words)
    return ViewResult(chart, counted)


def _given(model: LoadedModel) -> Given:
    """A file of this session, or what is typed."""
    offered = "\n".join(examples(model.task, model.name))
    follow("many", offered)
    left, right = st.columns(2)
    with right:
        found = _uploaded(model)
    with left:
        typed = st.text_area(
            "One text per line",
            offered,
            key="many",
            height=140,
            max_chars=MAX_CHARACTERS,
            disabled=found is not None,
            **BOUND,
        )
    return found or Given(named("texts", lines(typed, MOST_TEXTS)))


def _uploaded(model: LoadedModel) -> Given | None:
    label = "Or upload a file: one text per line, CSV, TSV, JSON or Parquet"
    file = session_file(label, key="upload", limit=MOST_BYTES)
    if file is None or not st.toggle("Use the file", True, key="many_file"):
        return None
    chosen = options("upload")
    corpus = ic.open_corpus(file.getvalue(), name=file.name, **vars(chosen))
    columns = list(corpus.columns)
    labels = NO_LABELS
    if columns:
        keep_valid("column", columns)
        with st.container(horizontal=True):
            first = column(columns, corpus.column)
            text = st.selectbox("Text column", columns, columns.index(first), key="column")
            chose(text)
            labels = _label_column([each for each in columns if each != text], model)
        corpus = replace(corpus, column=text)
    texts = ic.first_texts(corpus, MOST_TEXTS)
    told([*corpus.notes, *filter(None, [left_out(corpus, MOST_TEXTS)])])
    if not texts:
        raise ic.BadInput("This column contains no text. Choose another column.")
    if labels != NO_LABELS:
        return _labelled(file, corpus.name, chosen, model, text, labels)
    which = {"column": corpus.column} if corpus.column else {}
    again = calls.open_corpus(corpus.name, **which, **chosen.chosen())
    again = named("corpus", again, comment=BESIDE)
    return Given(supplied(named("texts", calls.first_texts(again, MOST_TEXTS)), lambda: texts))


def _label_column(columns: list[str], model: LoadedModel) -> str:
    """The column with the true labels, or none; a usual name is taken at once."""
    if model.task != CLASSIFIES:
        return NO_LABELS
    usual = [name for name in columns if usual_name(name) in LABEL_NAMES]
    offered = [NO_LABELS, *columns]
    keep_valid("label_column", offered)
    return st.selectbox(
        "Label column",
        offered,
        index=offered.index(usual[0]) if usual else 0,
        key="label_column",
        help="The true labels: with them the view counts which predictions are right.",
    )


def _labelled(
    file: SessionFile, name: str, chosen: FileOptions, model: LoadedModel, text: str, label: str
) -> Given:
    """Texts with labels that are the model's."""
    which = {"text": text, "label": label, "limit": MOST_TEXTS, **chosen.chosen()}
    step = calls.labelled_data(name, cache.model_recipe(model.name), **which)
    step = named("data", step, comment=BESIDE)
    data = ic.labelled_data(SessionFile(file.name, file.getvalue()), model, **which)
    told([*data.notes, *filter(None, [data.problems.note()])])
    data_step = supplied(step, lambda: data)
    texts = named("texts", builtin(list)(data_step.texts))
    return Given(texts, data_step.target_names(), (text, label))


def _predictions(asked: Asked, given: Given) -> Recipe | None:
    """One row for each text, with its label and whether that is what is predicted."""
    texts = value(given.texts)
    step = calls.predict_texts(cache.model_recipe(asked.model), given.texts)

    def dear() -> float:
        model = cache.model(asked.model)
        return sum(costs.passes(model, costs.tokens(model, text)) for text in texts)

    key = ("predictions", asked.model, asked.files, tuple(texts))
    step = jobs.follow(key, "Predictions", step, unit="texts", operations=dear)
    if step is None:
        return None
    table = named("predicted", step)
    table = table.assign(text=given.texts)
    if given.labels is not None:
        table = named("predicted", table.assign(label=given.labels))
        table = table.assign(correct=table["label"].eq(table["prediction"]))
    return table


def _answers(asked: Asked, answered: Recipe) -> list[str] | None:
    """The table of predictions; the texts that are shown where these are the errors alone."""
    table = value(answered)
    shown = table
    if "correct" in table:
        right, n = int(table["correct"].sum()), len(table)
        low, high = (float(each) for each in wilson(right, n))
        st.markdown(
            f"**{right} of {n} predictions are correct: {right / n:.1%}** "
            f"(95% interval {low:.1%} to {high:.1%}). Errors: {n - right}."
        )
        if one_of("Texts", SHOWN, key="many_shown", label_visibility="collapsed") == "errors":
            shown = table[~table["correct"]].sort_values("probability", ascending=False)
    order = [name for name in ("text", "label", "prediction", "probability") if name in shown]
    shown = shown.reset_index(drop=True)
    row = clicks.table(
        shown.round({"probability": 3})[[*order, *(["correct"] if "correct" in shown else [])]],
        height=min(ROWS_HEIGHT, 38 + 35 * max(len(shown), 1)),
        key="many_table",
        column_config={"probability": st.column_config.NumberColumn(format="percent")},
    )
    if row is None:
        st.caption("Select a row to explain its text.")
    else:
        leads.explain(asked.model, shown["text"][row])
    return None if shown is table or len(shown) == len(table) else shown["text"].tolist()


def _results(asked: Asked, given: Recipe) -> Recipe | None:
    texts = tuple(value(given))
    step = calls.attribute_many(cache.model_recipe(asked.model), given, **asked.options())

    def compute(progress) -> list:  # noqa: ANN001
        return list(value(step, progress=progress))

    def dear() -> float:
        model = cache.model(asked.model)
        return sum(cost(asked, costs.tokens(model, text)) for text in texts)

    found = jobs.run(("many", asked, texts), "Texts", compute, unit="texts", operations=dear)
    return None if found is None else supplied(named("found", step), lambda: found)


def _deciding(counted: Recipe) -> Recipe:
    words = value(counted)
    classes = list(dict.fromkeys(words["class"]))
    keep_valid("class", classes)
    chosen = st.selectbox("Most influential words for", classes, key="class", width=260, **BOUND)
    top = words[(words["class"] == chosen) & ~words["filler"].astype(bool)].head(TOP_WORDS)
    chart = calls.chart(counted, "word_table", label=chosen)
    figure(
        chart,
        title=f"Most influential words for {quoted(chosen)}",
        alt=f"Bars of the mean scores of {len(top)} words for {quoted(chosen)}; largest: "
        f"{largest(top['word'], top['mean score'])}.",
    )
    return chart


def _heavy(words: pd.DataFrame) -> None:
    heavy = heavy_fillers(words)
    st.markdown("**Function words and punctuation with high attribution**")
    if heavy.empty:
        st.caption(f"None above {HEAVY:g} times a uniform share.")
        return
    st.dataframe(heavy.drop(columns="filler"), hide_index=True)
    st.caption(
        "Share: the word's part of the total absolute attribution, relative to a uniform "
        f"split (1 / number of words). Listed from {HEAVY:g}. With few texts, treat as a hint."
    )
