"""Fixtures that all tests share, and a home without a past. Nothing here may reach the network."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sys
import tempfile
import time
from functools import cache, wraps
from itertools import count
from pathlib import Path

import pytest

WORKER = "PYTEST_XDIST_WORKER" in os.environ
PLACES = {
    "HOME": "",
    "CLEARHEAD_CACHE": "clearhead",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "HF_HOME": "hub",
    "NUMBA_CACHE_DIR": "numba",
    "MPLCONFIGDIR": "matplotlib",
    "CLEARHEAD_REPORTS": "reports",
}
PREFIX, A_DAY = "clearhead-tests-", 24 * 60 * 60  # seconds
ELSEWHERE = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "TORCH_HOME")

# One worker keeps a line: its files share a browser, a server, what views have computed, or
# what UMAP compiles in each process.
BROWSER = "tests/browser/"
LINES = {
    "browser, every page": (f"{BROWSER}test_accessibility",),
    "browser, attention and vectors": tuple(
        f"{BROWSER}test_{name}" for name in ("attention", "cold", "projector")
    ),
    "browser, classifiers": tuple(
        f"{BROWSER}test_{name}" for name in ("attribution", "audit", "head", "report")
    ),
    "browser, the rest": (BROWSER,),
    "projections": (
        "tests/embedding/test_projection.py",
        "tests/pages/test_embedding_projector.py",
        "tests/pages/test_report_projector.py",
        "tests/test_requests.py",
    ),
    "every view": ("tests/safety/test_every_view.py", "tests/safety/test_links.py"),
    "a shared server": ("tests/safety/test_figures.py", "tests/safety/test_many_people.py"),
}
# What takes longest begins first, so that the workers end together; the others follow as they are.
# Two browsers at once are enough: the other lines of them come when the first are through.
LONGEST = (
    "browser, every page",
    "browser, attention and vectors",
    "projections",
    "tests/test_declared.py",
    "tests/lessons/test_library.py",
    "browser, classifiers",
    "browser, the rest",
    "every view",
    *(
        f"tests/pages/test_{name}.py"
        for name in (
            "addresses",
            "attention_heads",
            "lessons",
            "report_pictures",
            "every_model",
            "training_dynamics",
            "report_attributions",
            "audit",
        )
    ),
    "a shared server",
    "tests/safety/test_container.py",
    "tests/packaging/test_wheel.py",
    "tests/recorded/test_results.py",
    "tests/recorded/test_pages.py",
    "tests/attribution/test_forward_function.py",
    "tests/models/test_number_formats.py",
    *(
        f"tests/pages/test_report_{name}.py"
        for name in ("compare_models", "head_entropy", "attention", "language_models")
    ),
    "tests/pages/test_language_models.py",
    "tests/pages/test_head_entropy.py",
    "tests/models/test_more_families.py",
    "tests/models/test_peft_adapters.py",
    "tests/models/test_sentence_transformers.py",
    "tests/heads/test_importance.py",
    "tests/interventions/test_patching.py",
)
# Servers and browsers have a part in these: what fails is tried once more. Nothing else is.
SERVED = (
    BROWSER,
    "tests/packaging/test_wheel.py",
    "tests/safety/test_container.py",
    "tests/safety/test_figures.py",
    "tests/safety/test_many_people.py",
    "tests/ui/test_warm_start.py",
)
FAILED = pytest.StashKey[bool]()


def begin_from_nothing() -> Path:
    """Point everything that keeps files between runs into a new folder, for the whole run.

    What an earlier run or the user left behind is not seen; servers and workers inherit it, so
    that what one makes (the converted language model) is there for the others.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another run was quicker
            if time.time() - left.stat().st_mtime > A_DAY:  # of a run that was killed
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    for name, place in PLACES.items():
        os.environ[name] = str(folder / place)
        (folder / place).mkdir(exist_ok=True)
    for name in ELSEWHERE:
        os.environ.pop(name, None)
    return folder


# What is compiled once serves all workers, servers and commands that tests start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Before anything is imported that looks at these.
FRESH = None if WORKER else begin_from_nothing()
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


def pytest_unconfigure():
    if FRESH is not None:
        from tests import served

        served.end(FRESH)
        shutil.rmtree(FRESH, ignore_errors=True)


def pytest_report_header():
    return f"home, caches: {os.environ['HOME']} (new)"


# Modules that are imported while tests are collected stay: looking among them for what may go is a
# sixth of that time.
gc.disable()


def pytest_collection_finish():
    """Collections among all objects are dear beside torch, transformers and Streamlit.

    At Python's own 700 they come eight times in ten seconds of pages.
    """
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
    gc.enable()


def pytest_sessionfinish():
    gc.freeze()  # pytest collects five times; what is left goes with the process


def line(nodeid: str) -> str:
    """What one worker runs as a whole: a line, or a file."""
    lines = (name for name, files in LINES.items() if nodeid.startswith(files))
    return next(lines, nodeid.partition("::")[0])


def pytest_collection_modifyitems(items):
    if WORKER:
        first = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: first.get(line(item.nodeid), len(first)))
    for item in items:
        if item.nodeid.startswith(SERVED):
            item.add_marker(pytest.mark.flaky(reruns=1))
            item.add_marker(pytest.mark.timeout(600))


