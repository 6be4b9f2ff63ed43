"""Behaviour suites: failures known by hand, a planted fault, and hostile files."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

import interp_core as ic
from interp_core.audit.behaviour import run_suite
from interp_core.audit.suites import MOST_BYTES, built_in_suites, read_suite

WEIGHTS = {"good": 1.0, "great": 2.0, "bad": -1.0, "dull": -2.0, "very": 0.5, "omar": -1.5}
SUITE = b"""
[lists]
good = ["good", "great"]
bad = ["bad", "dull"]
name = ["Anna", "Omar"]
[[tests]]
capability = "negation"
name = "not good"
label = "negative"
templates = ["It was not {good}."]
[[tests]]
capability = "negation"
name = "not bad"
label = "positive"
templates = ["It was not {bad}."]
[[tests]]
capability = "names"
name = "another name"
kind = "invariance"
vary = "name"
bound = 0.2
templates = ["{name} was {good}."]
[[tests]]
capability = "intensifiers"
name = "very"
kind = "direction"
label = "positive"
templates = [["It was {bad}.", "It was very {bad}."]]
direction = "down"
"""


def test_failures_are_those_counted_by_hand(words_model):
    found = run_suite(words_model(WEIGHTS), SUITE)
    failed = found.tests.set_index("test")["failures"].to_dict()
    # Without negation all four fail. Omar takes 1.5 from 1 or 2. "very" adds 0.5, also to "bad".
    assert failed == {"not good": 2, "not bad": 2, "another name": 4, "very": 2}
    assert found.tests.set_index("test")["n"].to_dict() == {
        "not good": 2,
        "not bad": 2,
        "another name": 4,
        "very": 2,
    }
    row = found.capabilities.set_index("capability").loc["negation"]
    exact = binomtest(4, 4).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((exact.low, exact.high))
    figures = {each.key: each.value for each in found.figures()}
    assert figures == {"failures.negation": 1, "failures.names": 1, "failures.intensifiers": 1}
    assert found.failures["probability"].sub(0.5).abs().is_monotonic_decreasing


def test_a_model_that_reads_not_does_not_fail_there(words_model):
    fair = run_suite(words_model(WEIGHTS, negates=True), SUITE).tests.set_index("test")["failures"]
    assert fair["not good"] == fair["not bad"] == 0
    kept = {word: value for word, value in WEIGHTS.items() if word not in ("omar", "very")}
    assert not run_suite(words_model(kept, negates=True), SUITE).cases["failed"].any()


def test_the_changed_probability_is_the_logistic_of_twice_the_sum(words_model):
    cases = run_suite(words_model({**WEIGHTS, "anna": 0.0}), SUITE).cases
    row = cases[cases["text"] == "Omar was good."].iloc[0]
    assert row["changed text"] == "Anna was good."
    assert row["probability"] == pytest.approx(0.7310586, abs=1e-6)  # negative: e / (1 + e)
    assert row["change"] == pytest.approx(0.1192029 - 0.7310586, abs=1e-6)


@pytest.mark.parametrize("name", built_in_suites())
def test_built_in_suites_cover_what_they_promise(name):
    suite = read_suite(name)
    needed = set(["negation", "fillers", "contrast", "names", "numbers"]) | {
        "typing errors",
        "domain words",
    }
    assert needed <= {test.capability for test in suite.tests}
    assert all(len(test.cases) >= 8 for test in suite.tests)
    assert {test.kind for test in suite.tests} >= {"label", "invariance"}
    assert read_suite(name).tests == suite.tests  # the same seed, the same texts


def test_sentiment_fails_where_its_card_says(sentiment):
    rates = run_suite(sentiment).capabilities.set_index("capability")["rate"]
    assert rates["double negation"] > 0.5
    assert rates["contrast"] < 0.1
    assert rates["vocabulary"] < 0.1


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"\xff", "TOML"),
        (b"a = [", "TOML"),
        (b"a = " + b"[" * 5000, "TOML"),
        (b"# " + b"x" * MOST_BYTES, "KB"),
        (b"title = 'empty'", r"\[\[tests\]\]"),
        (b"[[tests]]\nlabel = 'a'\ntemplates = ['{x}']", "no list"),
        (b"[[tests]]\nlabel = 'a'\ntemplates = ['x']\ncode = 'import os'", "unknown key"),
        (b"[[tests]]\nkind = 'exec'\ntemplates = ['x']", "kind"),
        (b"[[tests]]\nlabel = 'a'\ntemplates = []", "templates"),
        (b"[[tests]]\nkind = 'invariance'\ntemplates = ['x']", "square brackets"),
        (b"[[tests]]\nlabel = 'a'\ncases = 99999\ntemplates = ['x']", "cases"),
        (b"[[tests]]\nkind = 'invariance'\nbound = 7\ntemplates = [['x', 'y']]", "bound"),
        (b"[lists]\nw = [1]\n[[tests]]\nlabel = 'a'\ntemplates = ['x']", "words"),
        (b"[[tests]]\ntemplates = ['x']", "label"),
    ],
)
def test_a_file_that_is_no_suite_is_refused_in_words(file, told):
    with pytest.raises(ic.BadInput, match=told):
        read_suite(file)


def test_templates_are_text_and_large_products_are_drawn_from_and_not_listed():
    lists = "\n".join(f"l{n} = {[f'w{k}' for k in range(400)]}" for n in range(8))
    slots = " ".join(f"{{l{n}}}" for n in range(8))
    suite = read_suite(
        f"[lists]\n{lists}\n[[tests]]\nlabel = 'a'\n"
        f"templates = ['{slots}', '{{0.__class__}} {{!r}} %s {{l1:>99999999}}']".encode()
    )
    texts = [text for text, _ in suite.tests[0].cases]
    assert "{0.__class__} {!r} %s {l1:>99999999}" in texts
    assert len(texts) == 13


def test_labels_that_the_model_does_not_have_are_named(words_model):
    with pytest.raises(ic.BadInput, match="nobody"):
        run_suite(words_model(WEIGHTS), b"[[tests]]\nlabel = 'nobody'\ntemplates = ['x']")
