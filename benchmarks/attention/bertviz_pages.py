"""BertViz in an environment of its own: its pages, and a loopback server for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

PINNED = ("bertviz==1.4.1", "ipython==9.10.1")
# What BertViz asks its content network for: npm package, file in it, address. jQuery 2.0.0 was
# never published to npm; 2.1.0 is the nearest.
LIBRARIES = (
    ("d3@5.7.0", "package/dist/d3.min.js", "d3/5.7.0/d3.min.js"),
    ("jquery@2.1.0", "package/dist/jquery.min.js", "jquery/2.0.0/jquery.min.js"),
    ("requirejs@2.3.6", "package/require.js", "require.js/2.3.6/require.min.js"),
)
RENDER = Path(__file__).with_name("bertviz_render.py")


def environment(folder: Path) -> Path:
    """Make BertViz's virtual environment unless it is there; returns its Python.

    A .pth file lends it this interpreter's packages, so that torch is not installed twice.
    """
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    venv.create(folder, with_pip=False, clear=True)
    packages = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})["purelib"]
    Path(packages, "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    peer, *imports = PINNED
    for wanted in (["--no-deps", peer], ["--no-warn-conflicts", *imports]):
        subprocess.run([*pip, "--quiet", "--quiet", *wanted], check=True)
    (folder / "complete").touch()
    return python


def libraries(folder: Path) -> bool:
    """Fetch BertViz's libraries with npm into `folder`/libs; False without npm."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    for package, member, address in LIBRARIES:
        target = folder / "libs" / address
        if target.exists():
            continue
        done = subprocess.run(
            [npm, "pack", package, "--silent"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        archive = folder / done.stdout.split()[-1]
        with tarfile.open(archive) as packed:
            content = packed.extractfile(member).read()
        archive.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return True


def render(python: Path, folder: Path, weights: np.ndarray, tokens: list[str]) -> None:
    """Write model_view.html and head_view.html of the maps into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    maps = folder / "maps.npz"
    np.savez(maps, weights=weights, tokens=np.asarray(tokens))
    subprocess.run([python, RENDER, maps, folder], check=True)
    maps.unlink()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *parts: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free loopback port; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
