"""The servers under load, each a process of its own with the settings that people would have."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.browser import ROOT, free_port, wait_until_healthy

# Name: (app, settings). The obvious app runs where no settings of ours are found.
APPS = {
    "Clearhead": ("app.py", {"CLEARHEAD_SHARED": "1"}),
    "obvious app": ("benchmarks/loading/obvious.py", {}),
}


@dataclass(frozen=True)
class Watched:
    """A running server and its process."""

    url: str
    process: psutil.Process

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        return self.process.memory_info().rss / 2**20

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    @property
    def threads(self) -> int:
        """Threads now."""
        return self.process.num_threads()


@contextlib.contextmanager
def started(name: str, log: Path, version: Path = ROOT) -> Iterator[Watched]:
    """Start an app on a free port of this computer; `version` is the folder that it lies in."""
    place, settings = APPS[name]
    app = version.resolve() / place
    port = free_port()
    environment = {**os.environ, **settings, "PYTHONPATH": str(version), "HF_HUB_OFFLINE": "1"}
    environment.pop("OMP_NUM_THREADS", None)
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app),
        "--server.headless=true",
        f"--server.port={port}",
        "--server.address=127.0.0.1",
    ]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=app.parent, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_healthy(f"{url}/_stcore/health", server)
            yield Watched(url, psutil.Process(server.pid))
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
