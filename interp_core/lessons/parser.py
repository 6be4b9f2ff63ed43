"""The steps of a lesson: headings, text, `Open:`, `Predict:` with options, `Reveal:`, claims."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from interp_core.lessons.record import Claim, Link, Question, Step, file_error, read_link

MOST_STEPS, MOST_CLAIMS = 30, 30
FEWEST_OPTIONS, MOST_OPTIONS = 2, 4
_OPTION = re.compile(r"- \[( |x|X)\] (.*\S)\s*$")


@dataclass
class _Draft:
    """A step while its lines are read; `where` is what plain lines belong to."""

    title: str
    line: int
    where: str = "text"
    parts: dict[str, list[str]] = field(
        default_factory=lambda: {"text": [], "question": [], "reveal": []}
    )
    options: list[str] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    link: Link | None = None
    claims: list[Claim] = field(default_factory=list)


def read_steps(lines: list[tuple[int, str]], name: str) -> tuple[Step, ...]:
    """The steps of numbered lines."""
    drafts: list[_Draft] = []
    rest = iter(lines)
    for number, line in rest:
        if line.startswith("## "):
            drafts.append(_Draft(line[3:].strip(), number))
        elif not drafts:
            if line.strip():
                raise file_error(name, number, "text stands before the first step, `## Title`.")
        elif line.strip() == "```claim":
            drafts[-1].claims.append(_claim(rest, name, number))
        else:
            _take(drafts[-1], line, name, number)
    if not drafts:
        raise file_error(name, lines[-1][0] if lines else 1, "there is no step: write `## Title`.")
    if len(drafts) > MOST_STEPS:
        raise file_error(name, drafts[MOST_STEPS].line, f"a lesson has at most {MOST_STEPS} steps.")
    return tuple(_finished(draft, name) for draft in drafts)


def _claim(rest: Iterator[tuple[int, str]], name: str, number: int) -> Claim:
    block: list[str] = []
    for _, line in rest:
        if line.strip() == "```":
            return read_claim("\n".join(block), name, number + 1)
        block.append(line)
    raise file_error(name, number, "the claim is not closed with ```.")


def _take(draft: _Draft, line: str, name: str, number: int) -> None:
    """One line of a step that is neither a heading nor part of a claim."""
    word, colon, after = line.partition(":")
    option = _OPTION.match(line)
    if colon and word in _STARTS:
        _STARTS[word](draft, after.strip(), name, number)
    elif option:
        if draft.where != "question":
            raise file_error(
                name, number, "an option stands below `Predict:` and before `Reveal:`."
            )
        if option[1] != " ":
            draft.right.append(len(draft.options))
        draft.options.append(option[2])
    elif draft.where == "question" and draft.options and line.strip():
        raise file_error(name, number, "after the options comes `Reveal:`, which explains.")
    else:
        draft.parts[draft.where].append(line)


def _open(draft: _Draft, after: str, name: str, number: int) -> None:
    if draft.link is not None:
        raise file_error(name, number, "a step opens one view; begin another step for the next.")
    draft.link = read_link(after, name, number)


def _predict(draft: _Draft, after: str, name: str, number: int) -> None:
    if draft.where != "text":
        raise file_error(name, number, "a step asks one question; begin another step for the next.")
    draft.where = "question"
    draft.parts["question"].append(after)


def _reveal(draft: _Draft, after: str, name: str, number: int) -> None:
    if draft.where != "question":
        raise file_error(name, number, "`Reveal:` needs a `Predict:` with options above it.")
    draft.where = "reveal"
    draft.parts["reveal"].append(after)


_STARTS = {"Open": _open, "Predict": _predict, "Reveal": _reveal}


def _finished(draft: _Draft, name: str) -> Step:
    if not draft.title:
        raise file_error(name, draft.line, "the step has no title.")
    if len(draft.claims) > MOST_CLAIMS:
        raise file_error(name, draft.line, f"a step has at most {MOST_CLAIMS} claims.")
    texts = {where: "\n".join(lines).strip() for where, lines in draft.parts.items()}
    question = None if draft.where == "text" else _question(draft, texts, name)
    return Step(draft.title, texts["text"], draft.link, question, tuple(draft.claims), draft.line)


def _question(draft: _Draft, texts: dict[str, str], name: str) -> Question:
    if not FEWEST_OPTIONS <= len(draft.options) <= MOST_OPTIONS:
        raise file_error(
            name, draft.line, f"a question has {FEWEST_OPTIONS} to {MOST_OPTIONS} options, `- [ ]`."
        )
    if len(draft.right) != 1:
        raise file_error(name, draft.line, "exactly one option is right: mark it `- [x]`.")
    for part in ("question", "reveal"):
        if not texts[part]:
            word = "Predict" if part == "question" else "Reveal"
            raise file_error(name, draft.line, f"the step has no text after `{word}:`.")
    return Question(texts["question"], tuple(draft.options), draft.right[0], texts["reveal"])


OWN = ("measure", "model", "least", "most", "equals")
_AT = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")


def read_toml(text: str, name: str, line: int) -> dict:
    """The table; a mistake is reported with its line in the whole file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        place = int(found[1]) - 1 if found and found[1] else 0
        said = _AT.sub("", str(error))
        raise file_error(name, line + place, f"this is not TOML ({said}).") from None


def read_claim(text: str, name: str, line: int) -> Claim:
    """The claim in a block whose content begins at `line`."""
    table = read_toml(text, name, line)
    for key in ("measure", "model"):
        if not isinstance(table.get(key), str):
            raise file_error(name, line, f'a claim needs `{key} = "…"`.')
    bounds = {key: table.get(key) for key in ("least", "most", "equals")}
    if all(value is None for value in bounds.values()):
        raise file_error(name, line, "a claim needs `least`, `most` or `equals`.")
    for key in ("least", "most"):
        value = bounds[key]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise file_error(name, line, f"`{key}` is a number.")
    for key, value in table.items():
        if not isinstance(value, str | int | float):
            raise file_error(name, line, f"`{key}` is a text, a number, true or false.")
    options = tuple((key, value) for key, value in table.items() if key not in OWN)
    return Claim(table["measure"], table["model"], options, **bounds, line=line)
