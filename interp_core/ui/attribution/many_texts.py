"""Several texts at once: predictions, deciding words, and words that weigh too much."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.tables import HEAVY, heavy_fillers, lines, text_table
from interp_core.charts.attributions import bars
from interp_core.charts.heatmaps import token_keys
from interp_core.files.corpus import left_out
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked, cost
from interp_core.ui.attribution.text import largest, quoted
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.model_choice import examples
from interp_core.ui.widgets.recipe import BESIDE, Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS
from interp_core.ui.widgets.uploads import TEXTS, options, told, uploader

MOST_TEXTS = 200
MOST_BYTES = 5 * 2**20
TOP_WORDS = 12


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """Tables over the texts that were pasted or uploaded."""
    if asked.labels:
        st.info("Multiple texts need a model with a task head (for example `sentiment`).")
        return None
    offered = "\n".join(examples(model.task, model.name))
    follow("many", offered)
    typed = st.text_area(
        "One text per line", offered, key="many", height=140, max_chars=MAX_CHARACTERS, **BOUND
    )
    given = _uploaded() or named("texts", lines(typed, MOST_TEXTS))
    if not value(given):
        st.info("Paste texts, one per line, or upload a CSV file.")
        return None
    asked = replace(asked, text="", pair=None, position=None)
    step = _results(asked, given)
    if step is None:
        return None
    counted = calls.word_table(step)
    table, words = text_table(value(step)), value(counted)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "probability": st.column_config.NumberColumn(format="percent"),
            "strongest words": "top words",
        },
    )
    if words.empty:
        st.info("No word of these texts has a score, so there is no chart.")
        return None
    chart = _deciding(words)
    _heavy(words)
    return ViewResult(chart, counted)


def _results(asked: Asked, given: Recipe) -> Recipe | None:
    texts = tuple(value(given))
    step = calls.attribute_many(cache.model_recipe(asked.model), given, **asked.options())

    def compute(progress) -> list:  # noqa: ANN001
        found = []
        within = {"progress": lambda *_: progress(len(found), len(texts))}  # a text may take long
        for each in value(step, **within):
            found.append(each)
            progress(len(found), len(texts))
        return found

    def dear() -> float:
        model = cache.model(asked.model)
        return sum(cost(asked, costs.tokens(model, text)) for text in texts)

    found = jobs.run(("many", asked, texts), "Texts", compute, unit="texts", operations=dear)
    return None if found is None else supplied(named("found", step), lambda: found)


def _uploaded() -> Recipe | None:
    label = "Or upload a file: one text per line, CSV, TSV, JSON or Parquet"
    file = uploader(label, TEXTS, key="upload", limit=MOST_BYTES)
    if file is None:
        return None
    chosen = options("upload")
    corpus = ic.open_corpus(file.getvalue(), name=file.name, **vars(chosen))
    columns = list(corpus.columns)
    if columns:
        keep_valid("column", columns)
        column = st.selectbox("Text column", columns, columns.index(corpus.column), key="column")
        corpus = replace(corpus, column=column)
    texts = ic.first_texts(corpus, MOST_TEXTS)
    told([*corpus.notes, *filter(None, [left_out(corpus, MOST_TEXTS)])])
    if not texts:
        raise ic.BadInput("This column contains no text. Choose another column.")
    column = {"column": corpus.column} if corpus.column else {}
    again = calls.open_corpus(corpus.name, **column, **chosen.chosen())
    again = named("corpus", again, comment=BESIDE)
    return supplied(named("texts", calls.first_texts(again, MOST_TEXTS)), lambda: texts)


def _deciding(words: pd.DataFrame) -> alt.TopLevelMixin:
    classes = list(dict.fromkeys(words["class"]))
    keep_valid("class", classes)
    chosen = st.selectbox("Most influential words for", classes, key="class", width=260, **BOUND)
    top = words[(words["class"] == chosen) & ~words["filler"].astype(bool)].head(TOP_WORDS)
    frame = pd.DataFrame(
        {"key": token_keys(top["word"]), "token": top["word"], "score": top["mean score"]}
    )
    chart = bars(frame.reset_index(drop=True), title="mean score")
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
