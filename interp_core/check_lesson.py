"""Check a lesson before a class sees it.

    clearhead check-lesson my-lesson.md

Each file is read, every claim in it measured, and what holds and what does not is said. The exit
code is 1 where a claim does not hold, a term is not in the glossary, or the file is no lesson.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core import command
from interp_core.errors import BadInput, ClearheadError
from interp_core.lessons.library import find_term, marked_terms, read_lesson

if TYPE_CHECKING:
    from interp_core.lessons.record import Lesson


@dataclass
class Checked:
    """What was found in one file: sentences, and the same for machines."""

    file: str
    well: bool = True
    title: str | None = None
    claims: list[dict[str, Any]] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def wrong(self, mistake: str) -> None:
        """Note what is not well."""
        self.well = False
        self.mistakes.append(mistake.strip())
        self.lines.append(mistake)


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0 when all is well in all files, 1 when it is not."""
    parser = command.parser("check-lesson", __doc__ or "")
    parser.add_argument("files", nargs="+", help="one or more lesson files")
    asked = parser.parse_args(arguments)
    return command.ended(lambda: _run(asked.files, quiet=asked.quiet), as_json=asked.json)


def _run(files: list[str], *, quiet: bool) -> command.Outcome:
    from interp_core.report.machine import as_json, number

    found = []
    for place, path in enumerate(files, 1):
        found.append(check(path))
        if not quiet and len(files) > 1:
            command.progress(place, len(files))
    told = [
        {
            "file": each.file,
            "well": each.well,
            "title": each.title,
            "claims": [{key: number(v) for key, v in claim.items()} for claim in each.claims],
            "mistakes": each.mistakes,
        }
        for each in found
    ]
    return command.Outcome(
        tuple(line for each in found for line in each.lines),
        as_json({"clearhead_lessons": 1, "files": told}),
        0 if all(each.well for each in found) else command.FAILED,
    )


def check(path: str) -> Checked:
    """Look through one file. Raises `BadInput` where there is none."""
    from interp_core.lessons.claims import claims, holds, measured

    if not Path(path).is_file():
        raise BadInput(f"There is no file {path}.")
    found = Checked(path)
    try:
        lesson = read_lesson(path)
        found.title = lesson.title
        found.lines.append(f"{path}: “{lesson.title}”, {len(lesson.steps)} steps")
        for mistake in _unknown_terms(lesson):
            found.wrong(mistake)
        for claim in claims(lesson):
            value = measured(claim, path)
            good = holds(claim, value)
            found.well &= good
            found.claims.append(
                {"line": claim.line, "measure": claim.measure, "value": value, "holds": good}
            )
            said = f"{claim.measure} is {value}: {'ok' if good else 'WRONG'}"
            found.lines.append(f"  line {claim.line}: {said}")
    except ClearheadError as error:
        found.wrong(str(error))
    return found


def _unknown_terms(lesson: Lesson) -> Iterator[str]:
    for step in lesson.steps:
        reveal = step.question.reveal if step.question else ""
        for term in marked_terms(f"{step.text}\n{reveal}"):
            if find_term(term) is None:
                yield f"  “{step.title}”: the glossary has no [[{term}]]."


if __name__ == "__main__":
    sys.exit(main())
