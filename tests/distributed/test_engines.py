"""What the commands say about engines before any is started."""

import sys
from types import ModuleType

import pytest

from interp_core import corpus
from interp_core.distributed import ray_engine
from interp_core.errors import BadInput
from tests.declared import ROOT

ASKED = ["encoder", "--sample", "--out", "x.parquet"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--actors", "2"], "--actors belongs to an engine"),
        (["--address", "auto"], "--address belongs to an engine"),
        (["--gpus-per-actor", "1"], "--gpus-per-actor belongs to an engine"),
        (["--engine", "ray", "--actors", "0"], "At least one actor"),
        (["--engine", "ray", "--gpus-per-actor", "1.5"], "whole number of GPUs"),
    ],
)
def test_options_that_do_not_go_together_are_told(monkeypatch, tmp_path, capsys, options, word):
    monkeypatch.chdir(tmp_path)
    assert corpus.main([*ASKED, *options]) == 2
    assert word in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_command_says_how_to_install_it(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "ray", None)
    assert corpus.main([*ASKED, "--engine", "ray"]) == 2
    told = capsys.readouterr().err
    assert 'pip install "clearhead[ray]"' in told
    assert "Starting Ray" not in told


def test_that_ray_listens_is_said_before_it_is_started(monkeypatch, tmp_path, capsys):
    def started(*_given, **_options):
        assert "listens on all network interfaces" in capsys.readouterr().err
        raise RuntimeError("No room.")

    ray = ModuleType("ray")
    ray.init, ray.exceptions = started, ModuleType("ray.exceptions")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)
    assert corpus.main([*ASKED, "--engine", "ray"]) == 2
    assert "it does not start. No room." in capsys.readouterr().err


def test_in_shared_mode_no_engine_is_started(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    monkeypatch.setattr(ray_engine, "_started", lambda *_: pytest.fail("started"))
    assert corpus.main([*ASKED, "--engine", "ray"]) == 2
    assert "In shared mode" in capsys.readouterr().err


def test_the_app_has_no_way_to_start_an_engine():
    for folder in ("pages", "interp_core/ui"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "distributed" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    "address", ["ray://host:10001", "host", "host:", ":6379", "host:port", "127.0.0.1:1"]
)
def test_what_is_no_address_or_does_not_answer_is_refused_at_once(address):
    with pytest.raises(BadInput, match=r"no address of a cluster|Nothing answers"):
        ray_engine.check_address(address)
