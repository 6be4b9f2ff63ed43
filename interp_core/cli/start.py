"""Start the app, or one of the other commands.

    clearhead
    clearhead --open --model path/to/my-model
    clearhead corpus --sample

Without a command the app starts on this computer and its address is printed; Ctrl+C stops it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from interp_core import cli, command
from interp_core.errors import BadInput, ModelNotFound
from interp_core.models.hub import HUB_ID, split_revision
from interp_core.models.registry import bundled_card
from interp_core.version import __version__


def main(arguments: list[str] | None = None) -> int:
    """Start the app; returns when it is stopped."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    return command.ended(lambda: _run(asked), stopped="Clearhead has stopped.")


def _parser() -> argparse.ArgumentParser:
    called = command.program()
    parser = argparse.ArgumentParser(
        prog=called,
        description=(__doc__ or "").replace(f"    {command.PROGRAM}", f"    {called}"),
        epilog=f"{cli.listed()}\n\n{command.CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, help="the port to listen on (8501, or the next free)")
    parser.add_argument(
        "--shared",
        action="store_true",
        help="for many people: listen to the network, load only built-in models, limit requests",
    )
    parser.add_argument("--model", help="the model to begin with: a built-in name, folder, Hub id")
    parser.add_argument("--open", action="store_true", help="open a browser")
    parser.add_argument("--version", action="version", version=f"{command.PROGRAM} {__version__}")
    return parser


def _run(asked: argparse.Namespace) -> command.Outcome:
    if asked.port is not None and not 1 <= asked.port <= 65_535:
        raise BadInput(f"--port is a number from 1 to 65535, not {asked.port}.")
    model = None if asked.model is None else _checked(asked.model)
    if asked.shared:
        os.environ["CLEARHEAD_SHARED"] = "1"
        if model:  # who runs the server opens what they name
            opened = os.environ.get("CLEARHEAD_MODELS")
            os.environ["CLEARHEAD_MODELS"] = f"{opened},{model}" if opened else model
    from interp_core.ui import serve

    return command.Outcome(
        (), "", serve.serve(port=asked.port, shared=asked.shared, model=model, browser=asked.open)
    )


def _checked(name: str) -> str:
    """The name or the whole path of a model. Raises `ModelNotFound` where there cannot be one."""
    if bundled_card(name) is not None:
        return name
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path.resolve())
    if path.exists() or not HUB_ID.fullmatch(split_revision(name)[0]):
        raise ModelNotFound(f"--model {name}: this is no built-in model, no folder and no Hub id.")
    return name


if __name__ == "__main__":
    sys.exit(main())
