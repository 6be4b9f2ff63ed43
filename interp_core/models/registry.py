"""The built-in models: one folder with a `card.json` for each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

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
