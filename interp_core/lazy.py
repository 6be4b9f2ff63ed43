"""Packages whose public names are looked up when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def exports(
    package: str, homes: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], Callable[[str], object], Callable[[], list[str]]]:
    """`__all__`, `__getattr__` and `__dir__` of a package.

    `homes`: name of a module inside the package → public names that it defines.
    """
    where = {name: f"{package}.{module}" for module, names in homes.items() for name in names}
    listed = sorted(where)

    def look_up(name: str) -> object:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(where[name]), name)

    return listed, look_up, lambda: listed
