"""Lessons: mistakes get a line, links lead where they say, and every figure is true."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from interp_core.check_lesson import main
from interp_core.errors import BadInput
from interp_core.lessons.claims import MEASURES, claims, holds, measured
from interp_core.lessons.library import (
    EMBEDDED,
    NO_LESSON,
    VARIABLE,
    all_lessons,
    find_term,
    glossary,
    marked_terms,
    read_lesson,
)
from interp_core.lessons.record import KEYS, SHARED, Claim, read_link
from tests import needs
from tests.address import bound_keys

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for path in EMBEDDED.glob("*.md") if path.name not in NO_LESSON)
LESSONS = {path.name: read_lesson(path) for path in FILES}
TOP = '+++\ntitle = "A title"\nminutes = 5\nlevel = "first"\nteaches = "Something."\n+++\n'
GOOD = """
## A step

Text with a [[token]].

Open: attention_heads?model=encoder&view=Heatmap

Predict: Which?

- [ ] this
- [x] that

Reveal: That,
in two lines.

```claim
measure = "tokens"
model = "encoder"
text = "cat"
equals = 3
```
"""
# Numbers that are no measurement: ends of scales, and how a question or an experiment is set up.
SET_UP = {
    "01-what-attention-is.md": {"1"},
    "02-reading-a-head.md": {"1"},
    "05-why-not-bad-is-hard.md": {"−1.5", "0"},
    "06-integrated-gradients-by-hand.md": {"1"},
    "07-how-word-senses-separate.md": {"1"},
    "08-find-the-induction-head.md": {"0", "1", "10", "25", "30", "9"},
    "09-which-heads-matter.md": {"0", "1", "32"},
    "11-is-it-the-not.md": {"0", "1", "2", "3", "9"},
    "12-which-head-knows-the-name.md": set(
        ["0", "1", "2", "3", "4", "9", "11", "13", "18", "23", "24", "29"]
    ),
    "13-what-did-fine-tuning-change.md": {"0", "1", "6", "384"},
    "14-did-it-read-the-passage.md": {"1", "3", "4", "6", "4816"},
    "15-what-does-a-vision-transformer-look-at.md": {"11", "14", "16", "224"},
}
PLACES = re.compile(
    r"(?:layers?|heads?) \d+(?: (?:and|to) (?:layer )?\d+)?|\b(?:1[89]|20)\d\d\b", re.IGNORECASE
)
NUMBER = re.compile(r"[−+]?\d+(?:\.\d+)?")


def needs_model(lesson) -> None:
    if not needs.HERE.get(lesson.needs, True):
        pytest.skip(f"the model {lesson.needs} is not installed")


def written(tmp_path, text: str, name: str = "mine.md") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_lesson_is_read_into_its_parts(tmp_path):
    lesson = read_lesson(written(tmp_path, TOP + GOOD, "07-mine.md"))
    assert (lesson.name, lesson.title, lesson.minutes) == ("mine", "A title", 5)
    (step,) = lesson.steps
    assert (step.title, step.line, step.text) == ("A step", 8, "Text with a [[token]].")
    assert step.link.page == "attention_heads"
    assert step.link.query == (("model", "encoder"), ("view", "Heatmap"))
    assert step.question.options == ("this", "that")
    assert step.question.right == 1
    assert step.question.reveal == "That,\nin two lines."
    assert step.claims[0].equals == 3
    assert step.claims[0].line == 23


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("+++\ntitle", "title", 1, "begins with a line `+++`"),
        ("\n+++\n\n## A", "\n\n## A", 1, "not closed"),
        ('title = "A title"', "title = ", 2, "not TOML"),
        ("minutes = 5", 'minutes = "five"', 2, "whole number"),
        ("minutes = 5", "minutes = 500", 2, "from 1 to 120"),
        ("minutes = 5", "minutes = 5\ncolour = 1", 2, "`colour` is not known"),
        ('level = "first"\n', "", 2, "`level` is missing"),
        ('"Something."', f'"{"x" * 301}"', 2, "at most 300"),
        ("## A step", "A step", 8, "before the first step"),
        ("## A step", "## ", 8, "no title"),
        ("attention_heads?", "nowhere?", 12, "there is no page `nowhere`"),
        ("view=Heatmap", "colour=red", 12, "knows no `colour`"),
        ("model=encoder&", "", 12, "names no model"),
        ("attention_heads?", "http://[::1/?", 12, "not an address"),
        ("Predict: Which?", "Open: attention_heads?model=encoder", 14, "opens one view"),
        ("Predict: Which?", "", 16, "below `Predict:`"),
        ("Reveal: That", "That", 19, "comes `Reveal:`"),
        ("- [ ] this\n", "", 8, "2 to 4 options"),
        ("- [ ] this", "- [x] this", 8, "exactly one"),
        ("- [x] that", "- [ ] that", 8, "exactly one"),
        ("Reveal: That,\nin two lines.", "", 8, "after `Reveal:`"),
        ("Reveal: That,\nin two lines.", "Reveal: a\n\nReveal: b", 21, "needs a `Predict:`"),
        ("equals = 3\n```", "equals = 3", 22, "not closed"),
        ("equals = 3", "", 23, "`least`, `most` or `equals`"),
        ("equals = 3", 'least = "3"', 23, "is a number"),
        ("equals = 3", "equals = 3\nother = []", 23, "`other` is a text"),
        ('model = "encoder"', "model = encoder", 24, "not TOML"),
        ('measure = "tokens"', "", 23, "a claim needs `measure"),
    ],
)
def test_a_mistake_gets_a_sentence_with_its_line(tmp_path, old, new, line, says):
    text = TOP + GOOD
    assert old in text
    with pytest.raises(BadInput) as error:
        read_lesson(written(tmp_path, text.replace(old, new, 1)))
    assert str(error.value).startswith(f"mine.md, line {line}: ")
    assert says in str(error.value)


def test_files_that_are_no_text_or_too_large_are_refused(tmp_path):
    path = tmp_path / "mine.md"
    path.write_bytes((TOP + GOOD).encode() + b"\xff")
    with pytest.raises(BadInput, match="line 28: this is not UTF-8"):
        read_lesson(path)
    path.write_text(TOP + GOOD + "x" * 70_000)
    with pytest.raises(BadInput, match="at most 64 KB"):
        read_lesson(path)
    path.write_text(TOP + "\n## s\n\ntext\n" * 31)
    with pytest.raises(BadInput, match="at most 30 steps"):
        read_lesson(path)
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    with pytest.raises(BadInput, match="ordinary file"):
        read_lesson(tmp_path / "link.md")


def test_a_teachers_folder_is_read_beside_the_embedded_lessons(tmp_path, monkeypatch):
    written(tmp_path, TOP + GOOD, "mine.md")
    written(tmp_path, TOP, "broken.md")
    written(tmp_path, TOP + GOOD, "what-attention-is.md")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    shelf = all_lessons()
    names = [lesson.name for lesson in shelf.lessons]
    assert names[-1] == "mine"
    assert shelf.embedded == set(names[:-1])
    assert len(shelf.mistakes) == 2
    assert shelf.mistakes[0].startswith("broken.md, line 1")
    assert "already a lesson" in shelf.mistakes[1]


def test_an_address_from_the_browser_is_a_link():
    link = read_link("http://localhost:8501/?model=encoder&text=a+b%26c&heads=1&heads=2", "x", 1)
    assert link.page == "attention_heads"
    assert link.query[1:] == (("text", "a b&c"), ("heads", "1"), ("heads", "2"))


def bound_names(paths) -> set[str]:
    """The constant keys of all controls that are bound to the address."""
    return {key.value for key in bound_keys(paths) if isinstance(key, ast.Constant)}


WITHOUT = ("start", "lessons", "report")  # pages that a lesson cannot open


def test_links_know_every_choice_that_lives_in_the_address():
    from interp_core.ui.navigation import NAMELESS, PAGES

    folders = [
        path for path in (ROOT / "interp_core/ui").rglob("*.py") if "lessons" not in path.parts
    ]
    pages = [path for path in (ROOT / "pages").glob("*.py") if path.stem not in WITHOUT]
    known = set(SHARED).union(*KEYS.values())
    assert bound_names([*folders, *pages]) <= known
    assert {*KEYS, *WITHOUT} == {name for name, _ in PAGES}
    assert next(iter(KEYS)) == NAMELESS


def test_there_are_at_least_eight_lessons_of_five_to_ten_minutes():
    assert len(LESSONS) >= 8
    for name, lesson in LESSONS.items():
        assert 5 <= lesson.minutes <= 10, name
        assert sum(step.question is not None for step in lesson.steps) >= 3, name
        assert claims(lesson), name


@pytest.mark.parametrize("name", LESSONS)
def test_every_claim_is_true_of_the_embedded_models(name):
    needs_model(LESSONS[name])
    for claim in claims(LESSONS[name]):
        value = measured(claim, name)
        assert holds(claim, value), f"{name}, line {claim.line}: {claim.measure} is {value}"


def figures(step) -> set[str]:
    """The numbers that a step states: in its text, its right option and its reveal."""
    asked, told = step.question, [step.text]
    if asked is not None:
        right = asked.options[asked.right]  # one that is only about right is made exact below it
        told += [asked.reveal, "" if right.startswith(("About", "More than")) else right]
    text = PLACES.sub("", re.sub(r"`[^`]*`", "", "\n".join(told)))
    return set(NUMBER.findall(text))


def covered(figure: str, claim: Claim) -> bool:
    """Whether the claim keeps the measured value at this number, as it is or as a percentage."""
    value = float(figure.replace("−", "-"))
    # What is written with so many digits may differ by half of the last one.
    half = 0.5 * 10 ** -len(figure.partition(".")[2]) + 1e-9
    for scale in (1, 100):
        bounds = (claim.least, claim.most) if claim.equals is None else (claim.equals, claim.equals)
        if all(isinstance(each, int | float) for each in bounds):
            low, high = (float(each) * scale for each in bounds)
            if low - half <= value <= high + half and high - low <= 6 * half + 0.1 * abs(value):
                return True
    return False


@pytest.mark.parametrize("name", LESSONS)
def test_every_figure_in_a_lesson_is_covered_by_a_claim_of_its_step(name):
    for step in LESSONS[name].steps:
        for figure in figures(step) - SET_UP.get(name, set()):
            assert any(covered(figure, claim) for claim in step.claims), (step.title, figure)


@pytest.mark.parametrize("name", LESSONS)
def test_terms_that_a_lesson_marks_stand_in_the_glossary(name):
    text = (EMBEDDED / name).read_text(encoding="utf-8")
    assert [term for term in marked_terms(text) if find_term(term) is None] == []


def test_the_glossary_defines_each_term_once_in_one_sentence():
    names = [name.casefold() for term in glossary() for name in (term.name, *term.also)]
    assert len(glossary()) >= 35
    assert len(set(names)) == len(names)
    for term in glossary():
        assert term.means.endswith("."), term.name
        assert term.means.count(". ") == 0, term.name
        assert not term.source or re.search(r"\d{4}$", term.source), term.name


def test_an_unknown_measure_or_option_gets_a_sentence():
    with pytest.raises(BadInput, match="line 9: there is no measure `guess`"):
        measured(Claim("guess", "encoder", (), equals=1, line=9))
    with pytest.raises(BadInput, match="`tokens`: got an unexpected"):
        measured(Claim("tokens", "encoder", (("text", "a"), ("colour", "red")), equals=1))
    assert all(call.__doc__ for call in MEASURES.values())


def test_words_are_not_more_or_less_than_a_number():
    claim = Claim("answer", "sentiment", (), least=0.5, line=9)
    with pytest.raises(BadInput, match="line 9: `answer` gives words"):
        holds(claim, "positive")


def test_the_check_for_teachers_measures_claims_and_says_what_is_wrong(tmp_path, capsys):
    assert main([str(written(tmp_path, TOP + GOOD))]) == 0
    wrong = (TOP + GOOD).replace("equals = 3", "equals = 4").replace("[[token]]", "[[tokn]]")
    path = str(written(tmp_path, wrong))
    assert main([path]) == 1
    said = capsys.readouterr().out
    assert "line 23: tokens is 3: ok" in said
    assert "line 23: tokens is 3: WRONG" in said
    assert "no [[tokn]]" in said
    assert main([path, "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)["files"]
    assert [claim["holds"] for claim in told["claims"]] == [False]
    assert "no [[tokn]]" in told["mistakes"][0]
    assert main([str(tmp_path / "no.md")]) == 2


def test_the_example_for_teachers_is_a_lesson_and_true(tmp_path):
    text = (EMBEDDED / "teachers.md").read_text(encoding="utf-8")
    example = re.search(r"````text\n(.*?)````", text, re.DOTALL)[1]
    lesson = read_lesson(written(tmp_path, example))
    assert all(holds(claim, measured(claim)) for claim in claims(lesson))
