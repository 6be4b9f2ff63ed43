"""Dear computations are announced and wait for a click; a pass that runs can be left half way."""

from __future__ import annotations

import time

import pytest
import torch

import interp_core as ic
from interp_core import progress
from interp_core.ui.server import cache, costs
from interp_core.ui.server.queue import Turns
from tests.pages.running import charts, run, words
from tests.ui.sessions import Gone, Session, closable, wait_for

TEXT = "The acting is wonderful; the script is not."


class Slow(torch.nn.Module):
    """Thirty layers that take their time, forwards and backwards."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(8, 8), Pause()) for _ in range(30)
        )
        self.passed = 0

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            values = layer(values)
            self.passed += 1
        return values


class Pause(torch.nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        time.sleep(0.05)
        return values


def test_a_pass_is_left_between_two_layers_when_the_session_goes(monkeypatch):
    closable(monkeypatch)
    network, turns = Slow(), Turns(1)

    def work() -> None:
        with turns.turn():
            network(torch.zeros(1, 8))

    session = Session(work)
    wait_for(lambda: network.passed > 2)
    session.leave()
    assert session.ended()
    assert isinstance(session.error, Gone)
    assert network.passed < 30
    assert turns.running == 0


def test_a_backward_pass_is_left_as_well():
    looks = []

    def look() -> None:
        looks.append(backward)
        if backward:
            raise Gone

    class Waits(torch.autograd.Function):
        @staticmethod
        def forward(_, values):
            return values.clone()

        @staticmethod
        def backward(_, slope):
            time.sleep(0.15)
            return slope

    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = torch.nn.Identity()

        def forward(self, values):
            return Waits.apply(self.inside(values))

    backward, values = False, torch.ones(1, requires_grad=True)
    with progress.interruptible(look):
        found = torch.nn.Sequential(*(Layer() for _ in range(6)))(values * 1)
        backward = True
        with pytest.raises(Gone):
            found.sum().backward()


def test_outside_of_a_computation_nothing_looks(sentiment):
    calls = []
    with progress.interruptible(lambda: calls.append(1)):
        pass
    ic.attention_maps(sentiment, TEXT)
    assert not calls


def pressed(app):
    """The page after a click on its button "Compute"."""
    next(button for button in app.button if button.label == "Compute").click()
    return app.run()


@pytest.fixture
def slow_machine(monkeypatch):
    """A machine on which everything takes long."""
    monkeypatch.setattr(costs, "_fastest", [1e4])
    monkeypatch.setattr(costs, "learned", lambda *_: None)


@pytest.mark.parametrize("view", ["explanation", "methods", "layers", "many", "what_if"])
def test_a_dear_view_waits_for_a_click_and_says_how_long(slow_machine, tiny, view):
    text = f"the plot of {view} is weak"
    app = run("word_attributions", model=str(tiny("bert-2-labels")), text=text, show=view)
    assert not app.exception
    assert not charts(app)
    assert any("takes about" in each.value for each in app.info)
    next(button for button in app.button if button.label == "Compute").click()
    app.run()
    assert not app.exception
    assert charts(app) or "takes about" not in words(app) or view == "what_if"


def test_the_quick_method_is_one_click_away(slow_machine, tiny):
    model = str(tiny("bert-2-labels"))
    app = run("word_attributions", model=model, text="the plot of quick is weak")
    next(button for button in app.button if button.key == "quick_method").click()
    app.run()
    assert app.session_state["method"] == "saliency"


def test_the_importance_of_heads_waits_for_a_click(slow_machine, tiny):
    app = run("head_entropy", model=str(tiny("bert-2-labels")), heads_view="importance")
    assert any("Reading the texts takes about" in each.value for each in app.info)
    assert not charts(app)
    pressed(app)
    assert any("Gradient importance takes about" in each.value for each in app.info)


@pytest.mark.parametrize(
    ("page", "model", "state", "what"),
    [
        ("compare_models", "bert-2-labels", {"versus": "text"}, "Comparing the models"),
        ("compare_models", "bert-2-labels", {"versus": "probes"}, "Negation test"),
        ("language_models", "gpt2", {"lm_view": "write"}, "Generating"),
        ("language_models", "gpt2", {"lm_view": "lens"}, "Logit lens"),
        ("language_models", "gpt2", {"lm_view": "answer"}, "Attributing the answer"),
        ("language_models", "gpt2", {"lm_view": "passages"}, "Reading the passages"),
        ("embedding_projector", "bert-2-labels", {"points": "requests"}, "Reading the texts"),
    ],
)
def test_further_pages_wait_for_a_click(slow_machine, tiny, page, model, state, what):
    if page == "compare_models":
        state = {**state, "rival": str(tiny("bert-5-labels"))}
    text = f"the plot of {what} is weak"
    app = run(page, model=str(tiny(model)), text=text, **state)
    assert not app.exception
    assert not charts(app)
    assert any(f"{what}" in each.value and "takes about" in each.value for each in app.info)


def test_the_pruning_curve_says_what_it_takes_and_a_link_waits_for_a_click(slow_machine, tiny):
    model = str(tiny("bert-2-labels"))
    app = run("head_entropy", model=model, heads_view="importance", pruning=True)
    while any(button.label == "Compute" for button in app.button):
        last = app.info[-1].value
        pressed(app)
    assert "Pruning heads takes about" in last
    assert not app.exception
    assert len(charts(app)) == 3  # with the card of the head in view


def test_a_forecast_grows_with_the_text_the_model_and_the_method(sentiment):
    for method in ic.attribution_methods(sentiment):
        short, long = (costs.attribution(sentiment, count, method) for count in (5, 100))
        assert short < long
    quick = costs.attribution(sentiment, 100, "saliency")
    assert quick < costs.attribution(sentiment, 100, "integrated_gradients")
    few, many = (costs.attribution(sentiment, 100, "lime", rows) for rows in (300, 500))
    assert few < many


def test_built_in_examples_begin_by_themselves(sentiment):
    """At the nominal speed of a slow core, whatever this machine is."""
    for method in ("integrated_gradients", "leave_one_out", "saliency"):
        assert costs.attribution(sentiment, 30, method) / costs.NOMINAL < costs.UNASKED


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_number_format_that_the_processor_imitates_costs_more(tiny, monkeypatch, dtype):
    speeds = {"torch.float32": 8e10, f"torch.{dtype}": 1e10}
    monkeypatch.setattr(costs, "_probe", speeds.get)
    folder = str(tiny("bert-2-labels"))
    usual, half = (costs.passes(ic.load_model(folder, dtype=d), 100) for d in ("float32", dtype))
    assert half == pytest.approx(8 * usual)


def test_this_machine_is_measured(monkeypatch):
    monkeypatch.setattr(costs, "_fastest", [])
    for dtype in ("torch.float32", *costs.IMITATED):
        assert 1e7 < costs._probe.__wrapped__(dtype) < 1e15
    assert costs.forecast(costs.NOMINAL) <= 1


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (3, "about 3 seconds"),
        (44, "about 40 seconds"),
        (300, "about 5 minutes"),
        (9000, "about 2 hours"),
    ],
)
def test_a_forecast_has_one_digit(seconds, told):
    assert costs.told(seconds) == told


def test_a_computation_that_is_kept_is_shown_at_once(slow_machine, tiny):
    model, text = str(tiny("bert-2-labels")), "the plot that is kept"
    app = run("word_attributions", model=model, text=text)
    next(button for button in app.button if button.label == "Compute").click()
    app.run()
    assert not any("Gradients takes" in each.value for each in app.info)
    again = run("word_attributions", model=model, text=text)
    assert charts(again)
    assert cache.COMPUTE.running == 0
