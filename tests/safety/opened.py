"""Pages opened in Streamlit's test harness, and all that they show."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

from interp_core.ui.audit import question
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from tests.address import bound_keys as written_keys

ROOT = Path(__file__).resolve().parents[2]
# Page: the key of its view, and the views.
VIEWS = {
    "attention_heads": (
        "view",
        (
            "overview",
            "to_token",
            "lines",
            "heatmap",
            "overlay",
            "layers",
            "compare",
            "switches",
            "patching",
        ),
    ),
    "word_attributions": (
        "show",
        ("explanation", "methods", "what_if", "layers", "lens", "interactions", "many", "trust"),
    ),
    "embedding_projector": (
        "look",
        ("picture", "layers", "compare", "checks", "trust", "shape"),
    ),
    "head_entropy": ("heads_view", ("map", "scatter", "alike", "importance", "compare")),
    "audit": (
        "audit_view",
        ("score", "slices", "errors", "words", "behaviour", "bias", "privacy", "verdict"),
    ),
    "compare_models": (
        "versus",
        ("text", "probes", "answers", "weights", "representations", "heads", "maps", "lens"),
    ),
    "language_models": (
        "lm_view",
        ("next", "lens", "wrote", "write", "answer", "passages", "induction", "steering"),
    ),
}
# A page without a model or a text in the sidebar, at views that read no texts.
WITHOUT_TEXT = [("training_dynamics", "weights")]
VIEW_KEYS = {page: key for page, (key, _) in VIEWS.items()} | {"training_dynamics": "dynamics_view"}
# Sources that read the sidebar's text, and a method that needs one pass.
QUICK = {"points": "text", "corpus": "text", "method": "saliency", "versus_data": "plain"}
# With the built-in texts this one takes long, and shows no text of the sidebar: see `audited`.
SLOW = ("audit", "words")
EVERY_VIEW = [
    (page, view) for page, (_, views) in VIEWS.items() for view in views if (page, view) != SLOW
]
MARKDOWN = ("body", "label", "help", "delta", "text", "caption")  # fields that may be Markdown
PLAIN = {"text", "text_area", "text_input", "code", "json"}  # elements that show theirs literally


def opened(page: str, query: dict | None = None, **state) -> AppTest:
    """A page with parameters in its address, or with the state that its controls leave."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for key, value in state.items():
        app.session_state[key] = value
    app.query_params.update(query or {})
    return app.switch_page(f"pages/{page}.py").run()


def at_view(page: str, view: str, query: dict | None = None, **state) -> AppTest:
    """A page at one of its views."""
    return opened(page, query, **{VIEW_KEYS[page]: view, "many_scores": True, **state})


def audited(view: str, table: pd.DataFrame, name: str, **state) -> AppTest:
    """The audit of a user's table, whose text and label are its first two columns."""
    data = table.to_csv(index=False).encode()
    uploads.files().get(digest(data), lambda: data)
    columns = dict(zip(("audit_text", "audit_label"), table))
    held = {"audit_data": question.FILE, question.HELD: (name, digest(data)), **columns}
    return at_view("audit", view, **{"model": "sentiment", **held, **state})


def elements(app: AppTest) -> Iterator[tuple[str, object]]:
    """The type and the message of everything that is sent to the browser."""

    def walk(node) -> Iterator[tuple[str, object]]:
        if getattr(node, "proto", None) is not None:
            yield node.type, node.proto
        for child in getattr(node, "children", {}).values():
            yield from walk(child)

    yield from walk(app._tree)


def everything(app: AppTest) -> str:
    """All that is sent to the browser, and the address."""
    return "\n".join([*(str(proto) for _, proto in elements(app)), str(app.query_params)])


def markdown(app: AppTest) -> Iterator[tuple[str, str]]:
    """(type of element, text) of everything that Streamlit renders as Markdown or HTML."""
    for kind, proto in elements(app):
        if kind in PLAIN:
            continue
        for name in MARKDOWN:
            value = getattr(proto, name, None)
            if isinstance(value, str) and value:
                yield kind, value
        for name in ("expandable", "popover", "tab"):
            part = getattr(proto, name, None)
            if getattr(part, "label", ""):
                yield name, part.label


def alive(app: AppTest) -> bool:
    """No exception, no unexpected error, and the page has its title."""
    assert not app.exception, app.exception[0].value
    said = [error.value for error in app.error]
    assert not any("Unexpected error" in each for each in said), said
    assert app.title or said
    return True


@cache
def bound_keys() -> frozenset[str]:
    """The names of all parameters that widgets read from the address, from the source code."""
    keys = {"point", "colour_text", "colour_word_groups", "colour_vocabulary", "colour_table"}
    keys |= {"passages", "passage_question", "passage_answer", "passage_by", "passage_example"}
    keys |= {"passage_token", "passages_retrieved"}
    for key in written_keys([*ROOT.glob("pages/*.py"), *ROOT.glob("interp_core/ui/**/*.py")]):
        keys |= _names(key)
    return frozenset(keys)


def _names(key: ast.expr) -> set[str]:
    if isinstance(key, ast.Constant):
        return {key.value}
    if isinstance(key, ast.JoinedStr):  # a name with the source of the points, or a number in it
        start = "".join(part.value for part in key.values if isinstance(part, ast.Constant))
        return {start, f"{start}_2", f"{start}text", f"{start}word_groups", f"{start}vocabulary"}
    return set()
