"""The figures of the server and its log: right, in Prometheus' format, without anybody's words."""

from __future__ import annotations

import json
import logging
import re
import threading
from unittest.mock import Mock

import pytest
import streamlit as st
from streamlit.runtime.stats import StatsManager
from streamlit.web.server.starlette.starlette_routes import _stats_to_text

from interp_core.ui.reader import OWN_MODEL
from interp_core.ui.server import cache, jobs, logs, metrics
from interp_core.ui.server.logs import Durations
from interp_core.ui.server.queue import Turns
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.model_choice import DEFAULT_MODEL
from tests.safety.offers import SECRET
from tests.safety.opened import QUICK, ROOT, VIEWS, everything, opened

LINE = re.compile(
    r"# (HELP|TYPE|UNIT) \S+ .+|# EOF|\w+(\{(\w+=\"[^\"]*\",?)*\})? [\d.e+-]+", re.ASCII
)


pytestmark = pytest.mark.usefixtures("thin_models")  # nothing that a model has learned is read


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def figures() -> dict[str, float]:
    manager = StatsManager()
    manager.register_provider(metrics.Figures())
    text = _stats_to_text(manager.get_stats())
    for line in filter(None, text.splitlines()):
        assert LINE.fullmatch(line), line
    return counted(text)


def counted(told: str) -> dict[str, float]:
    """Every figure of an answer by its name."""
    lines = filter(None, told.splitlines())
    named = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in named}


def test_the_figures_are_in_the_format_of_prometheus_and_complete():
    opened("attention_heads", {"text": "A good film."})
    found = figures()
    for name in metrics.FIGURES:
        assert any(each.startswith(name) for each in found), name
    assert found["clearhead_resident_memory_bytes"] > 100 * 2**20
    assert found['clearhead_computations{state="running"}'] == 0


def test_computations_that_wait_and_run_are_counted():
    turns, gate, inside = Turns(1), threading.Event(), threading.Event()

    def work() -> None:
        with turns:
            inside.set()
            gate.wait(5)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    inside.wait(5)
    for _ in range(100):
        if turns.waiting == 2:
            break
        threading.Event().wait(0.02)
    assert (turns.running, turns.waiting) == (1, 2)
    gate.set()
    for each in threads:
        each.join()
    assert (turns.running, turns.waiting) == (0, 0)
    assert turns.durations.steps()[-1][1] == 3


def test_both_lines_are_counted(monkeypatch):
    """A long computation runs within a turn of all computations, so it is counted there."""
    for name, waiting, busy in (("COMPUTE", 1, 2), ("LONG", 3, 1)):
        monkeypatch.setattr(metrics, name, Mock(Turns(1), waiting=waiting, running=busy))
    monkeypatch.setattr(metrics.COMPUTE, "durations", Durations())
    found = figures()
    assert found['clearhead_computations{state="waiting"}'] == 4
    assert found['clearhead_computations{state="running"}'] == 2


@pytest.mark.timeout(20)
def test_a_turn_ends_when_its_computation_fails():
    turns = Turns(1)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), turns:
            raise ValueError("broken")
    assert (turns.running, turns.waiting) == (0, 0)


def test_hits_misses_entries_and_bytes_of_a_store_are_counted():
    store = Shared(2, size=len, name="test")
    for key in ("a", "b", "a", "c"):
        store.get(key, lambda key=key: key * 10)
    assert (store.hits, store.misses, store.entries, store.bytes) == (1, 3, 2, 20)
    assert figures()['clearhead_cache_misses_total{store="test"}'] == 3


def test_a_question_leaves_nothing_behind_when_it_fails():
    """Keys hold texts: a lock that stayed would keep them for ever."""
    store = Shared(2)
    with pytest.raises(ZeroDivisionError):
        store.get("key", lambda: 1 / 0)
    store.get("other", lambda: 1)
    store.get("other", lambda: 1)
    assert not store._underway


def test_durations_are_counted_in_steps():
    counted = Durations()
    for seconds in (0.01, 0.2, 0.2, 500.0):
        counted.add(seconds)
    steps = dict(counted.steps())
    assert (steps[0.05], steps[0.1], steps[0.3], steps[float("inf")]) == (1, 1, 3, 4)
    assert counted.seconds == pytest.approx(500.41)


def logged(captured: str) -> list[dict]:
    return [json.loads(line) for line in captured.splitlines() if line.startswith("{")]


