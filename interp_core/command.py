"""What the commands of the package share: a parser, progress, results as text or JSON, exit codes.

| code | meaning |
| --- | --- |
| 0 | done; every threshold and claim that was given is met |
| 1 | done, and a threshold or a claim is not met |
| 2 | not done: the arguments, a file or a model cannot be used |
| 130 | stopped by Ctrl+C |
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

from interp_core import locations
from interp_core.errors import BadInput, ClearheadError

FAILED, BROKEN, INTERRUPTED = 1, 2, 130
PROGRAM = "clearhead"
CODES = (
    "exit codes: 0 done, 1 done and a threshold or claim is not met, 2 not done because of\n"
    "the arguments, a file or a model, 130 stopped"
)


@dataclass(frozen=True)
class Outcome:
    """What a command has found: `lines` for people, `data` as JSON for machines, the exit code."""

    lines: tuple[str, ...]
    data: str
    code: int = 0


def program() -> str:
    """What the reader types before the name of a command: the repository has no `clearhead`."""
    called = locations.IS_INSTALLED or Path(sys.argv[0]).stem == PROGRAM
    return PROGRAM if called else "python -m interp_core"


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are JSON too where `--json` is among the arguments."""

    given: Sequence[str] = ()

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; the arguments are kept for `error`."""
        self.given = sys.argv[1:] if args is None else list(args)
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Usage and message on the error stream, the message as JSON, exit code 2."""
        if wants_json(self.given):
            _write_error(sys.stdout, BadInput.__name__, message)
        super().error(message)


def wants_json(given: Sequence[str]) -> bool:
    """Whether `--json`, or a beginning of it, is among arguments that need not be valid."""
    options = list(given)[: list(given).index("--")] if "--" in given else given
    return any(len(each) > 2 and "--json".startswith(each) for each in options)


def parser(name: str, about: str) -> Parser:
    """A parser for `clearhead NAME` that shows `about`, a module's docstring, as it is written.

    Every command has `--quiet` and `--json`.
    """
    called = f"{program()} {name}"
    made = Parser(
        prog=called,
        description=about.replace(f"{PROGRAM} {name}", called),
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--quiet", action="store_true", help="print no progress")
    made.add_argument(
        "--json", action="store_true", help="print the result as JSON, and nothing else"
    )
    return made


def ended(
    work: Callable[[], Outcome],
    *,
    as_json: bool = False,
    stopped: str = "Stopped; nothing was written.",
) -> int:
    """Run `work`, print what it has found, and return the exit code.

    With `as_json` the standard output holds one JSON document and nothing else, whatever libraries
    print: the result, or `{"error": …, "message": …}`.
    """
    out = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            found = work()
    except ClearheadError as error:
        say(f"{type(error).__name__}: {error}")
        if as_json:
            _write_error(out, type(error).__name__, str(error))
        return BROKEN
    except KeyboardInterrupt:
        say(f"\n{stopped}")
        return INTERRUPTED
    out.write(f"{found.data}\n" if as_json else "".join(f"{line}\n" for line in found.lines))
    return found.code


def refused(message: str, given: Sequence[str]) -> int:
    """Say why nothing is done, as JSON too where `given` asks for it; the exit code."""
    if wants_json(given):
        _write_error(sys.stdout, BadInput.__name__, message)
    say(message)
    return BROKEN


def _write_error(out: TextIO, kind: str, message: str) -> None:
    out.write(f"{json.dumps({'error': kind, 'message': message}, ensure_ascii=False)}\n")


def folder(out: str) -> Path:
    """The folder to write into, made where it is not there; before hours of work, not after them.

    Raises `BadInput`.
    """
    path = Path(out).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise BadInput(
            f"Nothing can be written into {out!r} ({error.strerror}). Name another folder."
        ) from error
    return path


def say(line: str) -> None:
    """A line beside the result: on the error stream, so that results can be piped."""
    sys.stderr.write(f"{line}\n")


def progress(done: int, expected: int) -> None:
    """How much is done, always in the same line."""
    count(f"{done / max(expected, 1):.0%}")


def count(line: str) -> None:
    """Say `line` in the place of the last one."""
    sys.stderr.write(f"\r{line}")
    sys.stderr.flush()
