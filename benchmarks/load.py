"""Many people at once: how long a click takes, what a session costs, beside the obvious app.

    python -m benchmarks.load [--people 1 10 50] [--minutes 10] [--only people at_once memory]
    python -m benchmarks.load --against FOLDER [--people 10] [--rounds 2]

Drives real Streamlit sessions over their websockets, on this computer only; it does not draw, so
the browser's time is not in it. "people": everybody comes within 20 s, takes the same steps of a
lesson on the same example with 5 to 10 s between two clicks, opens every page, and types two texts
of 30 words that nobody else has. "at_once": the same without any pause, the worst case.
"memory": what an idle session costs, and how memory grows in minutes of use. The obvious app loads
the model and computes in each session, with Streamlit's defaults; it has one page. With
`--against`, another version in FOLDER (a git worktree) is run instead: the same people, moments and
texts on both, in turn, and the ratios of times and of processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.loading.people import AT_ONCE, Diary, Pace, Person
from benchmarks.loading.servers import APPS, Watched, started
from tools.browser import ROOT

OURS, OBVIOUS = APPS
GOALS = {"cached step": 1.0, "new 30-word text": 3.0}  # p95 in seconds for 50 people
IDLE_GOAL = 5.0  # MB for a session
SETTLE = 5.0


async def crowd(server: Watched, people: int, pace: Pace, tour: bool, first: int = 0) -> Diary:
    """So many people from joining to leaving, numbered from `first`: others type other texts."""
    diary = Diary()
    numbers = range(first, first + people)
    all_of_them = [Person(server.url, number, pace, diary) for number in numbers]
    for deed in ("join", "lesson", *(["tour"] if tour else []), "texts", "leave"):
        await asyncio.gather(*(getattr(each, deed)() for each in all_of_them))
    return diary


async def warm(server: Watched) -> None:
    """One person alone: imports, models, and what a page computes once for all."""
    await crowd(server, 1, AT_ONCE, tour=True, first=-1)


def percentiles(diary: Diary) -> dict[str, np.ndarray]:
    """Seconds of each deed: p50, p95 and the longest."""
    found = {}
    for what, answers in diary.answers.items():
        seconds = np.array([each.seconds for each in answers if not each.lost] or [np.nan])
        found[what] = np.percentile(seconds, [50, 95, 100])
    return found


def table(name: str, diary: Diary) -> None:
    """Print percentiles, errors and lost sessions."""
    print(f"  {name:<24}{'count':>7}{'p50 s':>9}{'p95 s':>9}{'max s':>9}{'errors':>8}{'lost':>6}")
    for what, (middle, late, longest) in percentiles(diary).items():
        answers = diary.answers[what]
        wrong, lost = sum(bool(a.errors) for a in answers), sum(a.lost for a in answers)
        goal = f"  (goal: p95 below {GOALS[what]:.0f} s)" if what in GOALS else ""
        print(
            f"  {what:<24}{len(answers):>7}{middle:>9.2f}{late:>9.2f}{longest:>9.2f}"
            f"{wrong:>8}{lost:>6}{goal}"
        )
        for error in sorted({e for a in answers for e in a.errors})[:3]:
            print(f"      {error}")


def measured(
    server: Watched, name: str, people: int, pace: Pace, first: int
) -> tuple[Diary, float]:
    """A crowd on a server, and the processor's seconds of an answer; its table is printed."""
    cpu, wall = server.cpu, time.perf_counter()
    diary = asyncio.run(crowd(server, people, pace, tour=name != OBVIOUS, first=first))
    spent, passed = server.cpu - cpu, time.perf_counter() - wall
    table(name, diary)
    answers = sum(map(len, diary.answers.values()))
    used = f"processor {spent / answers:.2f} s an answer, {spent / passed:.0%} of one core"
    load = os.getloadavg()[0]
    print(f"  {used}, memory {server.megabytes:.0f} MB, load average {load:.1f}\n", flush=True)
    return diary, spent / answers


def side_by_side(counts: list[int], pace: Pace, apps: list[str]) -> None:
    """The same crowds on each app, one after the other, and the ratios."""
    found = {}
    for name in apps:
        with tempfile.TemporaryDirectory() as folder, started(name, Path(folder) / "log") as server:
            asyncio.run(warm(server)) if name == OURS else None
            for place, people in enumerate(counts):
                print(f"{name}, {people} people at a time")
                diary, _ = measured(server, name, people, pace, sum(counts[:place]))
                found[name, people] = percentiles(diary)
    for people in counts if set(apps) == set(APPS) else ():
        ours, obvious = found[OURS, people], found[OBVIOUS, people]
        shared = [what for what in obvious if what in ours]
        ratios = [f"{what} {obvious[what][1] / ours[what][1]:.1f}" for what in shared]
        print(f"{people} people, p95 of the obvious app : ours: {', '.join(ratios)}", flush=True)


def versions(people: int, pace: Pace, folder: Path, rounds: int) -> None:
    """The same crowds on this version and on another one, in turn, and the ratios."""
    folders = {"this version": ROOT, "other version": folder}
    whole = {name: Diary() for name in folders}
    spent = dict.fromkeys(folders, 0.0)
    with contextlib.ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {
            name: stack.enter_context(started(OURS, logs / name, each))
            for name, each in folders.items()
        }
        for server in servers.values():
            asyncio.run(warm(server))
        for turn in range(rounds):
            for name in list(folders)[:: -1 if turn % 2 else 1]:
                print(f"{name}, {people} people at a time, round {turn + 1}")
                diary, each = measured(servers[name], name, people, pace, turn * people)
                spent[name] += each
                for what, answers in diary.answers.items():
                    whole[name].answers.setdefault(what, []).extend(answers)
    ours, theirs = map(percentiles, whole.values())
    print(f"  {'this version : other version':<31}{'p50':>9}{'p95':>9}")
    for what in [each for each in ours if each in theirs]:
        middle, late, _ = ours[what] / theirs[what]
        print(f"  {what:<31}{middle:>9.2f}{late:>9.2f}")
    print(f"  {'processor of an answer':<31}{np.divide(*spent.values()):>9.2f}")


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
    parser.add_argument("--against", type=Path, help="folder of another version")
    parser.add_argument("--rounds", type=int, default=2, help="with --against")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}\n")
    if asked.against:
        for people in asked.people:
            versions(people, Pace(), asked.against, asked.rounds)
        return
    if "people" in asked.only:
        side_by_side(asked.people, Pace(), asked.apps)
    if "at_once" in asked.only:
        print("Without any pause (the worst case):")
        side_by_side(asked.people, AT_ONCE, asked.apps)
    if "memory" in asked.only:
        memory(max(asked.people), asked.minutes, asked.apps)


if __name__ == "__main__":
    main()