@pytest.fixture
def log(monkeypatch, capfd):
    """`log()`: what was logged, each line read as JSON, at level INFO."""
    monkeypatch.setenv("CLEARHEAD_LOG", "info")
    for handler in list(logs.log.handlers):
        logs.log.removeHandler(handler)
    yield lambda: logged(capfd.readouterr().err)
    for handler in list(logs.log.handlers):
        logs.log.removeHandler(handler)
    logs.log.setLevel(logging.WARNING)


def test_every_page_is_logged_with_its_seconds_and_its_embedded_model(log, few_texts):
    for page in VIEWS:
        opened(page, {"text": f"{SECRET} is good."}, **QUICK)
    lines = [line for line in log() if line["event"] == "page"]
    assert {line["page"] for line in lines} >= set(VIEWS)
    for line in lines:
        assert line.keys() == {"time", "level", "event", "page", "seconds", "model"}
        own = OWN_MODEL.get(line["page"], (DEFAULT_MODEL,))
        assert line["model"] == own[0]


def test_a_computation_is_logged_with_its_seconds(log):
    logs.start()
    with cache.COMPUTE:
        pass
    assert [line["event"] for line in log()] == ["computation"]


def test_without_the_switch_only_errors_are_logged(log, monkeypatch):
    monkeypatch.delenv("CLEARHEAD_LOG")
    opened("attention_heads", {"text": "A good film."})
    assert log() == []
    logs.wrong("error", "ValueError", code="abc", place="a.py:1")
    assert [(line["event"], line["code"]) for line in log()] == [("error", "abc")]


def test_no_words_of_anybody_are_logged_or_counted(log, monkeypatch):
    """Texts, names of models and files, errors that quote them."""
    opened("attention_heads", {"model": f"/{SECRET}", "text": "A good film."})
    opened("attention_heads", {"text": SECRET, "pair": SECRET, "find": SECRET})
    opened("word_attributions", {"text": f"A {SECRET} film."}, edited=SECRET, labels=SECRET)

    def broken(*_args, **_options):
        raise ValueError(SECRET)

    monkeypatch.setattr(jobs, "run", broken)
    opened("compare_models", {"text": f"{SECRET} is bad."})
    lines = log()
    assert {line["event"] for line in lines} >= {"page", "refused", "error", "computation"}
    assert SECRET not in json.dumps(lines)
    assert SECRET not in str(figures())


def test_one_sessions_words_are_on_no_page_and_in_no_address_of_another(few_texts):
    first = {"text": f"The {SECRET} is good.", "pair": SECRET}
    second = {"text": "The film is bad."}
    words = dict.fromkeys(("many", "find", "text_b"), SECRET) | {"edited": f"{SECRET}!"}
    for page in VIEWS:
        assert SECRET in everything(opened(page, first, **words, **QUICK))
        assert SECRET not in everything(opened(page, second, **QUICK))
    assert SECRET not in everything(opened("attention_heads"))


def test_the_first_visitor_of_a_server_that_was_left_alone_computes_nothing(served):
    before, after = counted(served.before), counted(served.between)
    assert before['clearhead_cache_entries{store="models"}'] == 1
    assert before['clearhead_cache_entries{store="results"}'] >= 1
    assert 'class="verdict"' in served.first.replace("\\", "")
    assert before["clearhead_computation_seconds_count"] >= 1
    for name in after:
        if name.startswith(("clearhead_cache_misses", "clearhead_computation_seconds_count")):
            assert after[name] == before[name], name
    assert (
        after['clearhead_cache_hits_total{store="results"}']
        > (before['clearhead_cache_hits_total{store="results"}'])
    )


def test_the_warm_start_is_no_visit(served):
    before, page = counted(served.before), 'clearhead_page_seconds_count{page="start"}'
    assert before["active_sessions"] == 0
    assert page not in before
    assert counted(served.between)[page] == 1
    assert before['clearhead_computations{state="running"}'] == 0
    assert before['clearhead_wrong_total{event="error"}'] == 0
    seen = [line for line in logged(served.log) if line["event"] in ("warm start", "page")]
    assert [line["event"] for line in seen] == ["warm start", "page", "page", "page"]


def test_the_server_answers_for_its_health_and_its_figures(served):
    """Nobody's words are in its figures or its log."""
    assert served.health == "ok"
    assert SECRET in served.mine
    assert SECRET not in served.other
    assert "clearhead_computations" in served.after
    assert "active_sessions" in served.after
    assert '"event": "page"' in served.log
    assert SECRET not in served.after + served.log


def test_the_folder_of_the_app_holds_no_settings_of_a_shared_server():
    """The default is one person at their own computer."""
    assert not (ROOT / "clearhead.toml").exists()
