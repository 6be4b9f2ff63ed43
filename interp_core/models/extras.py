"""Packages that an extra of the package brings, and what is said where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from interp_core.errors import ModelNotFound


def require(package: str, what: str, extra: str) -> None:
    """Raise `ModelNotFound`, with the way to install it, where `what` needs a missing package."""
    if find_spec(package) is None:
        raise ModelNotFound(
            f"{what} needs the package {package}: `pip install 'clearhead[{extra}]'`, or "
            "`pip install -r requirements.txt` in the repository."
        )
