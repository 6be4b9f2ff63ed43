"""The report page: what was added is there, in order, with notes, and can be handed on."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from interp_core.report.record import Report
from interp_core.report.saved import load
from interp_core.ui.report import exporting, session
from interp_core.ui.server import limits
from tests.pages.running import run, words
from tests.report.made import figure

HOSTILE = "![x](https://example.org/x.png) :material/home: $x$ <script>1</script>"


def opened(*figures, **state) -> AppTest:
    return run("report", clearhead_report=Report("Mine", figures), **state)


def order(app: AppTest) -> list[str]:
    return [each.title for each in app.session_state["clearhead_report"].figures]


def press(app: AppTest, label: str, which: int = 0) -> AppTest:
    return [each for each in app.button if each.label == label][which].click().run()


def test_an_empty_report_says_how_to_fill_it():
    app = run("report")
    assert not app.exception
    assert "Add to report" in words(app)


def test_a_picture_that_was_added_is_there():
    app = run("attention_heads", view="heatmap", layer=0, heads=[2])
    app.button(key=next(b.key for b in app.button if str(b.key).startswith("add_"))).click().run()
    app.switch_page("pages/report.py").run()
    assert not app.exception
    assert [each.value for each in app.text_input if "Chart 1" in each.label] == [
        "Attention of layer 0, head 2"
    ]


def test_the_same_picture_is_added_once():
    app = run("attention_heads", view="heatmap")
    for _ in range(2):
        key = next(b.key for b in app.button if str(b.key).startswith("add_"))
        app.button(key=key).click().run()
    assert len(order(app)) == 1
    assert "already" in app.toast[0].value


def test_a_click_counts_for_one_run_only():
    app = run("attention_heads", view="heatmap")
    app.session_state["view"] = "overview"
    app.session_state["clearhead_asked"] = "Attention of layer 0, head 2"
    app.run()
    app.session_state["view"] = "heatmap"
    app.run()
    assert "clearhead_report" not in app.session_state


def test_pictures_are_moved_and_taken_out():
    app = opened(*(figure(title=name, script=f"table = {name!r}") for name in "abc"))
    press(app, "Down", 0)
    assert order(app) == ["b", "a", "c"]
    press(app, "Up", 2)
    assert order(app) == ["b", "c", "a"]
    press(app, "Remove", 0)
    assert order(app) == ["c", "a"]
    assert not app.exception


def test_titles_and_notes_are_kept_and_stay_with_their_picture():
    app = opened(figure(title="a", script="table = 1"), figure(title="b", script="table = 2"))
    next(e for e in app.text_area if "Chart 2" in e.label).set_value("See here").run()
    next(e for e in app.text_input if "Chart 1" in e.label).set_value("First").run()
    next(e for e in app.text_input if e.label == "Title").set_value("Audit").run()
    press(app, "Down", 0)
    found = app.session_state["clearhead_report"]
    assert found.title == "Audit"
    assert [(each.title, each.note) for each in found.figures] == [("b", "See here"), ("First", "")]
    assert next(e for e in app.text_input if "Chart 1" in e.label).value == "b"


def test_an_empty_title_does_not_take_the_place_of_one():
    app = opened(figure())
    next(e for e in app.text_input if "Chart 1" in e.label).set_value("  ").run()
    assert order(app) == ["Scores of the words"]


@pytest.mark.parametrize("part", ["title", "alt", "note", "text", "script", "page", "link"])
def test_what_a_file_brought_is_text(part):
    app = opened(figure(opened=True, **{part: HOSTILE}))
    for expander in app.expander:
        assert not app.exception, expander
    shown = [*app.markdown, *app.caption, *app.info, *app.warning]
    assert not any("example.org" in str(each.value) for each in shown)
    for each in app.get("html"):
        assert "<script" not in each.proto.body


def test_a_link_to_no_page_or_choice_of_the_app_is_not_offered():
    for link in ("/../../etc?x=1", "https://example.org/?a=1", "//example.org", "javascript:1"):
        assert not opened(figure(link=link)).exception
    app = opened(figure(link="/word_attributions?text=hi&evil=1&method=x"))
    links = [each.proto for each in app.get("page_link")]
    assert any("text=hi" in each.query_string for each in links)
    assert not any("evil" in each.query_string for each in links)


def test_a_full_report_says_so(monkeypatch):
    monkeypatch.setattr(session, "MOST_FIGURES", 1)
    app = run("attention_heads", view="layers", flow=True)
    for key in [b.key for b in app.button if str(b.key).startswith("add_")][:2]:
        app.button(key=key).click().run()
    assert len(order(app)) == 1
    assert "full" in app.error[0].value


def test_a_report_grows_only_as_far_as_its_file_can_be_opened_again(monkeypatch):
    assert session.room() == session.MOST_BYTES
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    full = Report("t", (figure(picture=b"x" * session.room()),))
    monkeypatch.setattr(session, "report", lambda: full)
    monkeypatch.setattr(session, "views", dict)
    saved = exporting.session()[2]()
    assert len(saved) < limits.limits().upload_bytes * 1.01
    assert load(saved).report.bytes >= session.room()


def test_views_of_unknown_pages_are_left_behind():
    assert exporting._known({"attention_heads": "a=1", "evil": "b=2", "report": ""}) == {
        "attention_heads": "a=1"
    }


def test_the_session_remembers_the_views_of_its_pages():
    app = run("attention_heads", view="heatmap")
    app.switch_page("pages/report.py").run()
    assert "view=Heatmap" in app.session_state["clearhead_views"]["attention_heads"]
    links = [each.proto.query_string for each in app.get("page_link")]
    assert any("view=Heatmap" in each for each in links)
    json.dumps(app.session_state["clearhead_views"])
