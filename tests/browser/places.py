"""Where tests of the whole app look: each page with its views, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field

from interp_core.ui.navigation import PAGES
from tests.tiny import TEXT
from tools.browser import settled

STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"


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
    "attention_heads": (
        {},
        (
            "Head view",
            "Heatmap",
            "Token overlay",
            "Across layers",
            "Compare",
            "Ablation",
            "Activation patching",
        ),
    ),
    "word_attributions": ({}, ("Counterfactuals", "Multiple texts", "Faithfulness")),
    "embedding_projector": ({}, ("Side by side", "Outliers and label errors", "Geometry")),
    "head_entropy": (SHORT, ("Scatter plot", "Head importance")),
    "audit": ({}, ("Slices", "Errors", "Verdict")),
    "compare_models": ({}, ("Negation test and cost",)),
    "language_models": (WRITES, ("Logit lens", "Generate")),
    "lessons": ({}, ("Glossary", "For teachers")),
}
PLACES = (
    *(Place(page, _address(page), *OWN.get(page, ({}, ()))) for page, _ in PAGES),
    Place("step of a lesson", "lessons", {"lesson": "what-attention-is", "step": 1}),
    Place("picture", "word_attributions", {"model": "digits"}),
    Place(
        "overlay",
        "attention_heads",
        {"model": "digits", "picture_view": "One head"},
        ("Rollout", "Patch PCA"),
    ),
    Place("refusal", "attention_heads", {"text": " \n "}),
)


def opened(page, server, place: Place, model: str) -> None:
    """Open a place; `model` is used where one must write on."""
    own = {"model": model} if place.page == "language_models" else {}
    page.goto(server.link(place.page, **{**own, **place.query}))
    page.get_by_role("heading", level=1).wait_for()
    page.add_style_tag(content=STILL)
    settled(page)


def switched(page, view: str) -> None:
    """Open another view by its button."""
    page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).click()
    settled(page)
