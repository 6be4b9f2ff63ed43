"""The attention page beside BertViz on the same maps: bytes sent, time to paint, layer switch.

    python -m benchmarks.attention_views [--tokens 32 128 256 512] [--keep FOLDER]

BertViz is installed in a throw-away environment and its pages are opened from a loopback server;
the app runs as a subprocess. Both are painted by headless Chromium. Needs playwright (in
requirements-dev.txt), a package index for pip, and npm for BertViz's libraries.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

import interp_core as ic
from benchmarks.attention import bertviz_pages, report
from benchmarks.attention.app_server import deep_link, running_app
from benchmarks.attention.browser import chromium, counted, first_paint, repaint, rest
from benchmarks.attention.passages import passage
from benchmarks.attention.report import Opened, Sizes

PAIRS = {"model_view": "Overview", "head_view": "Head view"}  # BertViz's name, ours
SWITCHED = ("Heatmap", "Head view")
OPENINGS = 3  # texts of the same length that are opened cold; the median counts
LINE_ROWS = 72  # tokens a column that our head view draws
PATIENCE = {128: 180.0}  # seconds that BertViz gets up to so many tokens
IMPATIENCE = 90.0  # beyond
OUR_LIMIT = 40.0

Texts = dict[int, list[str]]


def bertviz(
    play: Playwright, folder: Path, maps: dict[int, ic.AttentionMaps], keep: bool
) -> dict[tuple[int, str], Opened]:
    """Size and paint time of BertViz's two views for each number of tokens."""
    python = bertviz_pages.environment(folder / "bertviz")
    paintable = bertviz_pages.libraries(folder)
    if not paintable:
        print("npm is not installed: BertViz's pages are weighed but not painted.")
    found = {}
    with bertviz_pages.served(folder) as address:
        for tokens, each in maps.items():
            print(f"BertViz, {tokens} tokens …", flush=True)
            bertviz_pages.render(python, folder / str(tokens), each.weights, each.tokens)
            for view in PAIRS:
                page = folder / str(tokens) / f"{view}.html"
                limit = next((s for n, s in PATIENCE.items() if tokens <= n), IMPATIENCE)
                sent = Sizes(page.stat().st_size, 0)
                there = _bertviz_there(view, *each.weights.shape[:2])
                url = f"{address}/{tokens}/{view}.html"
                seconds = _painted_alone(play, url, there, limit, page) if paintable else None
                found[tokens, view] = Opened(sent, seconds, None, limit if paintable else None)
                if not keep:
                    page.unlink()
    return found


def _bertviz_there(view: str, layers: int, heads: int) -> str:
    if view == "model_view":
        return f"document.getElementById('attn_background_{layers - 1}_{heads - 1}')"
    return f"document.querySelectorAll('#vis .headAttention').length === {heads}"


def _painted_alone(
    play: Playwright, url: str, there: str, limit: float, picture: Path
) -> float | None:
    """First paint in a browser of its own: a page that is too large spoils the browser."""
    with chromium(play) as browser:
        page = browser.new_page()
        seconds = first_paint(page, url, there, limit)
        if seconds is not None:
            with suppress(Error):  # a picture for `--keep`; a slow one is no reason to stop
                page.screenshot(path=picture.with_suffix(".png"), timeout=120_000)
    return seconds


def clearhead(
    play: Playwright, folder: Path, texts: Texts, planes: int
) -> tuple[dict[tuple[int, str], Opened], dict[tuple[int, str], list[float]]]:
    """What the running app sends and how fast it paints and switches layers."""
    opened, switched = {}, {}
    with running_app() as address, chromium(play) as browser:
        warm_up(browser, deep_link(address, "Warm up the model.", "Overview"), planes)
        for tokens, several in texts.items():
            print(f"Clearhead, {tokens} tokens …", flush=True)
            (folder / str(tokens)).mkdir(parents=True, exist_ok=True)
            for view in PAIRS.values():
                urls = [deep_link(address, text, view) for text in several]
                there = _our_there(view, tokens, planes)
                picture = folder / str(tokens) / f"{view}.png"
                opened[tokens, view] = open_view(browser, urls, there, picture)
            for view in SWITCHED:
                url = deep_link(address, several[0], view)
                picture = folder / str(tokens) / f"{view} switched.png"
                switched[tokens, view] = switch_layers(browser, url, picture)
    return opened, switched


def _our_there(view: str, tokens: int, planes: int) -> str:
    if view == "Overview":
        return f"charts().some(each => each.querySelectorAll('image').length === {planes})"
    return (
        "charts().some(each => each.querySelector('canvas') ? shown(each) : "
        f"each.querySelectorAll('svg.marks text').length >= {2 * min(tokens, LINE_ROWS)})"
    )


def warm_up(browser: Browser, url: str, planes: int) -> None:
    """Make the server load the model before anything is timed."""
    with browser.new_context() as context:
        if first_paint(context.new_page(), url, _our_there("Overview", 0, planes), 120) is None:
            raise RuntimeError("the app did not paint its overview within 120 s")


def open_view(browser: Browser, urls: list[str], there: str, picture: Path) -> Opened:
    """Each text in a fresh browser context, then once more with the cache warm; medians."""
    cold, warm, sizes = [], [], []
    for url in urls:
        with browser.new_context() as context:
            for seconds in (cold, warm):
                page = context.new_page()
                received = counted(context, page)
                seconds.append(first_paint(page, url, there, OUR_LIMIT))
                rest(page, received)
                sizes.append(received)
                page.screenshot(path=picture)
                page.close()
        if cold[-1] is None:
            break
    first = Sizes(sizes[0].data, sizes[0].assets)
    return Opened(first, _median(cold), _median(warm), OUR_LIMIT)


def switch_layers(browser: Browser, url: str, picture: Path) -> list[float]:
    """Seconds of five layer switches in an open view."""
    with browser.new_context() as context:
        page = context.new_page()
        received = counted(context, page)
        if first_paint(page, url, "charts().some(shown)", OUR_LIMIT) is None:
            return []
        rest(page, received)
        times = [repaint(page, layer) for layer in range(1, 6)]
        page.screenshot(path=picture)
    return [seconds for seconds in times if seconds is not None]


def _median(seconds: list[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return statistics.median(known) if len(known) == len(seconds) else None


def run(counts: list[int], folder: Path, keep: bool) -> None:
    """Measure both and print."""
    model = ic.load_model("encoder")

    def length(text: str) -> int:
        return len(model.tokenizer(text, verbose=False)["input_ids"])

    texts = {n: [passage(length, n, 7 * each) for each in range(OPENINGS)] for n in counts}
    maps = {n: ic.attention_maps(model, several[0]) for n, several in texts.items()}
    layers, heads = model.layout.layers, model.layout.heads
    with sync_playwright() as play:
        ours, switched = clearhead(play, folder, texts, layers * heads)
        theirs = bertviz(play, folder, maps, keep)
    print(f"\nLoad of the machine at the end: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores.")
    print(report.tables(counts, PAIRS, theirs, ours, switched))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, nargs="+", default=[32, 128, 256, 512])
    parser.add_argument("--keep", type=Path, help="folder that keeps pages and screenshots")
    return parser.parse_args()


def main() -> None:
    """Run in a folder that is kept, or in a temporary one."""
    import torch

    torch.set_num_threads(1)
    asked = arguments()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
        return run(asked.tokens, asked.keep.resolve(), keep=True)
    with tempfile.TemporaryDirectory() as folder:
        return run(asked.tokens, Path(folder), keep=False)


if __name__ == "__main__":
    main()
