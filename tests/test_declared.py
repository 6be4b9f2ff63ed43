"""Nothing is used that the requirement files do not declare, or that an earlier run has left."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.declared import (
    APP,
    CLUSTER,
    ROOT,
    TESTS,
    brought_by,
    declared,
    environment,
    everything,
    installed,
    normal,
)
from tests.needs import needs_language_model, needs_photos

OURS = {"interp_core", "pages", "app", "tests", "tools", "training", "benchmarks"}
# Who may import what: of the app only what its own files name, not what those bring along.
PARTS = {
    "app.py": ("requirements.txt", "requirements-models.txt"),
    "pages": ("requirements.txt", "requirements-models.txt"),
    "interp_core": ("requirements.txt", "requirements-models.txt", CLUSTER),
    "training": ("requirements.txt",),
    "tests": ("requirements.txt", "requirements-models.txt", TESTS[0], CLUSTER),
    "tools": ("requirements.txt", TESTS[0]),
    "benchmarks": ("requirements.txt", TESTS[0]),
}
# Benchmarks and tools compare with these; their own lines say how they are installed, apart from
# the app.
PEERS = {"seqeval", "bertviz", "transformers-interpret", "transformer-lens", "inseq", "shapiq"}
PEERS |= {"onnx", "onnxruntime"}


@pytest.fixture(scope="module")
def owners() -> dict[str, set[str]]:
    """For an imported name, the distributions that it may come from."""
    found = packages_distributions()
    return {name: set(map(normal, names)) for name, names in found.items()}


def sources(part: str) -> list[Path]:
    path = ROOT / part
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def outside_names(path: Path) -> set[str]:
    """The outermost names that a file imports anywhere of what is neither ours nor Python's."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


@pytest.mark.parametrize("part", PARTS)
def test_every_import_is_declared_directly(part, owners):
    known = declared(*PARTS[part]) | (PEERS if part in ("benchmarks", "tools") else set())
    for path in sources(part):
        for name in outside_names(path):
            missing = not owners.get(name, {normal(name)}) & known
            assert not missing, f"{path.relative_to(ROOT)} imports {name}: declare it"


@needs_language_model
@needs_photos
@pytest.mark.timeout(900)
def test_nothing_undeclared_is_imported_while_the_app_is_used(tmp_path, owners):
    """Libraries import others where they find them, and soon cannot do without.

    transformers imports accelerate, for instance, where that is installed, and reads some kinds of
    files only then. The process itself sees to it that ordinary models do not import peft.
    """
    written, known = tmp_path / "imported.json", declared(*APP)
    # All that is here, but for what only tests declare: without that the app must do.
    python = environment(tmp_path / "here", everything() - (brought_by(declared(*TESTS)) - known))
    done = subprocess.run(
        [python, "-m", "tests.exercise", written],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    names = json.loads(written.read_text(encoding="utf-8"))
    assert {"torch", "transformers", "streamlit", "umap", "gguf"} <= set(names)
    undeclared = {name for name in names if not owners.get(name, {normal(name)}) & known}
    assert not undeclared


@pytest.mark.parametrize(
    ("asked", "constraints"),
    [
        ("requirements.txt", APP),
        ("requirements-dev.txt", (*APP, *TESTS)),
        (CLUSTER, (*APP, CLUSTER)),
    ],
)
def test_what_the_requirements_bring_along_is_in_the_constraints(asked, constraints):
    unknown = brought_by(declared(asked)) - declared(*constraints)
    assert not [f"{each.name}=={each.version}" for each in installed(unknown)]


def test_the_reader_of_weights_finds_what_it_needs_although_it_is_installed_alone():
    for needed in installed({"gguf"}):
        assert brought_by({normal(needed.name)}) <= declared(*APP)


def test_what_is_declared_has_one_version():
    lines = [
        line
        for file in (*APP, *TESTS, CLUSTER)
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if re.match(r"[A-Za-z0-9]", line)
    ]
    assert all(re.match(r"[A-Za-z0-9][\w.-]*==[\w.]+( \\)?$", line) for line in lines)
    versions = {normal(line.partition("==")[0]): line.partition("==")[2] for line in lines}
    for line in lines:
        name, _, version = line.partition("==")
        assert versions[normal(name)] == version, name


def test_a_run_of_the_tests_sees_nothing_of_an_earlier_one():
    from interp_core.models.converted import cache_folder

    home = Path(os.environ["HOME"])
    assert home.name.startswith("clearhead-tests-")
    for place in (Path.home(), cache_folder(), Path(os.environ["HF_HOME"])):
        assert place.is_relative_to(home)


def test_no_test_holds_a_clock_against_the_machine():
    """Timings are measured by benchmarks/, as ratios; waiting for something to happen is none."""
    clocks = re.compile(r"perf_counter|process_time|thread_time|timeit|time\.time\(")
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path != Path(__file__):
            assert not clocks.search(path.read_text(encoding="utf-8")), path
