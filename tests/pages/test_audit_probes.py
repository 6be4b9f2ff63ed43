"""The views of the audit page that edit texts and look at heads."""

from __future__ import annotations

import pytest

import interp_core as ic
from interp_core.ui.server import limits
from tests.pages.reporting import check
from tests.pages.running import run, undefined, words

ROWS = [
    ("Anna said that the film was not good.", "negative"),
    ("Omar said that the film was not bad.", "positive"),
    ("The king was very good, but the queen was dull.", "negative"),
    ("A man I know liked the film.", "positive"),
    ("Nobody called the plot good.", "negative"),
    ("Write to anna@example.org about the wonderful film.", "positive"),
]
CSV, FEW = (
    "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows)
    for rows in (ROWS, ROWS[:3])
)
SUITE = b"""
title = "Mine"
[lists]
good = ["good", "great"]
[[tests]]
capability = "negation"
name = "not good"
label = "negative"
templates = ["It was not {good}."]
[[tests]]
capability = "double negation"
name = "nobody"
label = "positive"
templates = ["Nobody could say it wasn't {good}."]
"""


WEAT = "section_Appendix: association of vectors (WEAT)"


def opened(view: str, table: str = CSV, **state):
    app = run("audit", model="sentiment", audit_data="file", audit_view=view, **state)
    return app.file_uploader[0].set_value(("mine.csv", table.encode(), "text/csv")).run()


@pytest.mark.parametrize(
    ("view", "state"),
    [
        ("words", {"attributed": 50}),
        ("bias", {"bias_texts": "texts", "terms": "gender", WEAT: True}),
        ("privacy", {}),
    ],
)
def test_a_view_draws_and_its_scripts_compute_its_numbers_again(view, state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = FEW if view == "words" else CSV  # attributions cost the most
    (tmp_path / "mine.csv").write_text(table)
    app = opened(view, table, **state)
    assert not app.exception
    assert not app.error
    assert not undefined(app)
    assert view != "bias" or "Unstable:" in words(app)
    check(app)


def test_an_upload_to_a_shared_server_is_limited_and_what_it_lacks_is_no_error(monkeypatch):
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    monkeypatch.setattr(limits, "LIMITS", limits.Limits(texts=3))
    app = opened("privacy", "text,label\n" + "The film was not good.,negative\n" * 5)
    assert not app.exception
    assert not app.error
    assert "No personal data was found in 3 texts" in app.info[0].value
    app = app.selectbox(key="tagger").set_value("").run()
    app.session_state["audit_view"], app.session_state["bias_texts"] = "bias", "texts"
    app = app.run()
    assert not app.error
    assert "None of 3 texts holds a term" in app.info[0].value


def test_heads_are_compared_with_attributions_and_one_is_chosen():
    app = opened("words", FEW, attributed=50, word_measure="alignment")
    assert not app.exception
    assert not app.error
    assert "Spearman" in words(app)
    app = app.selectbox(key="word_head").set_value("3.2").run()
    link = next(each for each in app.get("page_link") if "layer 3, head 2" in each.proto.label)
    assert link.proto.page.endswith("attention_heads")


def test_a_suite_of_ones_own_is_run_and_its_failures_open(real_models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_bytes(SUITE)
    app = opened("behaviour")
    place = [each.key for each in app.file_uploader].index("suite_file")
    app = app.file_uploader[place].set_value(("mine.toml", SUITE, "application/toml")).run()
    assert not app.exception
    tables = [each.value for each in app.dataframe]
    tests = next(each for each in tables if "failures" in each)
    assert tests["failures"].tolist() == [0, 2]
    assert "2 failures" in words(app)
    check(app)


def test_a_file_that_is_no_suite_gets_a_sentence():
    app = opened("behaviour")
    place = [each.key for each in app.file_uploader].index("suite_file")
    app = app.file_uploader[place].set_value(("mine.toml", b"a = [", "text/plain")).run()
    assert not app.exception
    assert "TOML" in words(app)


def test_models_that_label_words_are_told_what_does_not_work(few_texts):
    app = run("audit", model="slots", audit_view="bias")
    assert not app.exception
    assert "labels every word" in words(app)


def test_what_is_said_of_personal_data_is_what_was_measured():
    app = opened("privacy")
    found = ic.measure_privacy(ic.load_model("sentiment"), [text for text, _ in ROWS])
    table = next(each.value for each in app.dataframe if "control flips" in each.value)
    assert table["kind"].tolist() == found.kinds["kind"].tolist()
    assert table["change"].to_list() == pytest.approx(found.kinds["change"].to_list())


def test_what_rests_on_personal_data_is_opened_and_goes_into_the_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(CSV)
    app = opened("privacy")
    app.session_state["section_What rests on personal data"] = True
    app.run()
    assert not app.exception
    assert not app.error
    assert "Against content words" in words(app)
    shares = next(each.value for each in app.dataframe if "word share" in each.value)
    assert "personal data" in set(shares["group"])
    check(app)
