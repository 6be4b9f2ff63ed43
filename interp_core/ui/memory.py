"""Whether memory runs short on the server, and giving back what nobody needs any more."""

from __future__ import annotations

import gc

from interp_core.models.memory import available

SPARE = 768 * 2**20  # bytes; below, models are dropped: what a pass over a long text may need


def is_short() -> bool:
    """Whether memory runs short."""
    left = available()
    return left is not None and left < SPARE


def settle() -> None:
    """Free what nothing refers to, and keep what is left out of later collections.

    A loaded model is a hundred thousand objects that live long: without this, each collection
    would walk them all and hold up all sessions.
    """
    gc.unfreeze()  # objects that were frozen once are freed by no collection
    gc.collect()
    gc.freeze()
