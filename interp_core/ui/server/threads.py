"""How many threads torch takes: one beside other sessions, every core for a long computation alone.

Each session has a thread of its own, and torch would start as many again in each. The number holds
for the thread that sets it and for those that begin after that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from interp_core.ui.server import limits


@cache
def own() -> int:
    """What torch takes by itself: the cores of the machine, or `OMP_NUM_THREADS`."""
    import torch

    return torch.get_num_threads()


def one() -> None:
    """One thread, for what sessions do side by side."""
    import torch

    own()  # while it is still what torch takes
    torch.set_num_threads(1)


@contextmanager
def every_core() -> Iterator[None]:
    """All of them, while this computation runs. A server for many people keeps to one."""
    if limits.is_shared():
        yield
        return
    import torch

    torch.set_num_threads(own())
    try:
        yield
    finally:
        torch.set_num_threads(1)
