"""What the commands of the package share: a parser, one line of progress, and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from interp_core.errors import ClearheadError

FAILED, BROKEN, INTERRUPTED = 1, 2, 130


def parser(prog: str, about: str | None) -> argparse.ArgumentParser:
    """A parser for `python -m PROG` that shows `about`, a module's docstring, as it is written."""
    return argparse.ArgumentParser(
        prog=f"python -m {prog}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def ended(
    work: Callable[[], int],
    *,
    stopped: str = "Stopped; nothing was written.",
    broken: int = BROKEN,
) -> int:
    """The exit code of `work`: its own, or `broken` after an error, which is told in one line."""
    try:
        return work()
    except ClearheadError as error:
        say(f"{type(error).__name__}: {error}")
        return broken
    except KeyboardInterrupt:
        say(f"\n{stopped}")
        return INTERRUPTED


def say(line: str) -> None:
    """A line beside the result: on the error stream, so that results can be piped."""
    sys.stderr.write(f"{line}\n")


def progress(done: int, expected: int) -> None:
    """How much is done, always in the same line."""
    sys.stderr.write(f"\r{done / max(expected, 1):.0%}")
    sys.stderr.flush()
