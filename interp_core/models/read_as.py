"""The tasks a checkpoint can be read as, by its configuration, before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from interp_core.errors import ClearheadError
from interp_core.models.tasks import readings


def offered_readings(name: str) -> tuple[str, ...]:
    """What a folder or a downloaded Hub model can be read as, the task it was saved for first.

    Reads `config.json` alone; empty for built-in models, adapters and what cannot be read.
    """
    from interp_core.models.folders import find_model_folder
    from interp_core.models.hub import cached_folder
    from interp_core.models.registry import bundled_card
    from interp_core.models.safety import read_json

    if not name or "\0" in name or bundled_card(name):
        return ()
    try:
        place = Path(name).expanduser()
        folder = place if place.is_dir() else cached_folder(name)
        if folder is None:
            return ()
        folder, _ = find_model_folder(folder)
        return readings(read_json(folder / "config.json"))
    except (ClearheadError, OSError, RuntimeError, ValueError):
        return ()
