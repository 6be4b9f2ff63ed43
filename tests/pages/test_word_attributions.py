"""The attribution page run by Streamlit's test harness: every view, method and mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import interp_core as ic
from tests.pages.running import charts, run, shows, words

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The acting is wonderful; the script is not."
VIEWS = ("explanation", "methods", "what_if", "layers", "many", "trust")


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


def opened(**state) -> AppTest:
    return run("word_attributions", **{"model": "sentiment", "text": TEXT, **state})


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_without_an_error(view):
    app = opened(show=view, many_scores=True)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Word attributions"
    assert charts(app) or view == "what_if"


def test_the_figures_on_the_page_are_those_of_the_attribution(sentiment):
    app = opened()
    found = ic.attribute(sentiment, TEXT)
    assert app.metric[0].value == found.prediction.label
    assert shows(app.metric[0].delta, found.prediction.probability, "{:.1%}")
    delta = f"{found.convergence_delta:+.4f}".replace("-0.0000", "0.0000")
    assert f"convergence delta {delta}" in words(app)
    assert f"{found.evaluations:,} model evaluations" in words(app)


def test_too_few_evaluations_are_called_too_few(sentiment):
    text = "I expected to hate it, and I could not stop smiling, although the end was far too long."
    app = opened(text=text, steps=32, baseline="zero")
    found = ic.attribute(sentiment, text, evaluations=32, baseline="zero")
    warned = any("Do not interpret smaller" in each.value for each in app.warning)
    warned |= any("Estimated error" in each.value for each in app.warning)
    large = max(found.relative_delta, found.token_error or 0) > 0.01
    assert warned == large


def test_every_method_draws_the_explanation_unless_it_misses_its_sum(sentiment):
    text = "It is not bad."  # two methods miss their sums here
    app = opened(text=text)
    for name in ic.attribution_methods(sentiment):
        app.session_state["method"] = name
        app.run()
        found = ic.attribute(sentiment, text, method=name)
        assert not app.exception, name
        assert bool(app.error) == found.misleads, name
        if app.error:
            assert f"{found.sum_error:.0%}" in app.error[0].value
            assert len(charts(app)) == 1  # the prediction
    app.session_state["method"] = "deeplift"
    app.run()
    assert app.error
    app.button(key="rather_method_").click()
    app.run()
    assert app.session_state["method"] == "leave_one_out"
    assert not app.error
    assert len(charts(app)) == 2


@pytest.mark.parametrize("view", ["methods", "what_if"])
def test_scores_that_miss_their_sum_are_drawn_nowhere(sentiment, view):
    state = {"methods": ["deeplift", "leave_one_out"]} if view == "methods" else {}
    app = opened(show=view, method="deeplift", edited="The acting is bad.", **state)
    assert ic.attribute(sentiment, TEXT, method="deeplift").misleads
    assert not app.exception
    assert any("DeepLIFT" in each.value for each in app.error)
    assert not any("DeepLIFT" in json.dumps(each) for each in charts(app))
    assert bool(charts(app)) == (view == "methods")


def test_an_edit_shows_the_move_of_the_target(sentiment):
    edited = "The acting is wonderful; the script is."
    app = opened(show="what_if", edited=edited)
    first = ic.attribute(sentiment, TEXT)
    target = first.prediction.label
    move = ic.attribute(sentiment, edited, target=target).value - first.value
    assert f"**{move:+.3f}**" in words(app)
    (shading,) = [each.value for each in app.caption if "Strongest shade" in each.value]
    both = (ic.attribute(sentiment, text, target=target) for text in (TEXT, edited))
    largest = max(float(abs(each.by_word().scores).max()) for each in both)
    assert f"Strongest shade: {largest:.3g}" in shading


def test_dropping_a_word_puts_the_shorter_text_into_the_edit_field():
    app = opened(show="what_if", changed="1: The")
    next(button for button in app.button if button.label == "Delete").click()
    app.run()
    assert app.text_area(key="edited").value == "acting is wonderful; the script is not."


def test_the_suggested_edits_are_sorted_by_what_they_change():
    app = opened(show="what_if")
    table = next(each.value for each in app.dataframe if "edit" in each.value)
    assert "delete “not”" in set(table["edit"])
    assert table["change"].abs().is_monotonic_decreasing


def test_an_encoder_without_a_head_explains_labels_of_the_users_own(real_models):
    app = opened(model="encoder", labels="film, cooking", text="The actors were superb.")
    assert not app.exception
    assert not app.error
    assert app.metric[0].value == "film"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"text": "  "}, "is empty"),
        ({"text": "word " * 5000}, "reads at most 512"),
        ({"text": "Fine.", "show": "trust"}, None),
        ({"text": "Fine", "show": "trust"}, "at least two words"),
        ({"model": "encoder", "labels": " , "}, "one or more labels"),
    ],
)
def test_a_mistake_gets_one_sentence(state, said):
    app = opened(**state)
    assert not app.exception
    if said is None:
        assert not app.error
    else:
        told = [each.value.replace("\\", "") for each in (*app.error, *app.info)]
        assert any(said in each for each in told)


@pytest.mark.parametrize("name", ["gpt2", "bert-masked-lm", "bert-token-labels"])
def test_other_tasks_are_explained_too(name, tiny):
    from tests.tiny import TEXT as KNOWN

    text = f"{KNOWN[:20]} [MASK]" if name == "bert-masked-lm" else KNOWN
    app = opened(model=str(tiny(name)), text=text)
    assert not app.exception
    assert not app.error


def test_a_next_token_is_explained_without_each_word_and_against_the_second_best(tiny):
    app = opened(model=str(tiny("gpt2")), text="The actors look at")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="method").value == "leave_one_out"
    assert "logit difference" in words(app)
    app.selectbox(key="instead").set_value("nothing").run()
    assert "logit difference" not in words(app)


def test_every_labelled_token_can_be_explained_the_surest_inside_first(tiny):
    from interp_core.attribution.labelled_tokens import telling_position

    model = ic.load_model(str(tiny("bert-token-labels")))
    app = opened(model=model.name, text="The actors look at the film.")
    assert not app.exception
    table = ic.token_labels(model, "The actors look at the film.")
    first = table.iloc[telling_position(table)]
    assert f"“{first['token']}”" in words(app).replace("\\", "")
    app.session_state["position"] = f"2: {table['token'][2]}"
    assert f"“{table['token'][2]}”" in words(app.run()).replace("\\", "")


REVIEWS = "text,label\nA wonderful film.,positive\nDull and slow.,negative\nI loved it.,negative\n"


def test_a_labelled_file_is_predicted_first_and_says_which_answers_are_wrong(real_models):
    app = opened(show="many")
    assert not charts(app)  # nothing is explained before it is asked for
    app.file_uploader[0].set_value(("reviews.csv", REVIEWS.encode(), "text/csv")).run()
    assert not app.exception
    assert not app.error
    assert "2 of 3 predictions are correct: 66.7%" in words(app)
    app.session_state["many_shown"] = "errors"
    app.run()
    assert app.dataframe[0].value["text"].tolist() == ["I loved it."]


def test_one_upload_serves_the_other_pages(tmp_path):
    app = opened(show="many", points="table", corpus="file")
    app.file_uploader[0].set_value(("reviews.csv", REVIEWS.encode(), "text/csv")).run()
    app.session_state["points"], app.session_state["corpus"] = "table", "file"
    for page in ("embedding_projector", "head_entropy"):
        app.query_params.clear()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert "reviews.csv" in words(app).replace("\\", ""), page
        assert charts(app), page


def test_the_script_offered_for_download_computes_the_attribution(sentiment):
    from interp_core.ui.attribution.question import Asked
    from interp_core.ui.widgets.recipe import named, script

    asked = Asked("sentiment", "", TEXT, method="leave_one_out", target="positive")
    namespace: dict = {}
    explanation = named("attribution", asked.call())
    exec(script(explanation.by_word().to_frame()), namespace)  # the script we ourselves wrote
    direct = ic.attribute(sentiment, TEXT, method="leave_one_out", target="positive")
    assert namespace["attribution"].scores == pytest.approx(direct.scores, abs=1e-6)
    assert "wonderful" in set(namespace["table"]["token"])


def test_the_method_notes_list_every_method_with_its_measured_figures(sentiment):
    from interp_core.ui.attribution.compare_methods import notes_table

    found = notes_table(sentiment)
    assert len(found) == len(ic.attribution_methods(sentiment))
    assert found["sizes"].between(-1, 1).all()
    assert found.set_index("method")["sizes"].drop("Attention rollout").gt(0).all()


def test_an_inference_model_weighs_labels_of_the_users_own(tiny, tmp_path):
    import shutil

    folder = tmp_path / "inference"
    shutil.copytree(tiny("bert-5-labels"), folder)
    config = json.loads((folder / "config.json").read_text())
    names = ["contradiction", "neutral", "entailment", "a", "b"]
    config["id2label"] = dict(enumerate(names))
    config["label2id"] = {name: place for place, name in enumerate(names)}
    (folder / "config.json").write_text(json.dumps(config))
    app = opened(model=str(folder), text="A model looks at words.", labels="model, film")
    assert not app.exception
    assert not app.error
    assert app.metric[0].value in ("model", "film")
    plain = opened(model=str(folder), text="A model looks at words.")
    assert not plain.error
    assert plain.metric[0].value in names


@pytest.mark.parametrize("edited", [None, "  ", TEXT, "a", "The film is bad."])
@pytest.mark.parametrize("family", ["bert-2-labels", "gpt2", "bert-token-labels"])
def test_what_if_ends_in_a_picture_or_a_sentence(tiny, family, edited):
    state = {} if edited is None else {"edited": edited}
    app = opened(model=str(tiny(family)), text="The film", show="what_if", **state)
    assert not app.exception
    drawn = bool(charts(app))
    assert drawn or app.info or app.error
    if edited == "  ":
        assert any("Edit the text above" in each.value for each in app.info)


def test_an_edited_text_that_is_the_original_is_called_so():
    app = opened(show="what_if", edited=TEXT)
    assert any("equals the original" in each.value for each in app.info)
    assert not charts(app)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("今天天气很好", "BudouX"),
        ("ATGCGTACGTTAGC", "each token is a unit"),
        ("unhappinesses", "its tokens are removed one by one"),
    ],
)
def test_the_page_says_which_units_were_removed(tiny, text, said):
    app = opened(model=str(tiny("gpt2")), text=text, method="leave_one_out")
    assert not app.exception
    assert not app.error
    assert said in words(app)
