"""Write what type checkers and editors read of the packages whose names are looked up lazily.

    python -m tools.stubs

For `interp_core` and each of its topics an `__init__.pyi` names every public name with the module
that defines it. `tests/test_public_names.py` compares them with what the packages say.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import interp_core as ic

WIDTH = 100
HEAD = '"""Written by `python -m tools.stubs`."""\n\n'


def stubs() -> dict[Path, str]:
    """The text of every stub by its path."""
    return {
        Path(module.__file__ or "").with_suffix(".pyi"): _text(module)
        for module in (ic, *ic.PACKAGES)
    }


def _text(module: ModuleType) -> str:
    if module is ic:
        homes = dict(ic.HOMES)
        for part in ic.PACKAGES:
            homes |= _whole(part)
        parts = [each.__name__.rpartition(".")[2] for each in ic.PACKAGES]
        lines = [f"from interp_core import {each} as {each}" for each in parts]
        lines += ["from interp_core.version import __version__ as __version__"]
    else:
        homes, lines = _whole(module), []
    lines += [_line(home, name) for home, names in homes.items() for name in names]
    return HEAD + "\n".join(sorted(lines)) + "\n"


def _line(home: str, name: str) -> str:
    line = f"from {home} import {name} as {name}"
    return line if len(line) <= WIDTH else f"from {home} import (\n    {name} as {name},\n)"


def _whole(part: ModuleType) -> dict[str, tuple[str, ...]]:
    """The modules of a topic by their whole names, with the public names that they define."""
    return {f"{part.__name__}.{home}": names for home, names in part.HOMES.items()}


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")
