"""How long each page takes to open, beside another version of the app.

    python -m benchmarks.page_opens --against FOLDER [--rounds 30]

One person alone goes through all pages of the menu, on this version and on the one in FOLDER (a
git worktree) in turn; FOLDER may lack pages. Both have opened every page before, so what is
computed once for all is not in it. `benchmarks.load` has few openings of many people at a time,
and a page that opens in 50 ms is soon a fifth slower there by chance.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.load import OURS, warm
from benchmarks.loading.servers import Watched, started
from benchmarks.loading.tab import opened
from tools.browser import ROOT


async def tour(server: Watched) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and of the processor until each page stands, in a new session."""
    tab, _ = await opened(server.url)
    found = {}
    for page in list(tab.pages):
        before = server.cpu
        answer = await tab.go(page)
        if answer.lost or answer.errors:
            raise RuntimeError(f"page {page!r}: {answer}")
        found[page or "start"] = (answer.seconds, server.cpu - before)
    await tab.close()
    return found


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, required=True, help="folder of another version")
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    with contextlib.ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [
            stack.enter_context(started(OURS, logs / str(place), folder))
            for place, folder in enumerate((ROOT, asked.against))
        ]
        for server in servers:
            asyncio.run(warm(server))
        seen: list[list] = [[], []]
        for turn in range(asked.rounds):
            for which in (0, 1) if turn % 2 else (1, 0):
                seen[which].append(asyncio.run(tour(servers[which])))
    print(f"{'this version : other version':<24}{'p50 ms':>14}{'ratio':>8}{'p95':>8}{'CPU':>8}")
    for page in [each for each in seen[0][0] if each in seen[1][0]]:
        ours, theirs = (np.array([each[page] for each in one]) for one in seen)
        a, b = np.percentile(ours[:, 0], [50, 95]), np.percentile(theirs[:, 0], [50, 95])
        cpu = ours[:, 1].sum() / theirs[:, 1].sum()
        times = f"{1000 * a[0]:.0f} / {1000 * b[0]:.0f}"
        print(f"{page:<24}{times:>14}{a[0] / b[0]:>8.2f}{a[1] / b[1]:>8.2f}{cpu:>8.2f}")


if __name__ == "__main__":
    main()
