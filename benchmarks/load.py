"""Many people at once: how long a click takes, what a session costs, beside the obvious app.

    python -m benchmarks.load [--people 1 10 50] [--minutes 10] [--only people at_once memory]

Drives real Streamlit sessions over their websockets, on this computer only; it does not draw, so
the browser's time is not in it. "people": everybody comes within 20 s, takes the same steps of a
lesson on the same example with 5 to 10 s between two clicks, opens every page, and types two texts
of 30 words that nobody else has. "at_once": the same without any pause, the worst case.
"memory": what an idle session costs, and how memory grows in minutes of use. The obvious app loads
the model and computes in each session, with Streamlit's defaults; it has one page.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.loading.people import AT_ONCE, Diary, Pace, Person
from benchmarks.loading.servers import APPS, Watched, started

OURS, OBVIOUS = APPS
GOALS = {"cached step": 1.0, "new 30-word text": 3.0}  # p95 in seconds for 50 people
IDLE_GOAL = 5.0  # MB for a session
SETTLE = 5.0


async def crowd(server: Watched, people: int, pace: Pace, tour: bool) -> Diary:
    """So many people from joining to leaving."""
    diary = Diary()
    all_of_them = [Person(server.url, number, pace, diary) for number in range(people)]
    for deed in ("join", "lesson", *(["tour"] if tour else []), "texts", "leave"):
        await asyncio.gather(*(getattr(each, deed)() for each in all_of_them))
    return diary


async def warm(server: Watched) -> None:
    """One person alone: imports, models, and what a page computes once for all."""
    await crowd(server, 1, AT_ONCE, tour=True)


def table(name: str, diary: Diary) -> dict[str, float]:
    """Print percentiles, errors and lost sessions; returns the p95 of each deed."""
    print(f"  {name:<24}{'count':>7}{'p50 s':>9}{'p95 s':>9}{'max s':>9}{'errors':>8}{'lost':>6}")
    found = {}
    for what, answers in diary.answers.items():
        seconds = np.array([each.seconds for each in answers if not each.lost] or [np.nan])
        middle, late = np.percentile(seconds, [50, 95])
        wrong, lost = sum(bool(a.errors) for a in answers), sum(a.lost for a in answers)
        goal = f"  (goal: p95 below {GOALS[what]:.0f} s)" if what in GOALS else ""
        print(
            f"  {what:<24}{len(answers):>7}{middle:>9.2f}{late:>9.2f}{seconds.max():>9.2f}"
            f"{wrong:>8}{lost:>6}{goal}"
        )
        for error in sorted({e for a in answers for e in a.errors})[:3]:
            print(f"      {error}")
        found[what] = float(late)
    return found


def measured(server: Watched, name: str, people: int, pace: Pace) -> dict[str, float]:
    """A crowd on a server: its table, and what the server used meanwhile."""
    cpu, wall = server.cpu, time.perf_counter()
    diary = asyncio.run(crowd(server, people, pace, tour=name == OURS))
    spent, passed = server.cpu - cpu, time.perf_counter() - wall
    found = table(name, diary)
    answers = sum(map(len, diary.answers.values()))
    used = f"processor {spent / answers:.2f} s an answer, {spent / passed:.0%} of one core"
    load = os.getloadavg()[0]
    print(f"  {used}, memory {server.megabytes:.0f} MB, load average {load:.1f}\n", flush=True)
    return found


def side_by_side(counts: list[int], pace: Pace, apps: list[str]) -> None:
    """The same crowds on each app, one after the other, and the ratios."""
    found = {}
    for name in apps:
        with tempfile.TemporaryDirectory() as folder, started(name, Path(folder) / "log") as server:
            asyncio.run(warm(server)) if name == OURS else None
            for people in counts:
                print(f"{name}, {people} people at a time")
                found[name, people] = measured(server, name, people, pace)
    for people in counts if set(apps) == set(APPS) else ():
        ours, obvious = found[OURS, people], found[OBVIOUS, people]
        ratios = [f"{what} {obvious[what] / ours[what]:.1f}" for what in obvious if what in ours]
        print(f"{people} people, p95 of the obvious app : ours: {', '.join(ratios)}", flush=True)


async def _idle(server: Watched, people: int) -> tuple[float, float]:
    before = server.megabytes
    diary = Diary()
    guests = [Person(server.url, number, Pace(join=10), diary) for number in range(people)]
    await asyncio.gather(*(each.join() for each in guests))
    await asyncio.sleep(SETTLE)
    after = server.megabytes
    await asyncio.gather(*(each.leave() for each in guests))
    return before, after


async def _growth(server: Watched, people: int, minutes: float) -> tuple[list[float], Diary]:
    diary = Diary()
    guests = [Person(server.url, number, Pace(), diary) for number in range(people)]
    await asyncio.gather(*(each.join() for each in guests))
    await asyncio.gather(*(each.lesson() for each in guests))
    until, sizes = time.monotonic() + 60 * minutes, [server.megabytes]
    work = [asyncio.create_task(each.use(until)) for each in guests]
    while time.monotonic() < until:
        await asyncio.sleep(min(30.0, max(until - time.monotonic(), 0.1)))
        sizes.append(server.megabytes)
    await asyncio.gather(*work)
    await asyncio.gather(*(each.leave() for each in guests))
    return sizes, diary


def memory(people: int, minutes: float, apps: list[str]) -> None:
    """Megabytes of an idle session, and megabytes more after minutes of use."""
    for name in apps:
        with tempfile.TemporaryDirectory() as folder, started(name, Path(folder) / "log") as server:
            if name == OURS:
                asyncio.run(warm(server))
            asyncio.run(crowd(server, 5, AT_ONCE, tour=False))
            before, after = asyncio.run(_idle(server, people))
            each = (after - before) / people
            print(
                f"{name}: {people} idle sessions from {before:.0f} to {after:.0f} MB: "
                f"{each:.2f} MB each (goal: below {IDLE_GOAL:.0f})",
                flush=True,
            )
            if not minutes or name != OURS:
                continue
            sizes, diary = asyncio.run(_growth(server, people, minutes))
            slope = np.polyfit(np.linspace(0, minutes, len(sizes)), sizes, 1)[0]
            print(
                f"  {minutes:g} minutes of use: {sizes[0]:.0f} to {sizes[-1]:.0f} MB, "
                f"most {max(sizes):.0f}, slope {slope:+.2f} MB a minute; "
                f"{server.threads} threads"
            )
            table("in use", diary)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--minutes", type=float, default=10.0, help="of use, for memory")
    parser.add_argument("--only", nargs="+", default=["people", "at_once", "memory"])
    parser.add_argument("--apps", nargs="+", default=list(APPS), choices=list(APPS))
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}\n")
    if "people" in asked.only:
        side_by_side(asked.people, Pace(), asked.apps)
    if "at_once" in asked.only:
        print("Without any pause (the worst case):")
        side_by_side(asked.people, AT_ONCE, asked.apps)
    if "memory" in asked.only:
        memory(max(asked.people), asked.minutes, asked.apps)


if __name__ == "__main__":
    main()
