"""Where tests of the whole app look: each page with its views, and a page at rest."""

from __future__ import annotations

from dataclasses import dataclass, field

from interp_core.ui.navigation import PAGES
from tests.tiny import TEXT

STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"
REST = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const busy = document.querySelector("[data-stale=true], [data-testid=stSkeleton]");
  const done = app?.dataset.testScriptState === "notRunning" && !busy;
  window.restedSince = done ? window.restedSince ?? performance.now() : undefined;
  return done && performance.now() - window.restedSince > 250;
}"""


@dataclass(frozen=True)
class Place:
    """An address, and the views that its buttons open there."""

    name: str
    page: str
    query: dict = field(default_factory=dict)
    views: tuple[str, ...] = ()


def _address(page: str) -> str:
    return "" if page == PAGES[0][0] else page  # the front page


SHORT = {"corpus_size": "100 texts"}
WRITES = {"text": TEXT, "lm_tokens": 4}  # for a model that writes on
OWN = {
    "attention_heads": ({}, ("Head view", "Heatmap", "Token overlay", "Across layers", "Compare")),
    "word_attributions": ({}, ("What if", "Many texts", "Can it be trusted?")),
    "embedding_projector": ({}, ("Side by side", "What is out of place?", "Shape of the space")),
    "head_entropy": (SHORT, ("Two statistics", "Which matter?")),
    "compare_models": ({}, ("Negation probes and costs",)),
    "language_models": (WRITES, ("Logit lens", "Generate")),
    "lessons": ({}, ("Glossary", "For teachers")),
}
PLACES = (
    *(Place(page, _address(page), *OWN.get(page, ({}, ()))) for page, _ in PAGES),
    Place("step of a lesson", "lessons", {"lesson": "what-attention-is", "step": 1}),
    Place("picture", "word_attributions", {"model": "digits"}),
    Place("refusal", "", {"text": " \n "}),
)


def opened(page, server, place: Place, model: str) -> None:
    """Open a place; `model` is used where one must write on."""
    own = {"model": model} if place.page == "language_models" else {}
    page.goto(server.link(place.page, **{**own, **place.query}))
    page.get_by_role("heading", level=1).wait_for()
    page.add_style_tag(content=STILL)
    rested(page)


def rested(page) -> None:
    """Wait until the script has run and nothing is about to change."""
    page.wait_for_function(REST, polling=60)


def switched(page, view: str) -> None:
    """Open another view by its button."""
    page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).click()
    page.wait_for_timeout(80)
    rested(page)
