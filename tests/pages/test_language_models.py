"""The language page run by Streamlit's test harness: every view, option and mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.models.converted import ConvertedModel
from interp_core.models.registry import PackagedFile
from tests.needs import needs_language_model
from tests.pages.running import charts, reopened, run, shows
from tests.pages.running import words as written
from tests.tiny import TEXT

ROOT = Path(__file__).resolve().parents[2]
VIEWS = ("next", "lens", "wrote", "write", "answer", "induction")


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_data.clear()


@pytest.fixture
def opened(tiny):
    def start(family: str = "gpt2", **state) -> AppTest:
        name = family if family in ("sentiment", "encoder") else str(tiny(family))
        return run("language_models", **{"model": name, "text": TEXT, **state})

    return start


def words(app: AppTest) -> str:
    """What the page says, without the backslashes that keep it literal."""
    return written(app).replace("\\", "")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2"])
def test_every_view_draws_without_an_error(opened, view, family):
    app = opened(family, lm_view=view)
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Language models"
    assert charts(app)
    assert "How to read this" in words(app)


@pytest.mark.parametrize("view", VIEWS)
def test_a_masked_model_shows_what_has_a_meaning_for_it(opened, view):
    app = opened("bert-masked-lm", lm_view=view, text="The plot is [MASK] bad.")
    assert not app.exception
    assert not app.error
    if view in ("next", "lens"):
        assert charts(app)
    else:
        assert "cannot continue a text" in words(app)


def test_the_figures_of_the_next_token_are_those_of_the_package(opened, tiny_model):
    app = opened(lm_place="3: " + ic.surprisal(tiny_model("gpt2"), TEXT)["token"][3])
    found = ic.next_tokens(tiny_model("gpt2"), TEXT, position=3)
    assert f"Entropy {found.attrs['entropy']:.2f} bits" in words(app)
    mean = ic.surprisal(tiny_model("gpt2"), TEXT)["surprisal"].mean()
    assert shows(app.metric[0].value, mean, "{:.2f} bits")


def test_the_sum_of_the_parts_is_the_logit_on_the_page(opened, tiny_model):
    app = opened(lm_view="wrote", lm_target=" look", lm_instead=" words")
    found = ic.logit_attribution(tiny_model("gpt2"), TEXT, target=" look", contrast=" words")
    assert f"**{found.logit:+.3f}** = sum of {len(found.parts)} components" in words(app)
    assert abs(found.parts["value"].sum() - found.logit) < 1e-3
    assert "▁look rather than ▁words" in words(app)


@pytest.mark.parametrize("target", [None, " look"])
def test_a_logit_is_contrasted_with_the_second_best_token(opened, tiny_model, target):
    model = tiny_model("gpt2")
    app = opened(lm_view="wrote", **({"lm_target": target} if target else {}))
    likely = ic.next_tokens(model, TEXT, k=12)["id"].tolist()
    first = ic.logit_attribution(model, TEXT, target=target or likely[0])
    second = next(
        each
        for each in likely
        if ic.logit_attribution(model, TEXT, target=each).target != first.target
    )
    found = ic.logit_attribution(model, TEXT, target=target or likely[0], contrast=second)
    assert f"**{found.label}**" in words(app)
    alone = opened(lm_view="wrote", lm_instead="nothing")
    assert "A single logit has no natural zero" in words(alone)


def test_a_token_that_is_none_gets_one_sentence(opened):
    app = opened(lm_view="wrote", lm_target="no such token")
    assert not app.exception
    assert "is not one token of this model" in words(app)


def test_the_waterfall_ends_at_the_logit(tiny_model):
    from interp_core.drawing.language import logit_steps as steps

    found = ic.logit_attribution(tiny_model("gpt2"), TEXT)
    frame = steps(found.parts)
    assert frame["end"].iloc[-2] == pytest.approx(found.logit, abs=1e-4)
    assert frame["end"].iloc[-1] == pytest.approx(found.logit, abs=1e-4)
    assert np.allclose(frame["start"].iloc[1:-1], frame["end"].iloc[:-2])
    assert len(ic.logit_map(found)) == 2 * (4 + 1)


def test_the_soft_cap_is_mentioned_where_there_is_one(opened):
    assert "soft-capping" in words(opened("gemma2", lm_view="wrote"))
    assert "soft-capping" not in words(opened("llama", lm_view="wrote"))


@pytest.mark.parametrize("temperature", [0.0, 1.2])
def test_the_continuation_is_the_packages(opened, tiny_model, temperature):
    options = {"tokens": 6, "temperature": temperature, "seed": 5}
    app = opened(lm_view="write", **{f"lm_{name}": value for name, value in options.items()})
    found = ic.generate(tiny_model("gpt2"), TEXT, **options)
    shown = app.selectbox(key="lm_step").options
    assert shown == [f"{step}: {token}" for step, token in enumerate(found.tokens)]


def test_a_link_to_a_generated_token_shows_that_token(opened):
    app = opened(lm_view="write", lm_tokens=4)
    chosen = app.selectbox(key="lm_step").options[2]
    app.query_params.update(
        lm_view="Generate", lm_tokens="4", text=TEXT, model=app.session_state["model"]
    )
    app.selectbox(key="lm_step").set_value(chosen).run()
    assert "(generated token 2)" in words(app)
    assert words(reopened(app, "language_models")) == words(app)


def test_too_long_a_continuation_gets_one_sentence(opened):
    app = opened(lm_view="write", lm_tokens=120)
    assert not app.exception
    assert "generate at most" in words(app)


def test_the_view_draws_its_own_sequence_and_leaves_the_text_alone(opened, monkeypatch):
    from interp_core.ui.language import induction

    monkeypatch.setattr(induction, "LENGTH", 6)
    app = opened("llama", lm_view="induction")
    assert "in the first copy" in words(app)
    first = words(app)
    app.number_input(key="lm_draw").set_value(3).run()
    assert not app.exception
    assert words(app) != first
    assert app.query_params["lm_draw"] == "3"
    assert app.session_state["text"] == TEXT


def test_a_sequence_that_cannot_be_written_is_said(opened):
    app = opened("llama", lm_view="induction")
    assert not app.exception
    assert "Ask for a shorter sequence" in words(app)
    assert "induction score" in str(app.get("vega_lite_chart")[0].proto.alt)


@pytest.mark.parametrize("family", ["sentiment", "t5", "bert-2-labels"])
def test_a_model_that_a_link_names_is_exchanged_with_one_click(opened, tiny, family, monkeypatch):
    monkeypatch.setattr(ConvertedModel, "is_converted", lambda self: True)
    name = family if family == "sentiment" else str(tiny(family))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params["model"] = name
    app.session_state["model"] = name
    app.switch_page("pages/language_models.py").run()
    assert not app.exception
    assert not app.error
    assert "is not a language model" in words(app)
    assert app.button(key="lm_use").label == "Switch to the built-in language model"
    assert "How to read this" not in words(app)


@needs_language_model
def test_the_page_has_a_model_of_its_own_and_leaves_the_others_theirs(opened):
    app = opened("sentiment", text="The acting is wonderful; the script is not.")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="model").value == "language-model"
    assert "Next-token probabilities after" in words(app)
    assert app.session_state["text"] == "The acting is wonderful; the script is not."
    app.query_params.clear()  # as the browser does on the way to another page
    app.switch_page("pages/word_attributions.py").run()
    assert app.selectbox(key="model").value == "sentiment"
    app.query_params.clear()
    app.switch_page("pages/language_models.py").run()
    assert app.selectbox(key="model").value == "language-model"


def test_without_the_package_the_page_says_how_to_add_it(opened, monkeypatch):
    monkeypatch.setattr(ConvertedModel, "is_converted", lambda self: False)

    def missing(self):
        raise ic.ModelNotFound("The language model needs the package x: `pip install x`.")

    monkeypatch.setattr(PackagedFile, "find", missing)
    app = opened("sentiment")
    assert "`pip install x`" in words(app)
    assert not [button for button in app.button if button.key == "lm_use"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("text", "said"), [("  ", "empty"), ("word " * 400, "reads at most 64")])
def test_text_that_cannot_be_read_gets_one_sentence(opened, view, text, said):
    app = opened(text=text, lm_view=view)
    assert not app.exception
    assert view == "induction" or said in words(app)


def test_choices_that_the_text_lacks_are_forgotten(opened):
    for view in VIEWS:
        app = opened(
            lm_view=view,
            lm_place="99: x",
            lm_depth="40",
            lm_part="9.9",
            lm_head="9.9",
            lm_step="77: x",
            lm_inductor="8.8",
        )
        assert not app.exception, view
        assert not app.error, view


@needs_language_model
def test_steering_shows_both_continuations_with_the_warning():
    app = run("language_models", model="language-model", text="I think", lm_view="steering")
    assert not app.exception
    assert not app.error
    assert "another model" in app.warning[0].value
    shown = [each.value for each in app.markdown if each.value.startswith(":gray[I think]")]
    assert len(shown) == 2
    assert shown[0] != shown[1]
