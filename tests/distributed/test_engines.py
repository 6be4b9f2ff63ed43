"""What the commands say about engines before any is started."""

import sys
from types import ModuleType

import pytest

from interp_core import corpus
from interp_core.command import INTERRUPTED
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


class NoRay(ModuleType):
    """In the place of Ray: one that does not start, for the reason `error`."""

    def __init__(self, error, *, within=False):
        super().__init__("ray")
        self.exceptions = ModuleType("ray.exceptions")
        self.exceptions.RayError = type("RayError", (Exception,), {})
        self.error, self.within, self.ended = error, within, 0

    def init(self, *_given, **_options):
        raise self.error

    def is_initialized(self):
        return self.within

    def shutdown(self):
        self.ended += 1


@pytest.fixture
def put_ray(monkeypatch, tmp_path):
    """`put_ray(NoRay(…))`: that one is imported."""

    def put(ray):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setitem(sys.modules, "ray", ray)
        monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)
        return ray

    return put


def test_that_ray_listens_is_said_before_it_is_started(put_ray, capsys):
    ray = put_ray(NoRay(RuntimeError("No room.")))
    assert corpus.main([*ASKED, "--engine", "ray"]) == 2
    told = capsys.readouterr().err
    assert "it does not start. No room." in told
    assert told.index("listens on all network interfaces") < told.index("No room.")
    assert ray.ended == 1


def test_a_ray_that_breaks_off_is_ended_whatever_the_reason(put_ray):
    ray = put_ray(NoRay(KeyboardInterrupt()))
    assert corpus.main([*ASKED, "--engine", "ray"]) == INTERRUPTED
    assert ray.ended == 1


@pytest.mark.parametrize("reached", [True, False])
def test_a_token_that_a_cluster_asks_for_is_named(put_ray, monkeypatch, capsys, reached):
    ray = put_ray(NoRay(ConnectionError("No.")))
    if reached:
        ray.error.__cause__ = RuntimeError("ray.exceptions.AuthenticationError: InvalidAuthToken")
    else:
        ray.error = type("AuthenticationError", (ray.exceptions.RayError,), {})("None found")
    monkeypatch.setattr(ray_engine, "check_address", lambda _: None)
    assert corpus.main([*ASKED, "--engine", "ray", "--address", "127.0.0.1:1"]) == 2
    assert "Set RAY_AUTH_MODE=token" in capsys.readouterr().err


def test_the_ray_that_a_process_uses_already_is_left_alone(put_ray, capsys):
    ray = put_ray(NoRay(None, within=True))
    assert corpus.main([*ASKED, "--engine", "ray"]) == 2
    assert "in a Ray cluster already" in capsys.readouterr().err
    assert not ray.ended


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
