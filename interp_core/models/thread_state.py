"""What transformers sets for the whole process while it builds a model, for this thread alone.

Other threads compute meanwhile: they would take the number format of the model that is built, and
their random numbers would be others.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

_HERE = threading.local()
_DEFAULT = torch.get_default_dtype


def default_dtype() -> torch.dtype:
    """What `torch.get_default_dtype` is to say in this thread."""
    return getattr(_HERE, "dtype", None) or _DEFAULT()


class ThreadDtype(TorchFunctionMode):
    """Inside, numbers whose format neither the call nor what it is given says have this one.

    In place of transformers' `local_torch_dtype`, which sets torch's default.
    """

    NAMED = ("float", "type")  # methods that say the format by themselves

    def __init__(self, dtype: torch.dtype, model_class_name: str | None = None) -> None:
        super().__init__()
        if not dtype.is_floating_point:
            raise ValueError(f"{model_class_name or 'A model'} cannot be built in {dtype}.")
        self.dtype = dtype

    def __enter__(self) -> ThreadDtype:
        self.before, _HERE.dtype = getattr(_HERE, "dtype", None), self.dtype
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        _HERE.dtype = self.before
        super().__exit__(*error)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        if not isinstance(made, torch.Tensor) or made.dtype != _DEFAULT():
            return made
        said = getattr(func, "__name__", "") in self.NAMED
        said = said or any(map(_says_format, tree_leaves((args, kwargs))))
        return made if said else made.to(self.dtype)


def _says_format(given: object) -> bool:
    if isinstance(given, torch.Tensor):
        return given.is_floating_point() or given.is_complex()
    return isinstance(given, torch.dtype | np.ndarray)


class ThreadRandom(TorchFunctionMode):
    """Inside, random numbers come from a generator of its own: `global_seed` goes on elsewhere."""

    FILLS = ("bernoulli_", "exponential_", "kaiming_uniform_", "normal_", "random_", "uniform_")
    DRAWS = ("bernoulli", "multinomial", "normal", "rand", "randint", "randn", "randperm", *FILLS)

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in self.DRAWS and kwargs.get("generator") is None:
            kwargs = kwargs | {"generator": self.generator}
        return func(*args, **kwargs)
