"""Check a lesson before a class sees it: `python -m interp_core.check_lesson my-lesson.md`.

It reads the file, measures every claim, and says what holds and what does not.
"""

from __future__ import annotations

import sys

from interp_core.errors import ClearheadError
from interp_core.lessons.claims import claims, holds, measured
from interp_core.lessons.library import find_term, marked_terms, read_lesson
from interp_core.lessons.record import Lesson


def check(path: str) -> bool:
    """Report on one file; whether all is well."""
    try:
        lesson = read_lesson(path)
        wrong = _unknown_terms(lesson)
        _say(f"{path}: “{lesson.title}”, {len(lesson.steps)} steps")
        for claim in claims(lesson):
            value = measured(claim, path)
            good = holds(claim, value)
            wrong += not good
            _say(f"  line {claim.line}: {claim.measure} is {value}: {'ok' if good else 'WRONG'}")
    except ClearheadError as error:
        _say(str(error))
        return False
    return not wrong


def _unknown_terms(lesson: Lesson) -> int:
    wrong = 0
    for step in lesson.steps:
        reveal = step.question.reveal if step.question else ""
        for term in marked_terms(f"{step.text}\n{reveal}"):
            if find_term(term) is None:
                wrong += 1
                _say(f"  “{step.title}”: the glossary has no [[{term}]].")
    return wrong


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Name one or more lesson files.")
    sys.exit(0 if all([check(path) for path in sys.argv[1:]]) else 1)
