"""What a worker has: a model, loaded when it is first needed, and how it is told from another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class ModelSpec:
    """The arguments of `load_model`. A folder has the same path for every worker."""

    name: str
    device: str | None = None
    dtype: str | None = None

    def absolute(self) -> ModelSpec:
        """The same for a process that runs in another folder."""
        try:
            path = Path(self.name).expanduser()
            return replace(self, name=str(path.resolve())) if path.is_dir() else self
        except (OSError, RuntimeError, ValueError):  # no path at all
            return self

    def load(self) -> LoadedModel:
        """The model. Raises as `load_model`."""
        from interp_core.models.load import load_model

        return load_model(self.name, device=self.device, dtype=self.dtype)


@dataclass(frozen=True)
class WorkerIdentity:
    """What all workers must have in common: the same model, and the same program."""

    name: str
    revision: str
    dtype: str
    weights: str
    program: str


class Worker:
    """One worker: `name` is what the model is called in tables."""

    def __init__(self, spec: ModelSpec, name: str) -> None:
        self.spec, self.name = spec, name
        self._model: LoadedModel | None = None

    def identity(self) -> WorkerIdentity:
        """Which model this one has."""
        from interp_core.models.weights import weights_digest
        from interp_core.version import __version__

        model = self._loaded()
        return WorkerIdentity(
            model.name, model.revision, model.dtype, weights_digest(model), __version__
        )

    def do(self, work: Callable[..., Any], given: tuple) -> Any:
        """`work(model, *given)`."""
        return work(self._loaded(), *given)

    def _loaded(self) -> LoadedModel:
        if self._model is None:
            self._model = replace(self.spec.load(), name=self.name)
        return self._model
