"""The command `clearhead`, which is also `python -m interp_core`: the app, and every other command.

Nothing of what a command needs is imported before it is chosen.
"""

from __future__ import annotations

import sys
from importlib import import_module

from interp_core.command import PROGRAM, program, refused
from interp_core.version import __version__

START = "interp_core.cli.start"
# Name → the module whose `main` it is, and what `--help` says.
COMMANDS = {
    "corpus": ("interp_core.corpus", "head statistics of a file of texts of any size"),
    "audit": ("interp_core.audit.__main__", "scores, slices and a verdict on labelled texts"),
    "compare": ("interp_core.compare.__main__", "what differs between two models"),
    "training-dynamics": (
        "interp_core.training_dynamics.__main__",
        "learning curves of a folder of checkpoints",
    ),
    "check-lesson": ("interp_core.check_lesson", "whether a lesson's claims hold"),
    "add": ("interp_core.cli.add", "the language model, or the model of photographs"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the first argument names, else start the app; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["--version"]:
        sys.stdout.write(f"{PROGRAM} {__version__}\n")
        return 0
    if not given or given[0].startswith("-"):
        return import_module(START).main(given)
    if given[0] not in COMMANDS:
        return refused(f"There is no command {given[0]!r}.\n\n{listed()}", given)
    return import_module(COMMANDS[given[0]][0]).main(given[1:])


def listed() -> str:
    """The commands, one a line, for `--help`."""
    wide = max(map(len, COMMANDS))
    lines = "".join(f"  {name:{wide}}  {about}\n" for name, (_, about) in COMMANDS.items())
    return f"commands:\n{lines}\n`{program()} COMMAND --help` shows its options and an example."
