"""The audit page: from built-in or uploaded labelled texts to scores, slices and errors."""

from __future__ import annotations

import json
from shutil import copytree
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.audit.predictions import is_right
from interp_core.ui.audit import answers
from interp_core.ui.audit.question import FILE, TITLE, Asked
from interp_core.ui.server import cache
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from tests.pages.browser_view import BrowserView
from tests.pages.reporting import check
from tests.pages.running import ROOT, TIMEOUT, charts, clicked, run, undefined, words

CSV = "review;mood;source\n" + "".join(
    f"{text};{mood};{source}\n"
    for text, mood, source in [
        ("What a wonderful film.", "pos", "a"),
        ("A dull and tiresome story.", "neg", "a"),
        ("I loved every minute.", "neg", "b"),
        ("Nothing works here.", "neg", "b"),
        ("", "neg", "b"),
        ("Lovely.", "odd", "b"),
    ]
)


@pytest.fixture(scope="module", autouse=True)
def pages_have_thin_models():
    """What these tests expect is what the trained classifier gets wrong."""


@pytest.fixture(scope="module")
def audited(sentiment):
    data = ic.audit_set(sentiment)
    return data, ic.predict_labelled(sentiment, data)


def uploaded(text: str, name: str = "mine.csv", **state):
    app = run("audit", model="sentiment", audit_data=FILE, **state)
    return app.file_uploader[0].set_value((name, text.encode(), "text/csv")).run()


def test_the_built_in_texts_are_scored_at_once(audited):
    app = run("audit", model="sentiment")
    assert not app.exception
    assert not app.error
    assert not undefined(app)
    figures = {each.title: each for each in ic.score(*audited).figures}
    for metric in app.metric:
        each = figures[metric.label]
        shown = f"{each.value:.3f}" if each.value < 0.2 else f"{each.value:.1%}"
        assert metric.value == shown
        assert f"n = {each.n}" in metric.delta
    assert len(charts(app)) == 5


