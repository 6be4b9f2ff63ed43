"""What people do with a page: join, follow the same lesson, try a text of their own, look around.

Everything is drawn from seeded generators, one for each person and deed: two runs ask the same at
the same moments, also of versions with more pages. Two people who ask within the time of an answer
double it, so other moments alone would change the slowest answers.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from benchmarks.loading.tab import Answer, Tab, opened

WORDS = [
    *("the", "a", "film", "plot", "story", "scene", "ending", "actors", "music", "camera", "light"),
    *("long", "short", "funny", "sad", "bright", "dull", "slow", "quiet", "loud", "honest", "warm"),
    *("not", "never", "hardly", "every", "but", "and", "while", "because", "though", "without"),
    *("was", "is", "felt", "seemed", "moves", "he", "she", "they", "it", "again", "once", "after"),
]
# The lesson: which control, what to choose. Both apps have the first view and these controls.
LESSON = (
    ("Layer", "3"),
    ("Heads", "4"),
    ("View", "Heatmap"),
    ("Layer", "5"),
    ("Heads", ("0", "2")),
    ("Layer", "1"),
    ("Heads", "8"),
    ("View", "Overview"),
)
PAGE = "attention_heads"  # of the lesson; the app to compare with has it in front
OWN_TEXTS = 2


@dataclass(frozen=True)
class Pace:
    """Seconds between two clicks, and within which all come in."""

    least: float = 5.0
    most: float = 10.0
    join: float = 20.0


AT_ONCE = Pace(0.0, 0.0, 0.0)


@dataclass
class Diary:
    """All answers by what was done."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def note(self, what: str, answer: Answer) -> bool:
        """Write an answer down; False when the session is lost."""
        self.answers.setdefault(what, []).append(answer)
        return not answer.lost


@dataclass
class Person:
    """Somebody with a tab, habits, and a diary that all share."""

    url: str
    number: int
    pace: Pace
    diary: Diary
    tab: Tab | None = None

    def __post_init__(self) -> None:
        self._begin("join")

    def _begin(self, deed: str) -> None:
        self.chance = random.Random(f"{self.number} {deed}")

    async def join(self) -> None:
        """Open the front page, and go on to the page of the lesson where it is another one."""
        self._begin("join")
        await asyncio.sleep(self.chance.uniform(0, self.pace.join))
        self.tab, answer = await opened(self.url)
        if not self.diary.note("first render", answer):
            self.tab = None
        elif PAGE in self.tab.pages:
            await self._do("page of the lesson", lambda: self.tab.go(PAGE))

    async def lesson(self) -> None:
        """The steps that everybody takes."""
        self._begin("lesson")
        await self._steps()

    async def _steps(self) -> None:
        for label, value in LESSON:
            await self._do("cached step", lambda a=label, b=value: self.tab.choose(a, b))

    async def texts(self) -> None:
        """Texts that nobody else has."""
        self._begin("texts")
        for _ in range(OWN_TEXTS):
            text = " ".join(self.chance.choices(WORDS, k=30)).capitalize() + "."
            await self._do("new 30-word text", lambda text=text: self.tab.choose("Text", text))

    async def tour(self) -> None:
        """Every page of the menu, and back."""
        if self.tab is None:
            return
        self._begin("tour")
        first, *others = list(self.tab.pages)
        for address in (*others, PAGE if PAGE in self.tab.pages else first):
            what = f"page {address or 'start'}"
            await self._do(what, lambda address=address: self.tab.go(address))

    async def use(self, until: float) -> None:
        """The lesson over and over until a moment of `time.monotonic()`."""
        self._begin("use")
        while self.tab is not None and time.monotonic() < until:
            await self._steps()

    async def leave(self) -> None:
        """Close the tab."""
        if self.tab is not None:
            await self.tab.close()

    async def _do(self, what: str, act) -> None:  # noqa: ANN001
        if self.tab is None:
            return
        await asyncio.sleep(self.chance.uniform(self.pace.least, self.pace.most))
        if not self.diary.note(what, await act()):
            self.tab = None
