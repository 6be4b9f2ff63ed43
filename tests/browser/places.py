"""Where tests of the whole app look: each page with its views, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field

from interp_core.ui.navigation import PAGES
from tests.tiny import TEXT
from tools.browser import settled


@dataclass(frozen=True)
class Place:
    """An address, the views that its buttons open there, and whether their links are opened again.

    The views in `same` are built of the pieces of the others: axe does not look at them.
    """

    name: str
    page: str
    query: dict = field(default_factory=dict)
    views: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    linked: bool = False


def _address(page: str) -> str:
    return "" if page == PAGES[0][0] else page  # the front page


SHORT = {"corpus_size": "100 texts"}
WRITES = {"text": TEXT, "lm_tokens": 4}  # for a model that writes on
SENTENCE = "The acting is wonderful; the script is not."
OWN = {
    "attention_heads": {
        "query": {"text": SENTENCE, "layer": 4, "heads": 3},
        "views": (
            "Head view",
            "Heatmap",
            "Token overlay",
            "Across layers",
            "Compare",
            "Ablation",
            "Activation patching",
        ),
        "linked": True,
    },
    "word_attributions": {
        "query": {"text": SENTENCE, "target": "positive"},
        "views": ("Counterfactuals", "Multiple texts", "Faithfulness"),
        "same": ("Compare methods", "Layer conductance"),
        "linked": True,
    },
    "embedding_projector": {
        "query": {"text": "The bank was steep.", "nearness": "euclidean"},
        "views": ("Side by side", "Outliers and label errors", "Geometry"),
        "same": ("Layer by layer", "Projection quality"),
        "linked": True,
    },
    "head_entropy": {
        "query": {**SHORT, "unit": "2.4"},
        "views": ("Scatter plot", "Head importance"),
        "same": ("Head similarity", "Compare"),
        "linked": True,
    },
    "audit": {"views": ("Slices", "Errors", "Verdict")},
    "compare_models": {"views": ("Negation test and cost",)},
    "language_models": {
        "query": WRITES,
        "views": ("Logit lens", "Generate"),
        "same": ("Logit attribution", "Prompt and answer", "Induction"),
    },
    "lessons": {"views": ("Glossary", "For teachers")},
}
PLACES = (
    *(Place(page, _address(page), **OWN.get(page, {})) for page, _ in PAGES),
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
    visited(page, server.link(place.page, **{**own, **place.query}))


def visited(page, address: str) -> None:
    """Open an address, and wait until it is drawn."""
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    settled(page)


def switched(page, view: str) -> None:
    """Open another view by its button."""
    page.get_by_test_id("stMain").get_by_role("radio", name=view, exact=True).click()
    settled(page)
