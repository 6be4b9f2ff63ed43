"""Lists of terms for people, the templates they fit, and how pairs are made of them."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

DATA = Path(__file__).resolve().parent / "data"
SLOT = "{x}"
ARTICLE = re.compile(r"\b([Aa])\(n\) (?=(\w))")
MOST_TERMS, MOST_TEMPLATES, MOST_LETTERS = 500, 100, 60


@dataclass(frozen=True)
class Lexicon:
    """Terms by group; `paired` groups have two lists that correspond word by word.

    `neutral` words fit the same `templates` (each with one "{x}"). Texts with an `ambiguous` word
    cannot be turned from one group to the other by exchanging terms alone.
    """

    name: str
    title: str
    groups: dict[str, tuple[str, ...]]
    templates: tuple[str, ...]
    neutral: tuple[str, ...] = ()
    paired: bool = False
    ambiguous: tuple[str, ...] = ()
    source: str = ""

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms, in order."""
        return tuple(term for terms in self.groups.values() for term in terms)

    def group_of(self, term: str) -> str:
        """The group a term belongs to."""
        return next(name for name, terms in self.groups.items() if term in terms)


class Pair(NamedTuple):
    """Two terms that are exchanged: one of group `a` and one of group `b`."""

    a: str
    b: str
    first: str
    second: str


@cache
def term_lists() -> dict[str, Lexicon]:
    """The built-in lists by name."""
    table = tomllib.loads((DATA / "lexicons.toml").read_text(encoding="utf-8"))
    templates, neutral = table.pop("templates"), table.pop("neutral")
    found = {}
    for name, each in table.items():
        found[name] = Lexicon(
            name,
            each["title"],
            {group: tuple(terms.split()) for group, terms in each["groups"].items()},
            tuple(templates[each["slot"]]),
            tuple(neutral[each["slot"]].split()),
            each.get("paired", False),
            tuple(each.get("ambiguous", "").split()),
            each["source"],
        )
    return found


def find_lexicon(lexicon: Lexicon | str) -> Lexicon:
    """A built-in list by its name, or the list itself. Raises `BadInput`."""
    if isinstance(lexicon, Lexicon):
        return lexicon
    if lexicon not in term_lists():
        raise BadInput(f"There is no list {lexicon!r}. Choose one of: {', '.join(term_lists())}.")
    return term_lists()[lexicon]


def own_lexicon(
    groups: Mapping[str, Sequence[str]],
    *,
    like: Lexicon | str = "nationalities",
    templates: Sequence[str] | None = None,
    paired: bool = False,
) -> Lexicon:
    """A list of one's own, with the templates and neutral words of a built-in one.

    `paired`: two lists of the same length that correspond word by word. Raises `BadInput`.
    """
    known = find_lexicon(like)
    cleaned = {
        str(name).strip(): tuple(dict.fromkeys(term.strip() for term in terms if term.strip()))
        for name, terms in groups.items()
    }
    if len(cleaned) < 2 or not all(cleaned.values()):
        raise BadInput("Give at least two groups, each with at least one term.")
    terms = [term for some in cleaned.values() for term in some]
    if len(terms) > MOST_TERMS or max(map(len, terms)) > MOST_LETTERS:
        raise BadInput(f"At most {MOST_TERMS} terms of {MOST_LETTERS} characters are exchanged.")
    if len({term.casefold() for term in terms}) < len(terms):
        raise BadInput("A term stands in two groups. Leave it in one.")
    if paired and len({len(some) for some in cleaned.values()}) > 1:
        raise BadInput("Groups that correspond word by word need equally many terms.")
    chosen = tuple(templates or known.templates)
    check_templates(chosen)
    return Lexicon("own", "Own list", cleaned, chosen, known.neutral, paired, source="own list")


def check_templates(templates: Sequence[str]) -> None:
    """Raises `BadInput` for templates without exactly one place for the term, and too many."""
    if not templates or len(templates) > MOST_TEMPLATES:
        raise BadInput(f"Give 1 to {MOST_TEMPLATES} templates.")
    for template in templates:
        if template.count(SLOT) != 1 or len(template) > 1_000:
            raise BadInput(f"Each template needs the place {SLOT} exactly once: {template[:60]!r}.")


def fill(template: str, term: str) -> str:
    """The template with the term, "a(n)" before it as it is spoken, and a capital at the start."""
    text = ARTICLE.sub(_article, template.replace(SLOT, term))
    return text[:1].upper() + text[1:]


def _article(match: re.Match) -> str:
    return f"{match[1]}{'n' if match[2].casefold() in 'aeiou8' else ''} "


def piece_counts(model: LoadedModel, terms: Sequence[str]) -> dict[str, int]:
    """Into how many tokens each term is cut in the middle of a text."""
    ids = model.tokenizer([f" {term}" for term in terms], add_special_tokens=False, verbose=False)
    return {term: len(each) for term, each in zip(terms, ids["input_ids"])}


def make_pairs(lexicon: Lexicon, counts: Mapping[str, int], seed: int = 0) -> list[Pair]:
    """Pairs of terms of two groups with equally many tokens; of two groups, a term is in one pair.

    Groups that correspond word by word keep their partners. Others are drawn by `seed`.
    """
    rng, found = random.Random(seed), []
    for a, b in combinations(lexicon.groups, 2):
        firsts, seconds = list(lexicon.groups[a]), list(lexicon.groups[b])
        if not lexicon.paired:
            rng.shuffle(firsts)
            rng.shuffle(seconds)
            firsts.sort(key=counts.__getitem__)
            seconds = _matched(firsts, seconds, counts)
        for first, second in zip(firsts, seconds):
            if second and counts[first] == counts[second]:
                found.append(Pair(a, b, first, second))
    return found


def _matched(
    firsts: Sequence[str], seconds: Sequence[str], counts: Mapping[str, int]
) -> list[str | None]:
    """For each of `firsts` a term of `seconds` with as many tokens, None where none is left."""
    left = list(seconds)
    found: list[str | None] = []
    for first in firsts:
        fits = next((each for each in left if counts[each] == counts[first]), None)
        if fits is not None:
            left.remove(fits)
        found.append(fits)
    return found
