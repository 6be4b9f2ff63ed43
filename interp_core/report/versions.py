"""The versions on which numbers depend."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from interp_core.version import __version__

PACKAGES = (
    "torch",
    "transformers",
    "captum",
    "umap-learn",
    "openTSNE",
    "scikit-learn",
    "numpy",
    "pandas",
    "altair",
    "streamlit",
)


@cache
def versions() -> dict[str, str]:
    """Name to version: Clearhead, Python and the packages that compute or draw."""
    found = {"clearhead": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
