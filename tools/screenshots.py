"""Take the guide's pictures from the running app: `make screenshots`.

Beside each picture stands what its page says in words, so that a test notices when the page has
changed and the pictures have not.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tools.browser import (
    CHROMIUM_ARGS,
    PATIENCE,
    ROOT,
    Server,
    find_chromium,
    ready,
    running,
    watched,
)

FOLDER = ROOT / "docs" / "pictures"
WORDS = FOLDER / "words.json"
TEXT = "The plot is not bad at all, but the ending left me cold."


@dataclass(frozen=True)
class Shot:
    """One picture: its file name, the page, what the address says, and the theme.

    Its words are those of the same view with what `smaller` says, where the whole takes long and
    its figures are not the same on every machine.
    """

    name: str
    page: str
    query: dict
    scheme: str = "light"
    height: int = 900
    smaller: dict = field(default_factory=dict)


BOTH = {"model": "sentiment", "text": TEXT}
REQUESTS = {"model": "encoder", "points": "Requests (7 intents)", "reducer": "UMAP"}
SENSES = {
    "model": "encoder",
    "points": "Ambiguous words",
    "look": "Layer by layer",
    "point": "0: bank",
    "stage": 5,
}
SHOTS = (
    Shot("attention_heads", "attention_heads", {**BOTH}),
    Shot(
        "attention_head_view",
        "attention_heads",
        {**BOTH, "view": "Head view", "layer": 2, "heads": [1, 8]},
    ),
    Shot("attention_across_layers", "attention_heads", {**BOTH, "view": "Across layers"}, "dark"),
    Shot("word_attributions", "word_attributions", {**BOTH}),
    Shot("compare_methods", "word_attributions", {**BOTH, "show": "Compare methods"}, "dark"),
    Shot(
        "embedding_projector",
        "embedding_projector",
        {**REQUESTS},
        height=1250,
        smaller={"points": "Word groups", "reducer": "PCA", "labels_word_groups": "none"},
    ),
    Shot("embedding_layers", "embedding_projector", {**SENSES}, "dark", 1250),
)


def window(browser):  # noqa: ANN001, ANN201 - playwright's own types
    """A tab for all shots, which fetches and compiles the app's scripts once."""
    page = watched(browser.new_context()).new_page()
    page.set_default_timeout(PATIENCE)
    return page


def visit(page, server: Server, shot: Shot, *, smaller: bool = False) -> None:  # noqa: ANN001
    """Open the page of a shot, or of its words, and wait until it is at rest."""
    page.set_viewport_size({"width": 1280, "height": shot.height})
    page.emulate_media(color_scheme=shot.scheme)
    page.goto(server.link(shot.page, **{**shot.query, **(shot.smaller if smaller else {})}))
    ready(page)


def words(page) -> list[str]:  # noqa: ANN001
    """The lines that the page shows, without figures that may differ between machines."""
    lines = page.inner_text("[data-testid=stMain]").splitlines()
    return [line.strip() for line in lines if line.strip() and "rows sum to" not in line]


def main() -> int:
    """Write all pictures and their words; returns the exit code."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        sys.stderr.write("Screenshots need Chromium (Debian: `apt install chromium`).\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    said = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        page = window(browser)
        for shot in SHOTS:
            visit(page, server, shot)
            page.screenshot(path=FOLDER / f"{shot.name}.png")
            if shot.smaller:
                visit(page, server, shot, smaller=True)
            said[shot.name] = words(page)
        browser.close()
    WORDS.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
