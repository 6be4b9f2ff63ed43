"""The built-in models: one folder with a `card.json` for each.

Some have their weights in installed Python packages, where they are found without importing the
package and checked by hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from interp_core.errors import ModelNotFound, UnsafeModel

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True)
class ModelCard:
    """What a built-in model is, in figures that were measured on the shipped files.

    `form` says what the folder beside the card holds: "backbone" (nothing: the MiniLM weights
    alone), "adapter" (low-rank updates of the backbone and a head), "recurrent" (a network on the
    backbone's word vectors), "folder" (a whole model as `save_pretrained` writes it), or "package"
    (nothing: a second installed package brings the weights).
    """

    name: str
    title: str
    task: str
    layers: int
    heads: int
    parameters: int
    licence: str
    source: str
    metrics: dict[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    base: str | None = None
    form: str = "backbone"
    revision: str = ""

    @property
    def folder(self) -> Path:
        """The folder of the card, the weights and the README."""
        return BUNDLED / self.name

    @property
    def reads_images(self) -> bool:
        """Whether it is a model of images; a package brings one."""
        return self.task == "image-classification" or self.form == "package"


def _read(path: Path) -> ModelCard:
    data = json.loads(path.read_text(encoding="utf-8"))
    known = {name: data[name] for name in ModelCard.__dataclass_fields__ if name in data}
    return ModelCard(**{**known, "labels": tuple(known.get("labels", ()))})


@cache
def _cards() -> tuple[ModelCard, ...]:
    return tuple(_read(path) for path in sorted(BUNDLED.glob("*/card.json")))


def bundled_models() -> list[ModelCard]:
    """Cards of the models that work without the internet, sorted by name."""
    return list(_cards())


def bundled_card(name: str) -> ModelCard | None:
    """The card of a built-in model, or None when `name` is not one."""
    return next((card for card in _cards() if card.name == name), None)


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
        try:
            info = found.stat()
            digest = _digest(found, info.st_size, info.st_mtime_ns)
        except OSError as error:
            raise ModelNotFound(
                f"{found.name} of the package {self.package} cannot be read ({error.strerror}). "
                f"Install it again: `{self.install}`."
            ) from error
        if digest != self.sha256:
            raise UnsafeModel(
                f"The weights in {self.package} are not the ones this version was checked with. "
                f"Remove the package and install it again: `{self.install}`."
            )
        return found


@lru_cache(maxsize=4)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
