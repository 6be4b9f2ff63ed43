"""The texts that people read use one term for each thing: the words below stand in none of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
READ = ("pages", "interp_core/ui", "interp_core/charts", "interp_core/report")

LESSONS = sorted((ROOT / "interp_core/lessons/content").iterdir())
DOCUMENTS = [ROOT / "README.md", ROOT / "docs/guide.md", *LESSONS]

# What not to write (a pattern) → what to write.
TERMS = {
    r"\bpictures?\b": "chart, heatmap, projection, tile; “image” for what a vision model gets",
    r"\bink\b": "colour, shading",
    r"\bfull at\b": "range 0 to x, clipped at x",
    r"\b(heads?|tokens?|quer(y|ies)|words?) (reads?|looks? at|rests? on)\b": "attends to",
    r"\btokens? that (reads?|(is|are) read)\b": "query token, key token",
    r"\bpieces?\b": "subword token",
    r"\bmarks?\b": "special token",
    r"\bembedded (model|language model)": "built-in model",
    r"\bhead of its own\b": "task head",
    r"\bspeaks? (against|for)\b": "opposes, supports",
    r"\b(has a|no) sign\b|\bsizes\b": "signed, unsigned, absolute score",
    r"\badds? up\b": "sums to",
    r"\bdecisions?\b|\bdecides?\b": "prediction",
    r"\b(final|model's|best) answers?\b|\bmodel says\b": "prediction, predicts",
    r"^rather than$": "contrast with",
    r"\btake[ns]? away\b|\bstands? in (its|a) .*place\b": "removed, baseline, lowers",
    r"\bcan it be trusted\b": "faithfulness, projection quality",
    r"(?<!expected )\bby chance\b|\beven share\b|\bbeside random\b": "expected by chance, uniform",
    r"\b(larger than|within|more than) noise\b": "significant, not significant",
    r"\bspread\b(?! over)": "SD, SE, range",
    r"\bworth\b|\bheads matter\b|\bfirst-order guess\b": "importance, first-order estimate",
    r"\banswers kept\b": "agreement with full model",
    r"\balike\b|\btwins\b|\bfamilies\b|\bdo the same\b": "similar, redundant, clusters",
    r"\btorn? away\b|\btore\b": "not near in the projection",
    r"\bneighbours kept\b|\bnone kept\b": "preserved",
    r"\bturned and scaled\b|\blaid over\b": "aligned (Procrustes)",
    r"\bthe way of\b": "trajectory, by layer",
    r"\bgroups? part\b|\bstrangers\b": "separate, another cluster",
    r"\bnearness\b|\bmean lengths?\b": "distance metric, norm",
    r"\bcarr(y|ies) (a|no|another) ": "has a label",
    r"\boutput table\b": "unembedding matrix",
    r"\bwrites on\b|\bwritten token\b": "causal language model, generated token",
    r"\bforetells?\b|\bforesees?\b|\bmodel expects\b": "predicts",
    r"\bguess(ed|es)?\b": "prediction, estimate, top-1 accuracy",
    r"\blayers passed\b": "after layer",
    r"\bneutral words\b": "filler words inserted, effect of distance",
    r"\bfigures\b": "data, values, statistics",
    r"\btake out\b|\bput in\b|\bput above\b": "remove, insert, use",
    r"\bfirst steps\b|\bgoing on\b": "beginner, intermediate",
    r"\bwhat to (look for|take home)\b": "how to read this, key points",
    r"[\d}] %": "a percentage without a space: 5%",
}
# Where a word has a second, correct meaning.
ALLOWED = {
    "picture heads": "part of a key under which results are kept",
    "marks negative": "a sign of the chart, not a token",
    "marks a space": "a character, not a token",
    "luster sizes": "how many points a cluster has",
}
COLUMNS = {"by chance"}  # of tables of the package, which notebooks use


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


def misused(text: str) -> Iterator[str]:
    """What a text says against the list of terms."""
    for sense in ALLOWED if text not in COLUMNS else (text,):
        text = text.replace(sense, "")
    for term, better in TERMS.items():
        if word := re.search(term, text, re.IGNORECASE):
            yield f"“{word[0]}” → {better}"


@pytest.mark.parametrize("folder", READ)
def test_no_text_uses_a_word_that_the_list_of_terms_replaces(folder):
    found = [
        f"{path.relative_to(ROOT)}:{line}: {wrong}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in texts(path)
        for wrong in misused(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_uses_one_either(path):
    lines = re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8")).splitlines()
    found = [
        f"{number}: {wrong}"
        for number, line in enumerate(lines, 1)
        if not line.startswith(("measure =", "![", "text =", "Open:"))
        for wrong in misused(line)
    ]
    assert not found, f"{path.name}:\n" + "\n".join(found)


def test_the_list_is_heeded():
    assert list(misused("Full shade is 0.5")) == []
    assert list(misused("The ink is full at 0.5: 5 %, by chance"))
    assert not list(misused("expected by chance: 5%"))
