"""The models in memory: loaded once, dropped by least use when too many or memory runs short."""

from __future__ import annotations

import gc
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.models import device as room
from interp_core.models import load as loading
from interp_core.ui.server import cache, model_cache
from interp_core.ui.server.metrics import resident_bytes
from interp_core.ui.server.model_cache import MOST, MOST_UNSEEN, Models, settle
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets import model_facts
from tests.ui.sessions import Session, wait_for


class Loader:
    """Loads stand-ins with weights of a given size, and counts."""

    def __init__(self, floats: int = 10) -> None:
        self.floats, self.loaded = floats, []

    def __call__(self, name: str) -> SimpleNamespace:
        self.loaded.append(name)
        network = torch.nn.Linear(self.floats, 1, bias=False)
        network.weight.data.fill_(1.0)  # or the system would not hand out the memory
        network.itself = [network]  # only a collection frees it, as with networks that have hooks
        return SimpleNamespace(name=name, model=network)


@pytest.fixture
def settles(monkeypatch):
    """Memory is asked for as in the app; elsewhere now and then, for it takes long among tests."""
    monkeypatch.setattr(model_cache, "settle", settle)
    gc.freeze()
    yield
    gc.freeze()


@pytest.fixture
def plenty(monkeypatch):
    """`plenty.left = n`: bytes that are left; the looks at the memory are not spaced."""
    told = SimpleNamespace(left=2**40)
    monkeypatch.setattr(model_cache, "available", lambda: told.left)
    monkeypatch.setattr(model_cache, "EVERY", -1.0)
    return told


def kept(store: Models) -> set[str]:
    return {name for name, _ in store._kept._kept}


def test_concurrent_first_requests_load_once(plenty):
    gate, loaded = threading.Event(), []

    def load(name: str) -> SimpleNamespace:
        loaded.append(name)
        gate.wait(60)
        return Loader()(name)

    store = Models()
    sessions = [Session(lambda: store.get("a", "", load)) for _ in range(50)]
    wait_for(lambda: loaded)
    gate.set()
    assert all(each.ended() for each in sessions)
    assert loaded == ["a"]
    assert len({id(each.result) for each in sessions}) == 1


def test_the_model_used_longest_ago_goes_first(plenty):
    store, load = Models(2), Loader()
    for name in ("a", "b", "a", "c"):
        store.get(name, "", load)
    assert kept(store) == {"a", "c"}
    assert load.loaded == ["a", "b", "c"]


def test_models_go_when_memory_is_short_but_never_the_one_asked_for(plenty):
    store, load = Models(), Loader()
    for name in ("a", "b", "c"):
        store.get(name, "", load)
    plenty.left = model_cache.SPARE - 1
    store.get("b", "", load)
    assert kept(store) == {"b"}
    store.get("d", "", load)
    assert kept(store) == {"d"}


def test_memory_is_freed_at_once_when_it_runs_short_in_use(plenty, settles):
    store = Models()
    gone = weakref.ref(store.get("a", "", Loader()).model)
    store.get("b", "", Loader())
    plenty.left = 0
    store.get("b", "", Loader())
    assert gone() is None


def test_no_more_go_than_memory_needs(plenty, monkeypatch):
    store, load = Models(), Loader()
    for name in ("a", "b", "c"):
        store.get(name, "", load)
    answers = iter([model_cache.SPARE - 1, model_cache.SPARE])
    monkeypatch.setattr(model_cache, "available", lambda: next(answers, model_cache.SPARE))
    store.get("c", "", load)
    assert kept(store) == {"b", "c"}


def test_memory_is_looked_at_again_after_a_load(plenty, monkeypatch):
    """The new model may have been larger than what was left."""
    monkeypatch.setattr(model_cache, "EVERY", 3600)
    store = Models()
    store.get("a", "", Loader())

    def large(name: str) -> SimpleNamespace:
        plenty.left = 0
        return Loader()(name)

    store.get("b", "", large)
    assert kept(store) == {"b"}


def test_without_a_figure_of_the_memory_few_models_stay(monkeypatch):
    monkeypatch.setattr(model_cache, "available", lambda: None)
    assert not model_cache.is_short()
    assert Models()._most == MOST_UNSEEN
    monkeypatch.setattr(model_cache, "available", lambda: 2**40)
    assert Models()._most == MOST


def test_the_weights_of_a_dropped_model_are_freed_though_they_were_frozen(plenty, settles):
    store, big = Models(1), Loader(64 * 2**20)  # 256 MB
    gone = weakref.ref(store.get("big", "", big).model)
    assert gc.get_freeze_count() > 0
    full = resident_bytes()
    store.get("small", "", Loader())
    assert gone() is None
    assert full - resident_bytes() > 200 * 2**20


