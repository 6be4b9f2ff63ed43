"""Who may import whom, and that importing costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "transformers", "captum", "umap", "sklearn", "streamlit", "altair", "scipy")
# For each part: what of the package it may import, and which libraries it may not.
LEAF = "interp_core.errors"
RULES = {
    "interp_core/models": ({LEAF, "interp_core.models"}, {"streamlit", "altair"}),
    "interp_core/files": ({LEAF, "interp_core.files"}, {"streamlit", "altair", "torch"}),
    "interp_core/analysis": (
        {LEAF, "interp_core.models", "interp_core.files", "interp_core.analysis"},
        {"streamlit", "altair"},
    ),
    "interp_core/charts": ({LEAF, "interp_core.charts"}, {"streamlit", "torch", "transformers"}),
    "interp_core/report": (
        {LEAF, "interp_core.report"},
        {"streamlit", "altair", "torch", "transformers"},
    ),
    "interp_core/ui": ({"interp_core"}, set()),
    "pages": ({"interp_core", "interp_core.ui"}, {"torch", "transformers"}),
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def within(name: str, allowed: set[str]) -> bool:
    if "interp_core" in allowed and name.count(".") <= 1 and not name.endswith("corpus"):
        return True
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


@pytest.mark.parametrize("part", RULES)
def test_a_part_imports_only_what_the_design_allows(part):
    allowed, banned = RULES[part]
    for path in (ROOT / part).rglob("*.py"):
        for name in imports(path):
            if name.split(".")[0] == "interp_core":
                assert name == "interp_core" or within(name, allowed), f"{path} imports {name}"
            assert name.split(".")[0] not in banned, f"{path} imports {name}"


def test_only_the_app_its_pages_and_the_ui_import_streamlit():
    for path in ROOT.glob("**/*.py"):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith((".", "tests/", "tools/", "benchmarks/", "pages/", "interp_core/ui/")):
            continue
        if place != "app.py":
            assert not any(name.startswith("streamlit") for name in imports(path)), place


def test_importing_the_package_and_listing_models_loads_nothing_heavy():
    code = (
        "import sys, interp_core as ic; ic.bundled_models(); ic.BadInput; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_every_public_name_resolves():
    import interp_core as ic

    for name in ic.__all__:
        assert getattr(ic, name) is not None
    with pytest.raises(AttributeError):
        _ = ic.no_such_name


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.stem)
def test_a_page_begins_with_the_guard_against_cold_deep_links(path):
    calls = [
        ast.unparse(node)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert calls[0] == "routing.guard()"


def test_every_page_file_is_in_the_menu():
    from interp_core.ui.routing import PAGES

    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == {page[0] for page in PAGES}


def test_every_chart_is_drawn_with_its_numbers_and_a_way_into_the_report():
    drawing = [
        path.relative_to(ROOT).as_posix()
        for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "interp_core/ui").rglob("*.py")]
        if ".altair_chart(" in path.read_text(encoding="utf-8")
    ]
    assert drawing == ["interp_core/ui/figure.py"]
