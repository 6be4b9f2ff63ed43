"""Run the project as somebody would on a machine that has never seen it.

    sudo python3 -m tools.clean_room [--test] [--keep] [PYTHON=/usr/bin/python3.12 ...]

Makes a new user with an empty home, clones the last commit into it, and runs `make run` there with
no variable of this session but those of pip and of proxies. When the page answers, it is opened
with the built-in model, the language model and the model of photographs. `--test` runs `make test`
besides. Words with "=" go to make. In the end the user, the home and all its processes are removed
(`--keep`: not).
Needs Linux and root; what it takes from a network are packages, by pip's settings.
"""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
USER = "clearhead-guest"
PASSED = ("PIP_", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PATIENCE = 60 * 60  # seconds for the installation
TEXT = "The capital of France is"
# What must stand on the page that each of these opens.
VISITS = (
    ("", {"text": TEXT}, "Attention heads"),
    ("language_models", {"text": TEXT, "model": "language-model"}, "Paris"),
    ("attention_heads", {"text": TEXT, "model": "language-model"}, "30 layers"),
    ("attention_heads", {"model": "photos"}, "12 layers"),
)
VISIT = """
import sys
from urllib.parse import urlencode
from tests.safety.visitor import visit
url, page, expected, *query = sys.argv[1:]
shown = visit(url, urlencode(dict(each.split("=", 1) for each in query)), page=page, seconds=600)
wrong = [each for each in ("Unexpected error", "Traceback") if each in shown]
sys.exit(f"{page}: {wrong or expected + ' is missing'}" if wrong or expected not in shown else 0)
"""


def as_guest(home: Path, *command: str, **options: object) -> subprocess.Popen:
    """Start a command as the new user, in a session of its own."""
    kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith(PASSED)]
    clean = [
        "env",
        "-i",
        f"HOME={home}",
        f"USER={USER}",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "LANG=C.UTF-8",
        *kept,
    ]
    return subprocess.Popen(
        ["runuser", "-u", USER, "--", *clean, *command],
        cwd=home / "clearhead",
        start_new_session=True,
        **options,
    )


def made_home() -> Path:
    """A new user, and in its home a clone of the last commit."""
    subprocess.run(["useradd", "--create-home", "--skel", "/dev/null", USER], check=True)
    guest = pwd.getpwnam(USER)
    place = Path(guest.pw_dir) / "clearhead"
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, place], check=True)
    for path in [place, *place.rglob("*")]:
        os.chown(path, guest.pw_uid, guest.pw_gid, follow_symlinks=False)
    return Path(guest.pw_dir)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answered(url: str, server: subprocess.Popen) -> float:
    """Seconds until the page answers. Ends the program when the server has ended."""
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return time.monotonic() - started
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.5)
    sys.exit("clean room: `make run` reached no page")


def visited(home: Path, url: str) -> None:
    """Open every page of `VISITS`, with the guest's own packages."""
    python = str(home / "clearhead" / ".venv" / "bin" / "python")
    for page, query, expected in VISITS:
        started = time.monotonic()
        words = [f"{name}={value}" for name, value in query.items()]
        if as_guest(home, python, "-c", VISIT, url, page, expected, *words).wait():
            sys.exit(f"clean room: the page {page or '/'} is not as it should be")
        print(f"clean room: {page or '/'} {query}: {time.monotonic() - started:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="run `make test` as well")
    parser.add_argument("--keep", action="store_true", help="leave the user and the home")
    parser.add_argument("make", nargs="*", help="variables for make, as NAME=value")
    asked = parser.parse_args()
    started: list[subprocess.Popen] = []
    home = made_home()
    try:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        options = f"ARGS=--server.headless true --server.port {port} --server.address 127.0.0.1"
        started.append(as_guest(home, "make", "run", options, *asked.make))
        print(f"clean room: the page answers after {answered(url, started[0]):.0f} s", flush=True)
        visited(home, url)
        if asked.test:
            started.append(as_guest(home, "make", "test", *asked.make))
            if started[-1].wait():
                sys.exit("clean room: `make test` failed")
        print("clean room: all is well")
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        if not asked.keep:
            time.sleep(1)
            subprocess.run(["userdel", "--remove", "--force", USER], check=False)


if __name__ == "__main__":
    main()