def test_a_model_in_use_outlives_its_eviction_and_is_freed_later(plenty, settles, monkeypatch):
    store = Models(1)
    held = store.get("a", "", Loader())
    gone = weakref.ref(held.model)
    store.get("b", "", Loader())
    assert float(held.model(torch.ones(1, 10)).detach()) == 10
    del held
    monkeypatch.setattr(model_cache, "AGAIN", 3600)
    store.get("b", "", Loader())
    assert gone() is not None
    monkeypatch.setattr(model_cache, "AGAIN", -1)
    store.get("b", "", Loader())
    assert gone() is None
    store.get("b", "", Loader())
    assert not store._dropped  # nothing to ask for any more


def test_what_stores_hold_of_a_dropped_model_goes_with_it(plenty):
    store, results = Models(1), Shared(9)
    choice = cache.limits.Limits()  # a frozen record without strings
    for key in (("a", "", "text"), ("kind", ("b", ("a", 1))), ("b", choice), "b"):
        results.get(key, lambda: 1)
    store.get("a", "", Loader())
    store.get("b", "", Loader())
    assert results.peek(("a", "", "text")) is None
    assert results.peek(("kind", ("b", ("a", 1)))) is None
    assert results.peek(("b", choice)) == 1
    assert results.peek("b") == 1


def test_a_real_model_is_freed_after_all_kinds_of_use(plenty, settles, monkeypatch):
    """Copies with hooks share its weights; none of them may keep it."""
    monkeypatch.setattr(loading, "_load_bundled", loading._load_bundled.__wrapped__)
    store = Models(1)
    loaded = store.get("sentiment", "", ic.load_model)
    text = "The plot is not bad."
    ic.attention_maps(loaded, text)
    ic.norm_weighted_attention(loaded, text)
    ic.head_statistics(loaded, [text])
    ic.infidelity(loaded, ic.attribute(loaded, text, evaluations=4), samples=3)
    weights = [weakref.ref(each) for each in loaded.model.parameters()]
    before = ic.attention_maps(loaded, text).weights
    store.get("digits", "", ic.load_model)
    np.testing.assert_allclose(ic.attention_maps(loaded, text).weights, before, atol=1e-6)
    del loaded
    model_cache.settle()
    assert not any(each() is not None for each in weights)


def test_the_sidebar_counts_parameters_once_and_keeps_no_model():
    network, counted = torch.nn.Linear(10, 1, bias=False), []

    class Told(SimpleNamespace):
        @property
        def n_parameters(self) -> int:
            counted.append(1)
            return 2_500_000

    about = {"name": "a", "task": "encoder", "labels": (), "base": None, "tokenizer": None}
    told = Told(**about, n_layers=1, n_heads=1, model=network)
    assert [model_facts.facts(told)["Parameters"] for _ in range(3)] == ["2.5 million"] * 3
    assert len(counted) == 1
    gone = weakref.ref(network)
    del network, told
    gc.collect()
    assert gone() is None


def test_the_app_keeps_its_models_there(plenty, monkeypatch):
    cache._models.clear()
    load = Loader()
    monkeypatch.setattr(ic, "load_model", load)
    assert cache.model("a") is cache.model("a")
    assert load.loaded == ["a"]
    cache._models.clear()


@pytest.mark.parametrize(
    ("limit", "used", "stat", "left"),
    [
        ("4000", "1500", "anon 7\ninactive_file 500\n", 3000),
        ("4000", "1500", "anon 7\n", 2500),
        ("max", "1500", "", None),
        (None, None, None, None),
    ],
)
def test_the_limit_of_a_container_is_read(tmp_path, limit, used, stat, left):
    files = {"memory.max": limit, "memory.current": used, "memory.stat": stat}
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    paths = (str(tmp_path / "memory.max"), str(tmp_path / "memory.current"))
    assert room._of_group(*paths, "inactive_file") == left


def test_the_lower_of_system_and_container_counts(monkeypatch):
    monkeypatch.setattr(room, "_of_system", lambda: 2048)
    monkeypatch.setattr(room, "GROUPS", ())
    assert room.available() == 2048
    monkeypatch.setattr(room, "GROUPS", (("a", "b", "c"),))
    monkeypatch.setattr(room, "_of_group", lambda *_: 1000)
    assert room.available() == 1000
    monkeypatch.setattr(room, "_of_system", lambda: None)
    monkeypatch.setattr(room, "GROUPS", ())
    assert room.available() is None