def pytest_exception_interact(node):
    node.stash[FAILED] = True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    """Where a test that is tried again has failed, all fixtures end and begin anew.

    What failed may be a browser or a server that has died, and a window keeps what it shows.
    """
    if item.get_closest_marker("flaky") and item.stash.get(FAILED, False):
        item.stash[FAILED] = False
        item.session._setupstate.teardown_exact(None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A line stays in one worker."""
    from xdist.scheduler import LoadFileScheduling

    class ByLine(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return line(nodeid)

    config.option.loadscopereorder = False  # the longest first, see above
    return ByLine(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def packages_are_looked_through_once():
    """Streamlit's test harness reads what is known of every installed package for each run.

    It looks for components; that costs three times what a page does.
    """
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def a_run_of_a_page_is_waited_for():
    """Streamlit's test harness looks a thousand times a second whether a run has ended.

    Each look goes through all that the run has sent, and holds it up.
    """
    from streamlit.testing.v1 import local_script_runner

    looks = local_script_runner.require_widgets_deltas

    def waits(runner, timeout=3):
        if (thread := runner._script_thread) is not None:
            thread.join(timeout)
        looks(runner, 1 if runner.script_stopped() else 0.01)  # which says that it takes too long

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", waits)
        yield


@pytest.fixture(scope="session", autouse=True)
def an_embedded_model_is_loaded_once():
    """Tests, the app's pages and their scripts read the same one, as all sessions of a server do.

    What is asked for in another number format or as another task is loaded as it is.
    """
    from interp_core.models import bundled_models, load

    loads, kept = load._load_bundled, {}

    @wraps(loads)
    def once(card, task, device, dtype):
        if task is not None or device is None or str(dtype) != "torch.float32":
            return loads(card, task, device, dtype)
        if bundled_models.whole_folder(card) is None:
            bundled_models.backbone_folder()  # which says where a package is missing
        # Which build: tests/thin.py has another.
        if (key := (card.name, str(device), bundled_models.build)) not in kept:
            kept[key] = loads(card, task, device, dtype)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "_load_bundled", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_is_asked_before_it_is_computed():
    """A forecast of seconds would ask first wherever the machine of the tests is busy."""
    from interp_core.ui.server import costs

    costs.learned(operations=1e18, seconds=1)


@pytest.fixture(scope="session", autouse=True)
def memory_is_asked_for_after_every_tenth_model():
    """After each model the app collects among all objects: half a second, where all is imported.

    tests/ui/test_model_cache.py has it as it is.
    """
    from interp_core.ui.server import model_cache

    loads = count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_cache, "settle", lambda **_: next(loads) % 10 or gc.collect())
        yield


def trained(name):
    """An embedded model, also where names stand for thin ones."""
    import interp_core as ic
    from tests import thin

    with thin.real():
        return ic.load_model(name)


@pytest.fixture(scope="session")
def encoder():
    """The built-in MiniLM encoder."""
    return trained("encoder")


@pytest.fixture(scope="session")
def sentiment():
    """The built-in sentiment classifier."""
    return trained("sentiment")


@pytest.fixture(scope="session")
def photo_model():
    """The built-in model of photographs, which not everybody has installed."""
    return trained("photos")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """`tiny("gpt2")`: the folder of a tiny random model of that family, built once."""
    from tests.tiny import build

    return cache(lambda family: build(family, tmp_path_factory.mktemp("tiny") / family))


@pytest.fixture(scope="session")
def tiny_model(tiny):
    """`tiny_model("gpt2")`: the same, loaded by Clearhead once."""
    import interp_core as ic

    return cache(lambda family: ic.load_model(str(tiny(family))))


def forget(*, models):
    """What sessions share is forgotten; the models, if asked for."""
    import streamlit as st

    from interp_core.ui.server.store import STORES

    for each in list(STORES):
        if models or each.name != "models":
            each.clear()
    if models:
        st.cache_data.clear()


@pytest.fixture(scope="module")
def forgotten():
    """What the module's tests computed of less than there is, and sessions share, is forgotten."""
    yield
    forget(models=False)


@pytest.fixture(scope="session")
def thin_folder(tmp_path_factory):
    """Where files of thin models are kept, written when they are first asked for."""
    return tmp_path_factory.mktemp("thin")


@pytest.fixture(scope="module")
def thin_models(thin_folder):
    """In this module, names of embedded models stand for thin ones: tests/thin.py."""
    from tests import thin

    with thin.embedded(thin_folder):
        forget(models=True)
        yield
    forget(models=True)


@pytest.fixture
def real_models():
    """For a test that reads what trained models answer, in a module of thin ones."""
    from tests import thin

    with thin.real():
        forget(models=True)
        yield
    forget(models=True)


@pytest.fixture
def few_texts(monkeypatch, forgotten):
    """An audit of some of a model's built-in texts."""
    import interp_core as ic

    whole = ic.audit_set
    monkeypatch.setattr(ic, "audit_set", lambda *asked: whole(*asked).take(slice(0, 50)))
