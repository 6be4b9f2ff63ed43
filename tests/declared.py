"""What the requirement files declare, and an environment that has just that and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
APP = ("requirements.txt", "constraints.txt", "requirements-models.txt")
TESTS = ("requirements-dev.txt", "constraints-dev.txt")
CLUSTER = "requirements-cluster.txt"
COMMAND = "#!{python}\nimport sys\nfrom streamlit.web.cli import main\n\nsys.exit(main())\n"

# Numba keeps what it has compiled by the place of the source: these are imported from where they
# are, so that it is compiled once for all.
COMPILED = ("umap", "pynndescent")
FINDER = """
import sys
from importlib.machinery import PathFinder


class InPlace:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, [{site!r}]) if name in {names!r} else None


sys.meta_path.insert(0, InPlace)
"""


def normal(name: str) -> str:
    """The one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*files: str) -> set[str]:
    """The names of the distributions in these files. What they refer to is not followed."""
    lines = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in files).splitlines()
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines)
    return {normal(match[0]) for match in found if match}


def brought_by(names: set[str]) -> set[str]:
    """These and all that they say they need on this machine, and what that needs, and so on."""
    found: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for line in next((each.requires or () for each in installed({name})), ()):
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(normal(needed.name), each) for each in ("", *needed.extras)]
    return {name for name, _ in found}


def everything() -> set[str]:
    """All distributions that are here, wanted or not."""
    return {normal(each.name) for each in distributions()}


def installed(names: set[str]) -> list[Distribution]:
    """Those that are here: some are for other systems."""
    found = []
    for name in sorted(names):
        try:
            found.append(distribution(name))
        except PackageNotFoundError:
            continue
    return found


def environment(folder: Path, names: set[str]) -> Path:
    """Make a virtual environment of links to the files of these distributions: its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    for each in installed(names):
        for file in each.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                _link(Path(each.locate_file("")), site, file.parts)
    for name in COMPILED:
        if (site / name).exists():
            here = str((site / name).resolve().parent)
            (folder / "in_place.py").write_text(FINDER.format(site=here, names=COMPILED))
            (site / "in_place.pth").write_text(f"{folder}\nimport in_place\n")
    python = folder / "bin" / "python"
    command = folder / "bin" / "streamlit"
    command.write_text(COMMAND.format(python=python), encoding="utf-8")
    command.chmod(0o755)
    return python


def _link(source: Path, site: Path, parts: tuple[str, ...]) -> None:
    """Link the outermost folder that belongs to one distribution alone: that has an __init__."""
    for depth in range(1, len(parts) + 1):
        part = Path(*parts[:depth])
        if (site / part).is_symlink():
            return
        whole = depth == len(parts) or (source / part / "__init__.py").exists()
        if whole or part.name.endswith(".dist-info"):
            (site / part).parent.mkdir(parents=True, exist_ok=True)
            (site / part).symlink_to(source / part)
            return
