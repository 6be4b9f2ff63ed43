"""Tell a caller how far a long computation is, and let the caller stop it."""

from __future__ import annotations

from collections.abc import Callable


def report(progress: Callable[[int, int], object] | None, done: int, expected: int) -> None:
    """Call `progress(done, expected)`; raise `Stopped` when it returns False."""
    if progress is not None and progress(done, expected) is False:
        from interp_core.analysis.explained import Stopped

        raise Stopped("Stopped before it was complete. Run it again to finish.")


def part_of(
    progress: Callable[[int, int], object] | None, start: int, end: int, whole: int = 100
) -> Callable[[int, int], object] | None:
    """The progress of one stage, told as the part from `start` to `end` of the `whole`."""
    if progress is None:
        return None
    return lambda done, expected: progress(
        start + round((end - start) * done / max(expected, 1)), whole
    )
