"""Type checkers and editors see every public name, where it is defined."""

from __future__ import annotations

import tomllib

from tests.declared import ROOT
from tools.stubs import stubs


def test_the_stubs_are_what_the_packages_say():
    for path, text in stubs().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python -m tools.stubs"


def test_modules_that_are_checked_less_exist():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    less = [each for each in settings["overrides"] if "disable_error_code" in each]
    for name in (name for each in less for name in each["module"]):
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), name
