"""The built-in series of checkpoints, checked by hash before anything of it is loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from interp_core.errors import UnsafeModel

BUNDLED_SERIES = Path(__file__).parent / "bundled_series"
SERIES_FILE = "series.json"


def bundled_series() -> list[str]:
    """Names of the series that work without the internet."""
    return sorted(path.parent.name for path in BUNDLED_SERIES.glob(f"*/{SERIES_FILE}"))


def bundled_folder(name: str) -> Path:
    """The folder of a built-in series, whose files are those that were shipped.

    Raises `UnsafeModel` where a file differs or is missing.
    """
    folder = BUNDLED_SERIES / name
    facts = json.loads((folder / SERIES_FILE).read_text(encoding="utf-8"))
    for path, digest in facts["sha256"].items():
        file = folder / path
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise UnsafeModel(
                f"The file {path} of the built-in series {name!r} is not the one this version was "
                "checked with. Install Clearhead again."
            )
    return folder
