"""The texts that people read use one term for each thing: the words below stand in none of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
READ = ("pages", "interp_core/ui", "interp_core/charts", "interp_core/report")

# What not to write (a pattern) → what to write.
TERMS = {
    r"\bink\b": "colour, shading",
    r"\bfull at\b": "range 0 to x, clipped at x",
    r"\bembedded (model|language model)": "built-in model",
    r"\bhead of its own\b": "task head",
    r"\bspeaks? against\b": "opposes",
    r"\bcan it be trusted\b": "faithfulness, projection quality",
    r"\bfirst-order guess\b": "first-order estimate",
    r"\bdo the same\b": "redundant",
    r"\btorn? away\b|\btore\b": "not near in the projection",
    r"\bturned and scaled\b|\blaid over\b": "aligned (Procrustes)",
    r"\boutput table\b": "unembedding matrix",
    r"\bforetells?\b|\bforesees?\b": "predicts",
    r"\bguessed right\b": "top-1 accuracy",
    r"\bwhat to look for\b": "how to read this",
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module that are texts, with their lines: no docstrings, names or code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            skipped |= set(map(id, parts))
            yield node.lineno, "{}".join(part.value for part in parts)
        elif isinstance(node, ast.Constant) and id(node) not in skipped:
            said = node.value if isinstance(node.value, str) else ""
            browser = "\n  " in said  # CSS and scripts
            if not browser and (" " in said or said[:1].isupper()):
                yield node.lineno, said


@pytest.mark.parametrize("folder", READ)
def test_no_text_uses_a_word_that_the_list_of_terms_replaces(folder):
    found = [
        f"{path.relative_to(ROOT)}:{line}: “{word[0]}” → {better}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in texts(path)
        for term, better in TERMS.items()
        if (word := re.search(term, text, re.IGNORECASE))
    ]
    assert not found, "\n".join(found)
