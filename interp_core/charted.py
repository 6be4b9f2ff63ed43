"""Records that have pictures: by `.chart()`, and as the last line of a notebook's cell.

The pictures are made in `interp_core.drawing`, which stands above all records. It is imported, with
Altair, when the first picture is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

RECORDS = "interp_core.drawing.records"


class Charted:
    """A record that `interp_core.drawing.records` has pictures of."""

    def chart(self, view: str | None = None, *given: Any, **options: Any) -> Any:
        """An Altair chart of this record, the one that the app's page shows.

        `view` names one of several pictures (see `views`), by default the first; what else is given
        goes to its function in `interp_core.drawing`. It is interactive in a notebook without a
        connection, and `.save("picture.html")` (or .png, .svg) writes it. Raises `BadInput`.
        """
        return import_module(RECORDS).chart(self, view, *given, **options)

    def views(self) -> dict[str, str]:
        """What `.chart(view)` can show of this record, by name: one line each."""
        return import_module(RECORDS).views(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return import_module(RECORDS).bundle(self)
