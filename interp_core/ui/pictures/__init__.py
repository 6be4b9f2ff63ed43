"""What the pages show for models that look at pictures."""

from __future__ import annotations

from interp_core.ui.pictures import attention, attributions, heads
from interp_core.ui.pictures.chooser import reads_pictures

__all__ = ["attention", "attributions", "heads", "reads_pictures"]
