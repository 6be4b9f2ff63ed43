"""How much memory is left, and giving back what nobody needs any more."""

from __future__ import annotations

import gc
from pathlib import Path

SPARE = 768 * 2**20  # bytes; below, models are dropped: what a pass over a long text may need
SYSTEM = Path("/proc/meminfo")
# Limit, usage, and the name of what could be given back at once; of cgroups' versions 2 and 1.
GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def available() -> int | None:
    """Bytes that can still be had, by the system and by the container; None where nobody tells."""
    told = [_of_system(), *(_of_group(*files) for files in GROUPS)]
    return min((each for each in told if each is not None), default=None)


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


def _of_system() -> int | None:
    try:
        lines = SYSTEM.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _of_group(limit: str, usage: str, reclaimable: str) -> int | None:
    try:
        most, used = (int(Path(file).read_text(encoding="ascii")) for file in (limit, usage))
        stat = Path(usage).with_name("memory.stat").read_text(encoding="ascii").splitlines()
        named = dict(line.split() for line in stat)
        return most - used + int(named.get(reclaimable, 0))
    except (OSError, ValueError):  # no such version, or the limit is "max"
        return None
