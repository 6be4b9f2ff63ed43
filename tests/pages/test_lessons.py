"""The lessons page run by Streamlit's test harness, and every view that a lesson opens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from interp_core.lessons.library import EMBEDDED, NO_LESSON, VARIABLE, glossary, read_lesson
from interp_core.models.converted import ConvertedModel
from interp_core.ui.audit import words as audit_words
from interp_core.ui.heads import importance
from interp_core.ui.lessons import markdown
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
LESSONS = [
    read_lesson(path) for path in sorted(EMBEDDED.glob("*.md")) if path.name not in NO_LESSON
]
LINKS = {
    step.link: lesson for lesson in LESSONS for step in lesson.steps if step.link is not None
}  # each view once
HOSTILE = """+++
title = "Mine <script>alert(1)</script> ![a](http://evil.example/a.png)"
minutes = 5
level = ":rocket:"
teaches = "www.evil.example $x$"
+++

## Step <img src=x onerror=alert(1)>

Text <script>alert(1)</script> **bold** `<code>` ![b](http://evil.example/b.png)
[click](http://evil.example) [[attention head|<b>head</b>]] [[no such term]]

- one *item*
- two

Predict: What <i>now</i>?

- [ ] ![c](http://evil.example/c.png)
- [x] <b>x</b>

Reveal: See <iframe src="http://evil.example">.
"""


def opened(page: str = "lessons", state: dict | None = None, **query) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    for key, value in (state or {}).items():
        app.session_state[key] = value
    app.switch_page(f"pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def words(app: AppTest) -> str:
    parts = [
        *app.title,
        *app.header,
        *app.markdown,
        *app.caption,
        *app.warning,
        *app.info,
        *app.success,
        *app.error,
    ]
    html = [part.proto.body for part in app.get("html")]
    return "\n".join([*(str(part.value) for part in parts), *html])


def click(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def test_a_lesson_is_walked_by_predicting_and_revealing():
    app = opened()
    assert not app.exception
    click(app, "start_what-attention-is")
    assert "step 1 of 6" in words(app)
    assert app.query_params["lesson"] == "what-attention-is"
    assert "the two special tokens" not in words(app)
    assert not app.get("page_link")  # the view would show the answer before it is predicted
    click(app, "predict_what-attention-is_1_0")
    assert app.title[0].value == "Attention heads"
    said = words(app)
    assert "How many" in said
    assert "You predicted: 10. Correct answer: 13" in said.replace("\\", "")
    assert "the two special tokens" in said
    click(app, "lesson_on")
    assert "step 2 of 6" in words(app)
    assert "A row is a budget" in words(app)
    assert "Correct: " in words(click(app, "predict_what-attention-is_2_0"))
    app.switch_page("pages/lessons.py").run()
    click(app, "previous")
    assert "the two special tokens" in words(app)


def test_the_readers_own_text_is_back_after_a_lesson():
    app = opened("word_attributions", {"text": "My own text.", "model": "intents", "pieces": True})
    app.query_params.clear()
    app.query_params["lesson"], app.query_params["step"] = "what-attention-is", "1"
    app.switch_page("pages/lessons.py").run()
    app.query_params.clear()
    click(app, "predict_what-attention-is_1_0")
    assert app.session_state["text"].startswith("The cat sat")
    assert app.session_state["model"] == "encoder"
    app.query_params.clear()
    app.switch_page("pages/attention_heads.py").run()
    click(app, "lesson_restore")
    kept = {key: app.session_state[key] for key in ("text", "model", "pieces")}
    assert kept == {"text": "My own text.", "model": "intents", "pieces": True}
    assert app.text_area(key="text").value == "My own text."


def test_a_link_leads_to_the_step_and_the_last_step_finishes():
    app = opened(lesson="what-attention-is", step="6")
    assert "Key points" in words(app)
    click(app, "finish")
    assert "6 minutes · beginner · 6 steps · finished" in words(app).replace("\\", "")
    assert "lesson" not in app.query_params


def test_a_lesson_that_is_left_is_taken_up_again():
    app = opened(lesson="what-attention-is", step="3")
    for key in ("lesson", "step"):  # the menu's link, or the browser's way back
        del app.query_params[key]
    assert "step 3 of 6" in words(app.run())
    click(app, "leave")
    (button,) = [each for each in app.button if each.label == "Continue at step 3"]
    assert "step 3 of 6" in words(button.click().run())


@pytest.mark.parametrize(("step", "shown"), [("99", 6), ("0", 1), ("-1", 1), ("x", 1), ("²", 1)])
def test_a_step_that_is_not_there_shows_the_nearest(step, shown):
    app = opened(lesson="what-attention-is", step=step)
    assert not app.exception
    assert f"step {shown} of 6" in words(app)


def test_a_lesson_that_is_not_there_gets_a_sentence():
    app = opened(lesson="<b>no</b>")
    assert not app.exception
    assert "There is no lesson" in words(app)
    assert "<b>" not in words(app)
    assert app.button(key="start_what-attention-is")


def test_a_broken_file_gets_a_sentence_and_the_others_still_work(tmp_path, monkeypatch):
    (tmp_path / "broken.md").write_text("+++\ntitle = 1\n+++\n")
    (tmp_path / "mine.md").write_text(HOSTILE)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    app = opened()
    assert not app.exception
    assert "broken.md, line 2" in app.warning[0].value.replace("\\", "")
    assert app.button(key="start_mine")
    assert app.button(key="start_what-attention-is")


def test_nothing_in_a_teachers_file_is_run_fetched_or_drawn(tmp_path, monkeypatch):
    (tmp_path / "mine.md").write_text(HOSTILE)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    app = opened(lesson="mine")
    click(app, "predict_mine_1_0")
    assert not app.exception
    html = "".join(part.proto.body for part in app.get("html"))
    tags = set(re.findall(r"<(\w+)", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)))
    assert tags == {"div", "p", "strong", "code", "abbr", "ul", "li", "em"}
    assert "&lt;script&gt;" in html
    labels = [button.label for button in app.button]
    shown = [*app.markdown, *app.header, *app.info, *app.caption]
    for text in [*(str(part.value) for part in shown), *labels]:
        for active in ("![", "](", "://", "www.", ":rocket:", "$x"):
            assert active not in text
        assert not re.search(r"(?<!\\)<", text)


def test_the_renderer_knows_little_and_escapes_the_rest():
    assert markdown.as_html("a **b** *c* `<d>` <e>") == (
        "<p>a <strong>b</strong> <em>c</em> <code>&lt;d&gt;</code> &lt;e&gt;</p>"
    )
    assert markdown.as_html("- a\n  b\n- c") == "<ul><li>a b</li><li>c</li></ul>"
    assert markdown.as_html("1. a\n2. b") == "<ol><li>a</li><li>b</li></ol>"
    assert markdown.as_html("![x](http://y)") == "<p>![x](http://y)</p>"
    assert markdown.as_html("[[<x>|<y>]]") == "<p>&lt;y&gt;</p>"
    assert markdown.as_html('"[[token]]"').startswith('<p>&quot;<abbr title="token: A unit of text')
    assert 'tabindex="0">pieces</abbr>' in markdown.as_html("[[token|pieces]]")


def test_the_glossary_is_searched():
    app = opened(lessons_view="Glossary")
    count = len(glossary())
    assert f"{count} of {count} terms" in words(app)
    app.text_input(key="term").set_value("induction").run()
    assert f"1 of {count} terms" in words(app)
    assert "<dt>induction head</dt>" in words(app)
    assert "No matching term" in words(app.text_input(key="term").set_value("<b>xyz").run())


def test_teachers_find_timing_checklist_and_an_example():
    said = words(opened(lessons_view="For teachers"))
    for part in ("45 minutes", "90 minutes", "Before the day", "usually goes wrong", "+++"):
        assert part in said


def test_where_the_language_model_is_missing_the_lesson_says_what_to_do(monkeypatch):
    monkeypatch.setattr(ConvertedModel, "why_missing", lambda self: "Install it with `pip`.")
    app = opened(lesson="find-the-induction-head", step="3")
    assert "Install it with `pip`" in words(app)
    assert not app.get("page_link") or "Open" not in str(app.get("page_link"))
    assert "Correct: " in words(click(app, "predict_find-the-induction-head_3_2"))
    assert app.title[0].value == "Lessons"


def test_the_way_back_stands_on_other_pages_while_a_lesson_is_underway():
    app = opened(lesson="what-attention-is", step="2")
    assert not app.sidebar.get("page_link")
    app.switch_page("pages/compare_models.py").run()
    (link,) = app.sidebar.get("page_link")
    assert link.proto.label == "Back to the lesson, step 2 of 6"


def test_arriving_by_a_link_sets_the_sidebar_even_when_it_was_set_before():
    app = opened("attention_heads", {"model": "sentiment", "text": "Another."})
    app.query_params.update({"model": "encoder", "text": "One text.", "corpus": "Sidebar text"})
    app.switch_page("pages/head_entropy.py").run()
    assert not app.exception
    assert app.session_state["model"] == "encoder"
    assert app.session_state["text"] == "One text."


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.page}-{link.value('model')}")
def test_every_link_of_a_lesson_opens_the_view_that_it_names(link, monkeypatch, request):
    """On thin models: what trained ones say in these views is measured by the lessons' claims."""
    if not needs.HERE.get(LINKS[link].needs, True):
        pytest.skip(f"the model {LINKS[link].needs} is not installed")
    if link.value("picture_sinks"):
        request.getfixturevalue("real_models")  # a choice that only their sinks offer
    monkeypatch.setattr(importance, "ABLATION_TEXTS", 4)  # the claims of the lesson take them all
    monkeypatch.setattr(audit_words, "SAMPLES", (5,))
    monkeypatch.setattr(audit_words, "MOST_TEXTS", 50)
    app = opened(link.page, **dict(link.query))
    assert not app.exception
    assert not app.error
    assert not app.warning or MAY_WARN in link.query
    for key, value in link.query:
        assert accepted(app, key, value), key


def accepted(app: AppTest, key: str, value: str) -> bool:
    """The address keeps what a control took and would not show anyway, and drops the rest."""
    if key == "text" and key not in app.session_state:
        return True  # a view for which no text matters has no field for it
    kept, state = app.query_params.get(key), app.session_state[key]
    return kept in (value, [value]) or str(state).strip("[]") == value or (key, value) in SHOWN


# An answer that rests on no passage: the claims of the lesson say for which case.
MAY_WARN = ("lm_view", "Retrieved passages")
# What the controls show where the address says nothing.
SHOWN = {
    ("view", "Overview"),
    ("show", "Explanation"),
    ("method", "Integrated gradients"),
    ("way", "Gradient estimate"),
    ("lm_score", "Induction"),
    ("terms", "Nationalities"),
}
