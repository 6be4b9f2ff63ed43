"""Measures of an audit: labelled sentences, behaviour tests, exchanged terms, attention lift."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from interp_core import audit
from interp_core.audit.behaviour import Behaviour
from interp_core.audit.bias import Bias
from interp_core.audit.predictions import is_right
from interp_core.datasets import labelled_sample
from interp_core.lessons.measures_attention import loaded


@lru_cache(maxsize=4)
def _labelled(model: str) -> pd.DataFrame:
    """The built-in labelled texts of the model: text, label, what else there is, and right."""
    data = audit.audit_set(loaded(model), model)
    answers = audit.predict_labelled(loaded(model), data)
    return labelled_sample(model).assign(right=is_right(data, answers))


def labelled_texts(model: str, *, kind: str = "", label: str = "") -> float:
    """How many built-in labelled texts (of one kind, with one label) there are."""
    return len(_part(_labelled(model), kind, label))


def labelled_right(model: str, *, kind: str = "", label: str = "") -> float:
    """How many of them the model answers rightly."""
    return int(_part(_labelled(model), kind, label)["right"].sum())


def _part(table: pd.DataFrame, kind: str, label: str) -> pd.DataFrame:
    chosen = (not kind) | (table.get("kind", "") == kind)
    return table[chosen & ((not label) | (table["label"] == label))]


@lru_cache(maxsize=4)
def _suite(model: str) -> Behaviour:
    return audit.run_suite(loaded(model), model)


def test_cases(model: str, *, test: str) -> float:
    """How many cases a behaviour test of the model's built-in suite has."""
    return int(_suite(model).tests.set_index("test")["n"][test])


def test_failures(model: str, *, test: str) -> float:
    """How many of them fail."""
    return int(_suite(model).tests.set_index("test")["failures"][test])


@lru_cache(maxsize=4)
def _lift(model: str) -> pd.DataFrame:
    texts = _labelled(model)["text"].tolist()
    found = audit.attention_lift(loaded(model), texts, list(audit.group_spans(texts)))
    frame = found.frame()
    return frame[frame["group"] == "negation"]


def negation_lift(model: str, *, layer: int, head: int) -> float:
    """Attention lift of negations in one head, over the built-in labelled texts."""
    frame = _lift(model)
    return float(frame[(frame["layer"] == layer) & (frame["head"] == head)]["lift"].iloc[0])


def heads_over_negation(model: str) -> float:
    """How many heads give negations significantly less attention lift than content words."""
    frame = _lift(model)
    return int(((frame["q"] <= 0.05) & (frame["difference"] < 0)).sum())


@lru_cache(maxsize=4)
def _bias(model: str, lexicon: str) -> Bias:
    return audit.measure_bias(loaded(model), lexicon)


def terms(model: str, *, lexicon: str) -> float:
    """How many terms a built-in list has."""
    return len(_bias(model, lexicon).terms)


def term_difference(model: str, *, lexicon: str, term: str) -> float:
    """By how much a term moves the logit from the mean of its list in the same templates."""
    return float(_bias(model, lexicon).terms.set_index("term")["difference"][term])


def term_share(model: str, *, lexicon: str, term: str) -> float:
    """The share of templates that are answered with the followed label with this term."""
    found = _bias(model, lexicon)
    return float(found.terms.set_index("term")[f"share {found.target}"][term])


def _contrast(model: str, lexicon: str, first: str, second: str) -> pd.Series:
    found = _bias(model, lexicon).contrasts
    return found[(found["a"] == first) & (found["b"] == second)].iloc[0]


def group_difference(model: str, *, lexicon: str, first: str, second: str) -> float:
    """Mean change of the logit when terms of the first group become terms of the second."""
    return float(_contrast(model, lexicon, first, second)["difference"])


def group_q(model: str, *, lexicon: str, first: str, second: str) -> float:
    """How significant that is, false discoveries controlled."""
    return float(_contrast(model, lexicon, first, second)["q"])


def null_end(model: str, *, lexicon: str, first: str, second: str, end: str = "high") -> float:
    """The lower or upper end of what exchanging neutral words gives (95%)."""
    return float(_contrast(model, lexicon, first, second)[f"null {end}"])


def answer_flips(model: str, *, lexicon: str) -> float:
    """The share of exchanges that flip the answer."""
    return float(_bias(model, lexicon).pairs["flip"].mean())
