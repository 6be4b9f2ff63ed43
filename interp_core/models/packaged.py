"""Weights that come in installed Python packages: found without importing them, checked by hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from interp_core.errors import ModelNotFound, UnsafeModel


@dataclass(frozen=True)
class PackagedFile:
    """One file of weights inside a package of a fixed version; `install` is how to get it."""

    package: str
    path: str
    sha256: str
    needed_by: str
    install: str

    def find(self) -> Path:
        """Where the file lies. Raises `ModelNotFound`, or `UnsafeModel` for another file."""
        spec = find_spec(self.package.replace("-", "_"))
        found = Path(spec.origin).parent / self.path if spec and spec.origin else None
        if found is None or not found.is_file():
            raise ModelNotFound(f"{self.needed_by} the package {self.package}: `{self.install}`.")
        info = found.stat()
        if _digest(found, info.st_size, info.st_mtime_ns) != self.sha256:
            raise UnsafeModel(
                f"The weights in {self.package} are not the ones this version was checked with. "
                f"Remove the package and install it again: `{self.install}`."
            )
        return found


@lru_cache(maxsize=4)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
