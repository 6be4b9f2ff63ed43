"""What the server does before it draws: logs, figures, addresses, walls of a shared server."""

from __future__ import annotations

from interp_core.ui import discreet, events, links, metrics, sharing


def begin() -> None:
    """Ready at once when it was done before."""
    events.start()
    metrics.register()
    links.clean()
    if sharing.is_shared():
        discreet.apply()
