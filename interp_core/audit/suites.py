"""Behaviour tests in TOML: templates filled from word lists, within bounds.

    title = "My suite"
    [lists]
    thing = ["film", "book"]
    good = ["good", "great"]
    bad = ["bad", "dull"]

    [[tests]]                      # minimum functionality: the answer must be this label
    capability = "negation"
    name = "not good"
    kind = "label"
    label = "negative"
    templates = ["The {thing} was not {good}."]

    [[tests]]                      # invariance: |Δ probability| of the label stays within a bound
    capability = "names"
    name = "another name"
    kind = "invariance"
    bound = 0.1
    templates = [["Anna liked the {thing}.", "Omar liked the {thing}."]]

    [[tests]]                      # direction: the probability must not move the other way
    capability = "intensifiers"
    name = "very good"
    kind = "direction"
    label = "positive"
    direction = "up"
    templates = [["The {thing} was {good}.", "The {thing} was very {good}."]]

Instead of a second text, `change = "typing error"`, "capitals", "exclamation mark" or "numbers"
makes it from the first. `vary = "name"` exchanges the word of the list `name` for another of it.
Templates are text: "{word}" stands for a word of the list, and nothing is ever evaluated.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from interp_core.errors import BadInput

DATA = Path(__file__).resolve().parent / "data"
MOST_BYTES = 2**18
MOST_TESTS, MOST_LISTS, MOST_WORDS, MOST_TEMPLATES = 200, 100, 500, 50
MOST_CHARACTERS = 1_000  # of a template
MOST_CASES = 200  # of one test
CASES = 24  # of one test, unless it says otherwise
LABEL, INVARIANCE, DIRECTION = KINDS = ("label", "invariance", "direction")
PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,39})\}")
KEYS = frozenset(
    [
        "capability",
        "name",
        "kind",
        "label",
        "bound",
        "direction",
        "templates",
        "change",
        "vary",
        "cases",
        "slack",
    ]
)


@dataclass(frozen=True)
class Test:
    """One test of a capability: its kind, what it demands, and its filled texts.

    `cases` are (text, None) for the kind "label", else (text, changed text).
    """

    __test__ = False  # not one of pytest's

    capability: str
    name: str
    kind: str
    cases: tuple[tuple[str, str | None], ...]
    label: str | None = None
    bound: float = 0.1
    direction: str = "up"
    slack: float = 0.0


@dataclass(frozen=True)
class Suite:
    """Tests for models that have these labels."""

    title: str
    tests: tuple[Test, ...]

    @property
    def labels(self) -> set[str]:
        """Labels that the tests name."""
        return {test.label for test in self.tests if test.label is not None}


def built_in_suites() -> dict[str, str]:
    """Names of the built-in suites, and their titles."""
    return {"sentiment": "Opinions, positive and negative", "intents": "Requests in seven intents"}


def read_suite(source: str | bytes | Path, *, seed: int = 0) -> Suite:
    """A built-in suite by name, a TOML file by its path, or the bytes of one.

    Raises `BadInput` for a file that is no suite, and for one beyond the bounds of this module.
    """
    if isinstance(source, str) and source in built_in_suites():
        source = DATA / f"behaviour_{source}.toml"
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            known = ", ".join(built_in_suites())
            raise BadInput(f"There is no suite {str(source)!r}. Built in: {known}; or give a file.")
        if path.stat().st_size > MOST_BYTES:
            raise _too_large()
        source = path.read_bytes()
    if len(source) > MOST_BYTES:
        raise _too_large()
    try:
        table = tomllib.loads(bytes(source).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"The suite cannot be read as TOML in UTF-8: {error}.") from error
    return _suite(table, seed)


def _too_large() -> BadInput:
    return BadInput(f"The suite is larger than {MOST_BYTES // 1024} KB. Split it.")


def _suite(table: Mapping[str, Any], seed: int) -> Suite:
    lists = table.get("lists", {})
    tests = table.get("tests", [])
    if not isinstance(lists, dict) or not isinstance(tests, list) or not tests:
        raise BadInput("A suite needs [[tests]], and its word lists under [lists].")
    if len(lists) > MOST_LISTS or len(tests) > MOST_TESTS:
        raise BadInput(f"A suite has at most {MOST_TESTS} tests and {MOST_LISTS} word lists.")
    words = {name: _words(name, some) for name, some in lists.items()}
    made = tuple(
        _test(each, words, random.Random(f"{seed}.{number}"), number)
        for number, each in enumerate(tests, 1)
    )
    return Suite(str(table.get("title", "Own suite"))[:200], made)


def _words(name: str, some: Any) -> tuple[str, ...]:
    fits = isinstance(some, list) and 0 < len(some) <= MOST_WORDS
    if not fits or not all(isinstance(each, str) and len(each) <= 200 for each in some):
        raise BadInput(f"The list {name!r} needs 1 to {MOST_WORDS} words in quotation marks.")
    return tuple(dict.fromkeys(some))


def _test(each: Any, words: Mapping[str, tuple[str, ...]], rng: random.Random, number: int) -> Test:
    where = f"Test {number}"
    if not isinstance(each, dict):
        raise BadInput(f"{where} is not a table. Begin it with [[tests]].")
    unknown = sorted(set(each) - KEYS)
    if unknown:
        raise BadInput(
            f"{where} has the unknown key {unknown[0]!r}. Keys: {', '.join(sorted(KEYS))}."
        )
    name = str(each.get("name") or where)[:200]
    where = f"{where} ({name[:60]})"
    kind = each.get("kind", LABEL)
    if kind not in KINDS:
        raise BadInput(f"{where}: the kind is one of {', '.join(KINDS)}, not {kind!r}.")
    label = each.get("label")
    if not isinstance(label, str | None) or (label is None and kind != INVARIANCE):
        raise BadInput(f'{where} needs `label = "..."`.')
    if each.get("direction", "up") not in ("up", "down"):
        raise BadInput(f'{where}: the direction is "up" or "down".')
    bound, slack = (_share(each.get(key, usual), key, where) for key, usual in BOUNDS.items())
    cases = _cases(each, kind, words, rng, where)
    return Test(
        str(each.get("capability", "other"))[:100],
        name,
        kind,
        cases,
        label,
        bound,
        each.get("direction", "up"),
        slack,
    )


BOUNDS = {"bound": 0.1, "slack": 0.0}


def _share(value: Any, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"{where}: `{key}` is a difference of probabilities from 0 to 1.")
    return float(value)


def _cases(
    each: Mapping[str, Any],
    kind: str,
    words: Mapping[str, tuple[str, ...]],
    rng: random.Random,
    where: str,
) -> tuple[tuple[str, str | None], ...]:
    templates = each.get("templates")
    if not isinstance(templates, list) or not 0 < len(templates) <= MOST_TEMPLATES:
        raise BadInput(f"{where} needs 1 to {MOST_TEMPLATES} templates.")
    wanted = each.get("cases", CASES)
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 < wanted <= MOST_CASES:
        raise BadInput(f"{where}: `cases` is a number from 1 to {MOST_CASES}.")
    change, vary = each.get("change"), each.get("vary")
    if change is not None and change not in CHANGES:
        raise BadInput(f"{where}: a change is one of {', '.join(CHANGES)}.")
    if vary is not None and len(words.get(vary, ())) < 2:
        raise BadInput(f"{where}: `vary` names a list of at least two words.")
    found: dict[tuple[str, str | None], None] = {}
    for number, template in enumerate(templates):
        share = wanted // len(templates) + (number < wanted % len(templates))
        both = _pair(template, kind, change or vary, where)
        for filled, chosen in _filled(both, words, share, rng, where):
            found[_case(filled, chosen, both, kind, change, vary, words, rng)] = None
    kept = [case for case in found if case[1] is None or case[0] != case[1]]
    if not kept:
        raise BadInput(f"{where}: no change alters its texts.")
    return tuple(kept)


def _pair(template: Any, kind: str, made: Any, where: str) -> tuple[str, ...]:
    """One template, or the two of a text and its change."""
    parts = tuple(template) if isinstance(template, list) else (template,)
    needed = 2 if kind != LABEL and not made else 1
    if len(parts) != needed or not all(isinstance(part, str) and part.strip() for part in parts):
        told = "pairs of texts in square brackets" if needed == 2 else "texts"
        raise BadInput(f"{where}: templates are {told} in quotation marks.")
    if max(map(len, parts)) > MOST_CHARACTERS:
        raise BadInput(f"{where}: a template has at most {MOST_CHARACTERS:,} characters.")
    return parts


def _filled(
    parts: tuple[str, ...],
    words: Mapping[str, tuple[str, ...]],
    count: int,
    rng: random.Random,
    where: str,
) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """`count` different fillings, drawn without listing all of them."""
    names = list(dict.fromkeys(name for part in parts for name in PLACE.findall(part)))
    for name in names:
        if name not in words:
            raise BadInput(f"{where} fills {{{name}}}, but there is no list of this name.")
    sizes = [len(words[name]) for name in names]
    total = prod(sizes)
    numbers = (
        rng.sample(range(total), min(count, total))
        if total < 2**62
        else [rng.randrange(total) for _ in range(count)]
    )
    found = []
    for number in numbers:
        chosen = {}
        for name, size in zip(names, sizes):
            number, place = divmod(number, size)
            chosen[name] = words[name][place]
        found.append((tuple(put(part, chosen) for part in parts), chosen))
    return found


def put(template: str, chosen: Mapping[str, str]) -> str:
    """The template with words in their places, a capital at its start and "an" before a vowel."""
    text = PLACE.sub(lambda match: chosen.get(match[1], match[0]), template)
    text = re.sub(r"\b([Aa])\(n\) (?=(\w))", _article, text)
    return text[:1].upper() + text[1:]


def _article(match: re.Match) -> str:
    return f"{match[1]}{'n' if match[2].casefold() in 'aeiou' else ''} "


def _case(
    filled: tuple[str, ...],
    chosen: dict[str, str],
    parts: tuple[str, ...],
    kind: str,
    change: str | None,
    vary: str | None,
    words: Mapping[str, tuple[str, ...]],
    rng: random.Random,
) -> tuple[str, str | None]:
    if kind == LABEL:
        return filled[0] if change is None else CHANGES[change](filled[0], rng), None
    if vary is not None:
        others = [word for word in words[vary] if word != chosen.get(vary)]
        return filled[0], put(parts[0], {**chosen, vary: rng.choice(others)})
    if change is not None:
        return filled[0], CHANGES[change](filled[0], rng)
    return filled[0], filled[1]


def _typing_error(text: str, rng: random.Random) -> str:
    """Two neighbouring letters inside a word of five and more exchanged."""
    longer = [match for match in re.finditer(r"[^\W\d_]{5,}", text)]
    places = [
        match.start() + inner
        for match in longer
        for inner in range(1, len(match[0]) - 2)
        if match[0][inner] != match[0][inner + 1]
    ]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _numbers(text: str, rng: random.Random) -> str:
    """Every number replaced by another with as many digits."""
    return re.sub(r"\d+", lambda match: _other_number(match[0], rng), text)


def _other_number(digits: str, rng: random.Random) -> str:
    rest = "".join(rng.choice("0123456789") for _ in digits[1:])
    first = rng.choice([each for each in "123456789" if each != digits[0]])
    return first + rest


CHANGES: dict[str, Callable[[str, random.Random], str]] = {
    "typing error": _typing_error,
    "capitals": lambda text, rng: text.upper(),
    "exclamation mark": lambda text, rng: text.rstrip(".!? ") + "!",
    "numbers": _numbers,
}
