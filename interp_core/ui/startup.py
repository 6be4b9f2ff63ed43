"""What the server does before it draws: logs, figures, addresses, walls of a shared server."""

from __future__ import annotations

from streamlit import config

from interp_core.models import tools
from interp_core.ui import discreet, events, links, metrics, sharing, swift

LARGEST = "server.maxUploadSize"


def begin() -> None:
    """Ready at once when it was done before."""
    events.start()
    swift.apply()
    metrics.register()
    links.clean()
    most = sharing.limits()
    tools.most_tokens = most and most.tokens
    if most is not None:
        discreet.apply()
        _refuse_larger(max(most.upload_bytes // 2**20, 1))


def _refuse_larger(megabytes: int) -> None:
    """Let the server itself refuse larger uploads: the pages see them when they are in memory."""
    if config.get_option(LARGEST) > megabytes:
        config.set_option(LARGEST, megabytes)
