"""A real Ray on this machine: `make test-cluster`. One cluster of two CPUs serves all tests.

Not among the tests of `make test`: the package is large and takes half a minute to start.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

import interp_core as ic
from interp_core import corpus as command
from interp_core.distributed import corpus
from interp_core.distributed.audit import AuditPasses
from interp_core.distributed.corpus import run_corpus_on
from interp_core.distributed.ray_engine import RayEngine, check_address, import_ray
from interp_core.distributed.worker import ModelSpec
from interp_core.heads import resume, statistics
from interp_core.heads.record import read_with_extra
from interp_core.heads.resume import run_corpus
from tests.heads.test_statistics import compare
from tests.tiny_tokenizers import SENTENCES

ray = import_ray()
ROOT = Path(__file__).resolve().parents[2]
WORDS = SENTENCES[0].split()
SIZE = 16  # rows of a block here, so that there are many
# The command with blocks of that size, saved as soon as they come.
CODE = f"""
import sys
from interp_core.distributed import corpus
from interp_core.heads import resume, statistics
statistics.CHUNK = resume.CHUNK = corpus.CHUNK = {SIZE}
corpus.run_corpus_on.__kwdefaults__["every"] = 0
from interp_core.corpus import main
sys.exit(main())
"""

# Importing Ray replaces what Python does with an error that nobody handles.
REFUSED = """
import sys
from interp_core.corpus import main
hook = sys.excepthook
print(main(), sys.excepthook is hook)
"""
TRIES = 4  # Ray gives up where one of its own processes takes half a minute to start
AGENTS = ("dashboard-agent-grpc", "dashboard-agent-listen", "metrics-export", "runtime-env-agent")


@pytest.fixture(scope="module")
def cluster():
    """The address of a cluster that is started for these tests, and its process."""
    for _ in range(TRIES):
        address, head = _started()
        try:
            while head.poll() is None and not _has_a_node(address):
                time.sleep(0.5)
            if head.poll() is None:
                yield address, head
                return
        finally:
            _end(head)
    pytest.fail("Ray does not start")


def _started():
    port, *others = _free_ports(1 + len(AGENTS))
    arguments = ["start", "--head", "--block", "--num-cpus=2", "--num-gpus=0"]
    arguments += [f"--port={port}", "--include-dashboard=false", f"--object-store-memory={2**28}"]
    arguments += ["--node-ip-address=127.0.0.1", "--disable-usage-stats"]
    # With ports that are known nobody waits until the agents have found some.
    arguments += [f"--{agent}-port={number}" for agent, number in zip(AGENTS, others)]
    head = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", *arguments],
        cwd=ROOT,
        # A token that Ray has left in the home folder would be asked for by this cluster.
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return f"127.0.0.1:{port}", head


def _free_ports(count):
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def _has_a_node(address):
    try:
        check_address(address)
        ray.init(address, log_to_driver=False, logging_level="ERROR")
        return any(each["Alive"] for each in ray.nodes())
    except (ic.BadInput, ConnectionError, RuntimeError, ValueError, OSError):
        return False
    finally:
        ray.shutdown()


def _end(head):
    """The head and all that it has started, each by its number."""
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(head.pid)
        for each in [*reversed(first.children(recursive=True)), first]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    head.wait(60)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    for module in (statistics, resume, corpus):
        monkeypatch.setattr(module, "CHUNK", SIZE)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A file of 800 rows, of which three cannot be read."""
    rng = random.Random(0)
    lines = [" ".join(rng.choices(WORDS, k=rng.randint(3, 14))).encode() for _ in range(800)]
    lines[100], lines[200], lines[700] = b"", b"\xff\xff", b"word " * 50_000
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.fixture
def whole(tiny, tmp_path, texts):
    """The state of one process."""
    model = ic.load_model(str(tiny("gpt2")))
    return list(run_corpus(model, ic.open_corpus(texts), tmp_path / "whole.parquet"))[-1]


def _rows(partial):
    """How many rows an unfinished pass has counted."""
    return read_with_extra(partial)[1]["rows"] if partial.exists() else 0


def workers(head):
    """The processes of actors."""
    found = psutil.Process(head.pid).children(recursive=True)
    return [each for each in found if each.name().startswith("ray::Worker")]


@pytest.mark.parametrize("actors", [1, 2])
def test_the_table_is_that_of_one_process_also_after_an_actor_is_killed(
    cluster, tiny, tmp_path, texts, whole, actors
):
    address, head = cluster
    engine = RayEngine(ModelSpec(str(tiny("gpt2"))), address=address, actors=actors)
    killed = []
    try:
        for state in run_corpus_on(engine, ic.open_corpus(texts), tmp_path / "out.parquet"):
            if state.rows >= 4 * SIZE and not killed:
                killed = workers(head)[:1]
                killed[0].kill()
        assert "blocks of" in engine.standing()
        assert sum(engine.done) == 50
    finally:
        engine.close()
    assert killed
    assert state.skipped == whole.skipped
    assert (state.rows, state.texts, state.tokens) == (800, 797, whole.tokens)
    compare(ic.HeadStatistics.load(tmp_path / "out.parquet"), whole.statistics, 1e-9)


