"""The built-in labelled sentences for `sentiment`: templates filled from word lists, by a seed.

    python -m tools.sentiment_sentences

writes `interp_core/data/sentiment_sentences.tsv`: text, label, kind, about. Each kind of sentence
has as many positive as negative ones, so that a model that always gives one answer is right in
half of every kind. The label is what the template means: templates whose meaning depends on the
word that is filled in are left out.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "interp_core" / "data" / "sentiment_sentences.tsv"
SEED = 0
EACH = 21  # sentences of each kind and label
COLUMNS = ("text", "label", "kind", "about")

LISTS = {
    "film": "film story script ending cast soundtrack dialogue opening",
    "other": "hotel soup phone lecture train keyboard garden concert",
    "good": "good great wonderful funny touching clever moving enjoyable",
    "bad": "bad awful dull boring silly clumsy tiresome disappointing",
    "praise": "enjoyed loved liked admired recommended",
    "scorn": "disliked hated despised dismissed",
    "very": "very really extremely incredibly truly",
    "bit": "a bit|rather|somewhat|a little|fairly",
    "filler": "well|you know|honestly|I mean|to be fair|actually",
    "name": "Anna Omar Mei Kofi Sofia Ravi Fatima Lars Chloe Diego Aisha Tom",
    "work": "nurse teacher plumber lawyer farmer engineer cleaner pilot surgeon baker",
}
# Kind: templates of positive sentences, and of negative ones.
TEMPLATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plain": (
        ("The {film} was {good}.", "It has a {good} {film}.", "I {praise} the {film}."),
        ("The {film} was {bad}.", "It has a {bad} {film}.", "I {scorn} the {film}."),
    ),
    "negation": (
        ("The {film} was not {bad}.", "The {film} was never {bad}.", "The {film} isn't {bad}."),
        ("The {film} was not {good}.", "The {film} was never {good}.", "The {film} isn't {good}."),
    ),
    "scoped negation": (
        ("I do not think that the {film} was {bad}.", "Nobody called the {film} {bad}."),
        ("I do not think that the {film} was {good}.", "Nobody called the {film} {good}."),
    ),
    "double negation": (
        ("You can't say the {film} wasn't {good}.", "Nobody could say the {film} wasn't {good}."),
        ("You can't say the {film} wasn't {bad}.", "Nobody could say the {film} wasn't {bad}."),
    ),
    "not only": (
        ("The {film} was not only {good} but also {good2}.",),
        ("The {film} was not only {bad} but also {bad2}.",),
    ),
    "intensifier": (
        ("The {film} was {very} {good}.", "The {film} was {very}, {very} {good}."),
        ("The {film} was {very} {bad}.", "The {film} was {very}, {very} {bad}."),
    ),
    "diminisher": (
        ("The {film} was {bit} {good}.",),
        ("The {film} was {bit} {bad}.",),
    ),
    "contrast": (
        ("The {film} was {bad}, but on the whole I {praise} it.",
         "Although the {film} was {bad}, the rest was {good}, and I {praise} it."),
        ("The {film} was {good}, but on the whole I {scorn} it.",
         "Although the {film} was {good}, the rest was {bad}, and I {scorn} it."),
    ),
    "name": (
        ("{name} said that the {film} was {good}.", "{name} and {name2} {praise} the {film}."),
        ("{name} said that the {film} was {bad}.", "{name} and {name2} {scorn} the {film}."),
    ),
    "profession": (
        ("The {work} in the {film} was {good}.", "A {work} I know {praise} the {film}."),
        ("The {work} in the {film} was {bad}.", "A {work} I know {scorn} the {film}."),
    ),
    "filler": (
        ("{Filler}, the {film} was {good}.", "The {film} was, {filler}, {good}."),
        ("{Filler}, the {film} was {bad}.", "The {film} was, {filler}, {bad}."),
    ),
    "other domain": (
        ("The {other} was {good}.", "We {praise} the {other}.", "What a {good} {other}!"),
        ("The {other} was {bad}.", "We {scorn} the {other}.", "What a {bad} {other}!"),
    ),
}  # fmt: skip
ABOUT = ("film", "other")


def words(name: str) -> list[str]:
    """The words of a list; phrases are separated by |."""
    listed = LISTS[name.rstrip("2").lower()]
    found = listed.split("|") if "|" in listed else listed.split()
    return [each[0].upper() + each[1:] for each in found] if name[0].isupper() else found


def fillings(template: str) -> Iterator[tuple[str, str]]:
    """Every sentence of a template that names no word twice, and what it is about."""
    slots = [part.split("}")[0] for part in template.split("{")[1:]]
    names = list(dict.fromkeys(slots))
    for chosen in product(*map(words, names)):
        filled = dict(zip(names, chosen))
        if any(filled.get(f"{name}2") == word for name, word in filled.items()):
            continue
        text = template
        for name, word in filled.items():
            text = text.replace(f"{{{name}}}", word)
        yield _article(text), next((filled[each] for each in ABOUT if each in filled), "")


def _article(text: str) -> str:
    for vowel in "aeiou":
        for article in (" a ", "A ", "What a "):
            text = text.replace(f"{article}{vowel}", f"{article[:-1]}n {vowel}")
    return text


def sentences(seed: int = SEED, each: int = EACH) -> list[tuple[str, str, str, str]]:
    """The rows of the file, `each` of a kind and label, drawn evenly from its templates."""
    rng, rows = random.Random(seed), []
    for kind, sides in TEMPLATES.items():
        for label, templates in zip(("positive", "negative"), sides):
            parts = [sorted(set(fillings(template))) for template in templates]
            for number in range(each):
                part = parts[number % len(parts)]
                text, about = part.pop(rng.randrange(len(part)))
                rows.append((text, label, kind, about))
    return rows


def main() -> None:
    """Write the file."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([COLUMNS, *sentences()])


if __name__ == "__main__":
    main()
