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
from interp_core.ui.attribution import script
from interp_core.ui.attribution.downloads import Drawn
from interp_core.ui.attribution.question import Asked, cost
from interp_core.ui.attribution.script import Texts
from interp_core.ui.attribution.text import largest, quoted
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.model_choice import examples
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS
from interp_core.ui.widgets.uploads import TEXTS, options, told, uploader

MOST_TEXTS = 200
MOST_BYTES = 5 * 2**20
TOP_WORDS = 12


def draw(asked: Asked, model: LoadedModel) -> Drawn | None:
    """Tables over the texts that were pasted or uploaded."""
    if asked.labels:
        st.info("Many texts need a model with a head of its own; `sentiment` has one.")
        return None
    offered = "\n".join(examples(model.task, model.name))
    follow("many", offered)
    typed = st.text_area(
        "One text a line", offered, key="many", height=140, max_chars=MAX_CHARACTERS, **BOUND
    )
    given = _uploaded() or Texts(tuple(lines(typed, MOST_TEXTS)))
    if not given.texts:
        st.info("Paste some texts, one a line.")
        return None
    asked = replace(asked, text="", pair=None, position=None)
    results = _results(asked, given.texts)
    if results is None:
        return None
    table, words = text_table(results), ic.word_table(results)
    st.dataframe(
        table,
        hide_index=True,
        column_config={"probability": st.column_config.NumberColumn(format="percent")},
    )
    if words.empty:
        st.info("No word of these texts has a score, so there is no chart.")
        return None
    chart = _deciding(words)
    _heavy(words)
    return Drawn(chart, words, lambda: script.many(asked, given))


def _results(asked: Asked, texts: tuple[str, ...]) -> list | None:
    options = asked.options()

    def compute(progress) -> list:  # noqa: ANN001
        found = []
        within = {"progress": lambda *_: progress(len(found), len(texts))}  # a text may take long
        for each in ic.attribute_many(cache.model(asked.model), texts, **options, **within):
            found.append(each)
            progress(len(found), len(texts))
        return found

    def dear() -> float:
        model = cache.model(asked.model)
        return sum(cost(asked, costs.tokens(model, text)) for text in texts)

    return jobs.run(("many", asked, texts), "Texts", compute, unit="texts", operations=dear)


def _uploaded() -> Texts | None:
    label = "or a file: one text a line, CSV, TSV, JSON or Parquet"
    file = uploader(label, TEXTS, key="upload", most=MOST_BYTES)
    if file is None:
        return None
    chosen = options("upload")
    corpus = ic.open_corpus(file.getvalue(), name=file.name, **vars(chosen))
    columns = list(corpus.columns)
    if columns:
        keep_valid("column", columns)
        column = st.selectbox(
            "Column with the texts", columns, columns.index(corpus.column), key="column"
        )
        corpus = replace(corpus, column=column)
    texts = ic.first_texts(corpus, MOST_TEXTS)
    told([*corpus.notes, *filter(None, [left_out(corpus, MOST_TEXTS)])])
    if not texts:
        raise ic.BadInput("This column holds no texts. Choose another one.")
    return Texts(tuple(texts), MOST_TEXTS, corpus.name, corpus.column, chosen.code())


def _deciding(words: pd.DataFrame) -> alt.TopLevelMixin:
    classes = list(dict.fromkeys(words["class"]))
    keep_valid("class", classes)
    chosen = st.selectbox(
        "Words that decide most often for", classes, key="class", width=260, **BOUND
    )
    top = words[(words["class"] == chosen) & ~words["filler"].astype(bool)].head(TOP_WORDS)
    frame = pd.DataFrame(
        {"key": token_keys(top["word"]), "token": top["word"], "score": top["mean score"]}
    )
    chart = bars(frame.reset_index(drop=True), title="mean score")
    figure(
        chart,
        title=f"Words that decide most often for {quoted(chosen)}",
        alt=f"Bars of the mean scores of {len(top)} words for {quoted(chosen)}; largest: "
        f"{largest(top['word'], top['mean score'])}.",
    )
    return chart


def _heavy(words: pd.DataFrame) -> None:
    heavy = heavy_fillers(words)
    st.markdown("**Filler words and punctuation that weigh more than they should**")
    if heavy.empty:
        st.caption(f"None holds more than {HEAVY:g} times its even share.")
        return
    st.dataframe(heavy.drop(columns="filler"), hide_index=True)
    st.caption(
        f"Share is the word's part of all sizes, divided by the even share (1 over the number of "
        f"words); listed from {HEAVY:g} on. With few texts this is a hint, not a finding."
    )