def test_the_command_is_killed_and_started_again(
    cluster, tiny, tmp_path, texts, whole, monkeypatch, capsys
):
    out, partial = tmp_path / "out.parquet", tmp_path / "out.parquet.partial"
    arguments = [str(tiny("gpt2")), str(texts), "--out", str(out), "--engine", "ray"]
    arguments += ["--address", cluster[0], "--actors", "2"]
    run = subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    while run.poll() is None and not _rows(partial):
        time.sleep(0.01)
    assert run.poll() is None
    run.kill()
    run.wait(60)
    assert partial.exists()
    assert not out.exists()
    assert command.main(arguments) == 0
    told = capsys.readouterr()
    assert "Continuing after row" in told.err
    assert "blocks of" in told.err
    assert "797 texts" in told.out
    assert "line 101: empty" in told.out
    compare(ic.HeadStatistics.load(out), whole.statistics, 1e-9)
    assert not list(tmp_path.glob("out.parquet.*"))


def test_a_cluster_without_what_is_asked_for_is_refused(cluster, tiny, tmp_path):
    with pytest.raises(ic.BadInput, match="room for 2 actors"):
        RayEngine(ModelSpec(str(tiny("gpt2"))), address=cluster[0], actors=3)
    arguments = ["sentiment", "--sample", "--out", str(tmp_path / "x.parquet"), "--engine", "ray"]
    arguments += ["--address", cluster[0], "--gpus-per-actor", "1"]
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "has no GPUs" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "2 True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="names of threads are read from /proc")
def test_a_cluster_that_is_left_keeps_no_thread(cluster, tiny):
    counts = []
    for _ in range(3):
        with pytest.raises(ic.BadInput, match="room for 2 actors"):
            RayEngine(ModelSpec(str(tiny("gpt2"))), address=cluster[0], actors=3)
        counts.append(_unnamed_threads())
    assert counts[-1] <= counts[0], counts


def _unnamed_threads():
    """How many threads have the name of the process: Ray's exporters among them."""
    threads = [each.read_text() for each in Path("/proc/self/task").glob("*/comm")]
    return threads.count(Path("/proc/self/comm").read_text())


def test_a_model_that_does_not_load_is_told_as_without_a_cluster(cluster):
    with pytest.raises(ic.ModelNotFound, match="no-such-model"):
        RayEngine(ModelSpec("no-such-model"), address=cluster[0])


def test_predictions_and_attention_lifts_of_an_audit_are_those_of_one_process(cluster, tmp_path):
    model = ic.load_model("sentiment")
    data = ic.audit_set(model)
    data = data.take(np.arange(min(len(data), 1100)))
    spans = list(ic.group_spans(data.texts))
    engine = RayEngine(ModelSpec("sentiment"), address=cluster[0])
    try:
        passes = AuditPasses(engine, tmp_path / "kept")
        predictions = passes.predictions(data)
        lift = passes.lift(model, data.texts, spans)
    finally:
        engine.close()
    truth = ic.predict_labelled(model, data)
    np.testing.assert_allclose(predictions.logits, truth.logits, atol=1e-5)
    np.testing.assert_allclose(predictions.vectors, truth.vectors, atol=1e-4)
    assert np.array_equal(predictions.done, truth.done)
    expected = ic.attention_lift(model, data.texts, spans)
    np.testing.assert_allclose(lift.lift, expected.lift, rtol=1e-4, atol=1e-5)
    assert np.array_equal(lift.read, expected.read)


def test_without_an_address_a_ray_of_its_own_is_started_and_ended(
    tiny, tmp_path, texts, whole, monkeypatch, capsys
):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # Ray puts a token there
    monkeypatch.setenv("RAY_AUTH_MODE", "")
    monkeypatch.delenv("RAY_AUTH_MODE")  # set by Ray, and so forgotten afterwards
    out, me = tmp_path / "own.parquet", psutil.Process()
    before = {each.pid for each in me.children(recursive=True)}
    arguments = [str(tiny("gpt2")), str(texts), "--out", str(out), "--engine", "ray"]
    assert command.main(arguments) == 0
    assert "listens on all network interfaces" in capsys.readouterr().err
    compare(ic.HeadStatistics.load(out), whole.statistics, 1e-9)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    left = [each for each in me.children(recursive=True) if each.pid not in before]
    assert not psutil.wait_procs(left, timeout=60)[1]
