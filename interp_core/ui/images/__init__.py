"""What the pages show for models that look at pictures."""

from __future__ import annotations

from interp_core.ui.images import attention, attribution, heads
from interp_core.ui.images.question import reads_pictures

__all__ = ["attention", "attribution", "heads", "reads_pictures"]