@pytest.mark.parametrize("view", ["score", "slices", "errors", "verdict"])
def test_every_chart_goes_into_the_report_and_its_script_computes_it_again(
    view, audited, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    table = audited[0].take(np.arange(100, 150)).frame().drop(columns="row").to_csv(index=False)
    (tmp_path / "mine.csv").write_text(table)
    check(uploaded(table, audit_view=view))


def test_a_cell_of_the_confusion_matrix_lists_its_texts(audited):
    app = clicked(
        run("audit", model="sentiment"),
        "audit_confusion",
        {"cell": [{"true": "positive", "predicted": "negative"}]},
    )
    errors = ic.error_table(*audited)
    wanted = errors[(errors["label"] == "positive") & (errors["prediction"] == "negative")]
    shown = next(each.value for each in app.dataframe if "confidence" in each.value)
    assert shown["text"].tolist() == wanted["text"].tolist()
    row = int(wanted["row"].iloc[2])
    app = app.selectbox(key="audit_row").set_value(row).run()
    link = next(each for each in app.get("page_link") if "Explain" in each.proto.label)
    assert link.proto.page.endswith("word_attributions")
    assert app.query_params["audit_cell"] == "positive → negative"


def test_another_threshold_changes_every_figure(audited):
    app = run("audit", model="sentiment", audit_threshold=0.9)
    data, predictions = audited
    moved = ic.score(data, ic.at_threshold(data, predictions, 0.9))
    assert app.metric[0].value == f"{moved.figures[0].value:.1%}"
    assert moved.figures[0].value != is_right(data, predictions).mean()
    assert "ic.at_threshold(data, predictions, 0.9)" in script(app)


def test_groups_with_more_errors_are_named():
    app = run("audit", model="sentiment", audit_view="slices")
    assert not app.exception
    said = words(app)
    assert "groups** of" in said
    table = app.dataframe[0].value
    worst = table.iloc[0]
    assert (worst["kind"], worst["slice"]) == ("column kind", "double negation")
    app = app.selectbox(key="audit_slice").set_value("column kind: double negation").run()
    shown = app.dataframe[-1].value
    assert len(shown) == worst["errors"]
    words_app = run("audit", model="sentiment", audit_view="slices", audit_search="words")
    assert not words_app.exception
    assert "pair of words" in set(words_app.dataframe[0].value["kind"])


def test_an_error_is_shown_with_similar_texts_and_the_words_that_flip_it(sentiment, audited):
    app = run("audit", model="sentiment", audit_view="errors")
    assert not app.exception
    errors = ic.error_table(*audited)
    assert app.dataframe[0].value["text"].tolist() == errors["text"].tolist()
    first = errors.iloc[0]
    near, flips = app.dataframe[1].value, app.dataframe[2].value
    assert near["text"].tolist() == ic.opposed_neighbours(*audited, first["place"])["text"].tolist()
    found = ic.flipping_words(sentiment, first["text"], target=first["label"])
    assert flips["removed words"].tolist() == [", ".join(some) for some in found.words]


def test_thresholds_pass_or_fail(audited):
    app = run("audit", model="sentiment", audit_view="verdict")
    assert not app.exception
    said = app.warning[0].value.replace("\\", "")
    assert said == "Failed: 1 of 2 thresholds: Groups with more errors (not by confidence)."
    limits = '[thresholds]\n"recall.negative" = { at_least = 0.5 }'
    app = app.text_area(key="audit_thresholds").set_value(limits).run()
    assert not app.warning
    assert app.success[0].value == "Passed: the one threshold."
    assert app.dataframe[0].value["value"].tolist() == [ic.score(*audited).classes["recall"][0]]
    app = app.text_area(key="audit_thresholds").set_value("[thresholds]\nx = 1").run()
    assert not app.exception
    assert "must be written as" in app.error[0].value


def test_an_uploaded_table_is_scored_and_its_labels_can_be_mapped():
    app = uploaded(CSV, audit_label="mood")
    assert "None of the labels" in words(app)
    app.selectbox(key="audit_label_pos").set_value("positive")
    app.selectbox(key="audit_label_neg").set_value("negative")
    app = app.run()
    assert not app.exception
    said = words(app)
    assert "4 labelled texts of mine" in said
    assert "1 empty" in said
    assert "1 unknown label" in said
    assert app.metric[0].value == "75.0%"
    assert "labelled_data('mine.csv', model, text='review', label='mood'" in script(app)


def test_a_table_of_texts_alone_is_not_asked_for_its_labels():
    app = uploaded("review\nA good film.\nA bad film.\n")
    assert not app.exception
    assert "An audit needs two" in words(app)


def script(app) -> str:
    """The code below the charts."""
    app.session_state["section_Download and code"] = True
    return "\n".join(each.value for each in app.run().code)


@pytest.mark.parametrize(("view", "key"), [("score", "audit_row"), ("errors", "audit_error")])
def test_the_row_of_one_file_is_not_opened_in_another(view, key):
    """Also where the number stands for an error of both."""
    wrong = "text,label\n" + "".join(f"{text},positive\n" for text in ("Dull.", "Awful.", "Bad."))
    app, browser = uploaded(wrong, audit_view=view, audit_cell="positive → negative"), BrowserView()
    browser.astray(app)
    last = app.selectbox(key=key).options[-1]
    browser.astray(app.selectbox(key=key).set_value(int(last)).run(), key)
    assert app.query_params[key] == last
    other = wrong.replace("Dull", "Boring")
    app.file_uploader[0].set_value(("other.csv", other.encode(), "text/csv")).run()
    assert key not in browser.astray(app)
    box = app.selectbox(key=key)
    assert last in box.options
    assert box.value == (int(box.options[0]) if view == "errors" else None)
    assert key not in app.query_params


def test_a_file_of_this_session_is_audited_and_the_address_says_so():
    uploads.files().get(digest(CSV.encode()), CSV.encode)
    app = run("audit", **{uploads.SESSION_FILE: ("mine.csv", digest(CSV.encode()))})
    assert app.selectbox(key="audit_data").value == FILE
    assert app.query_params["audit_data"] == TITLE
    app = app.selectbox(key="audit_data").set_value("sentiment").run().run()
    assert app.selectbox(key="audit_data").value == "sentiment"
    assert "audit_data" not in app.query_params
    assert "504 labelled texts" in words(app)


def test_a_file_that_is_given_here_can_be_left_again():
    app = uploaded(CSV, audit_label="mood")
    app.query_params.pop("audit_data", None)  # as the browser does with a default
    app = app.selectbox(key="audit_data").set_value("sentiment").run()
    assert app.selectbox(key="audit_data").value == "sentiment"
    assert "504 labelled texts" in words(app.run())


def test_words_of_a_conll_file_are_scored():
    lines = "Play\tO\nJazz\tB-genre\n\nWeather\tO\nin\tO\nParis\tB-city\n"
    app = run("audit", model="slots", audit_data=FILE)
    app = app.file_uploader[0].set_value(("mine.conll", lines.encode(), "text/plain")).run()
    assert not app.exception
    assert not app.error
    assert "2 labelled texts of mine" in words(app)
    assert app.metric[0].label == "F1 of whole entities (micro)"


def test_a_stopped_pass_is_scored_as_far_as_it_came(sentiment):
    asked = Asked("sentiment", cache.stamp("sentiment"), "sentiment")
    data = ic.audit_set(sentiment)
    part = ic.predict_labelled(sentiment, data.take(np.arange(40)))
    state = next(iter(ic.stream_predictions(sentiment, data)))
    for name in ("predicted", "confidence", "probabilities", "logits", "done", "lengths"):
        getattr(state, name)[:40] = getattr(part, name)
    answers._answers().clear()
    app = run("audit", model="sentiment", stopped=asked, audit_partial=(asked, data, state))
    assert not app.exception
    assert "first 40 of 504 texts" in words(app)
    assert "n = 40" in app.metric[0].delta
    assert "take(slice(0, 40" in script(app) or "[0:40]" in script(app)


def test_models_without_labels_lead_to_one_that_has_some():
    app = run("audit", model="encoder")
    assert not app.exception
    assert any("sentiment" in each.label for each in app.button)


def test_the_start_page_leads_from_ones_own_model_to_ones_own_texts(tiny, tmp_path):
    """Also where built-in texts would suit its labels."""
    own = copytree(tiny("bert-2-labels"), tmp_path / "own")
    settings = json.loads((own / "config.json").read_text())
    settings["id2label"] = {"0": "negative", "1": "positive"}
    settings["label2id"] = {"negative": 0, "positive": 1}
    (own / "config.json").write_text(json.dumps(settings))
    start = run("start", model=str(own))
    (link,) = (each.proto for each in start.main.get("page_link") if each.proto.label == "Audit")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.session_state["model"] = str(own)
    app.query_params.update(parse_qs(link.query_string))
    app.switch_page("pages/audit.py").run()
    assert not app.exception
    assert len(app.selectbox(key="audit_data").options) > 1
    assert app.session_state["audit_data"] == FILE
