"""Who may import whom, and that importing costs nothing."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "transformers", "captum", "umap", "sklearn", "streamlit", "altair", "scipy")
# Each part of `interp_core` may import those before it, and no other.
ORDER = (
    "errors",
    "version",
    "lazy",
    "locations",
    "charted",
    "command",
    "progress",
    "validation",
    "models",
    "inputs",
    "datasets",
    "files",
    "attention",
    "attribution",
    "language",
    "generated_text",
    "embedding",
    "heads",
    "images",
    "interventions",
    "audit",
    "distributed",
    "training_dynamics",
    "comparison",
    "compare",
    "lessons",
    "charts",
    "drawing",
    "report",
    "audit_report",
    "compare_report",
    "ui",
    "cli",
)
ALONE = {
    "charts": {"errors"},
    "report": {"errors", "version"},
}  # what these import beside themselves
BANNED = {
    "charts": {"streamlit", "torch", "transformers"},
    "report": {"streamlit", "altair", "torch", "transformers"},
    "drawing": {"streamlit", "altair", "torch", "transformers"},
    "pages": {"torch", "transformers"},
    **{part: {"streamlit", "altair"} for part in ORDER[: ORDER.index("charts")]},
}
# The facade, and what is run by `python -m`.
ENTRY = {"__init__", "__main__", "corpus", "check_lesson"}
FILES = sorted((ROOT / "interp_core").rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in FILES}


def part_of(module: str) -> str:
    if module.endswith(".__main__"):
        return "__main__"
    return (*module.split("."), "__init__")[1]


def statements(nodes: list[ast.stmt], *, deferred: bool) -> Iterator[ast.stmt]:
    """These and the statements inside; without `deferred` only what runs at import."""
    for node in nodes:
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if deferred or not (function or typing):
            yield node
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                yield from statements(getattr(node, name, []), deferred=deferred)


@cache
def imports(path: Path, *, deferred: bool = True) -> set[tuple[str, str]]:
    """(module, name) of every import; without `deferred` only of those that run at import."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in statements(tree.body, deferred=deferred):
        if isinstance(node, ast.Import):
            found |= {(name.name, "") for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                found.add((inner, "") if inner in MODULES else (node.module, name.name))
    return found


def test_every_part_of_the_package_has_its_place_in_the_order():
    assert {part_of(module) for module in MODULES} <= {*ORDER, *ENTRY}


@pytest.mark.parametrize("part", ORDER)
def test_a_part_imports_only_what_stands_before_it(part):
    allowed = ALONE.get(part, set(ORDER[: ORDER.index(part)])) | {part}
    if part == "ui":
        allowed |= {"__init__", "corpus"}
    for module in (module for module in MODULES if part_of(module) == part):
        for name, _ in imports(MODULES[module]):
            if name.split(".")[0] == "interp_core":
                assert part_of(name) in allowed, f"{module} imports {name}"
            assert name.split(".")[0] not in BANNED.get(part, set()), f"{module} imports {name}"


def test_no_private_name_is_imported_across_modules():
    for path in [*FILES, *(ROOT / "pages").glob("*.py")]:
        for module, name in imports(path):
            private = any(
                each.startswith("_") and not each.endswith("__")
                for each in (name, module.rpartition(".")[2])
            )
            assert not (module.startswith("interp_core") and private), f"{path}: {module}.{name}"


@pytest.mark.parametrize("folder", ["interp_core", "pages", "tests", "tools", "benchmarks"])
def test_every_module_that_is_imported_exists(folder):
    for path in (ROOT / folder).rglob("*.py"):
        for module, _ in imports(path):
            assert module.split(".")[0] != "interp_core" or module in MODULES, f"{path}: {module}"


def test_no_circle_of_imports():
    waits = {
        module: {name for name, _ in imports(path, deferred=False) if name in MODULES} - {module}
        for module, path in MODULES.items()
    }
    assert list(graphlib.TopologicalSorter(waits).static_order())


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.stem)
def test_a_page_imports_the_facade_and_the_ui(path):
    for name, _ in imports(path):
        assert name.split(".")[0] not in BANNED["pages"]
        if name.split(".")[0] == "interp_core":
            assert part_of(name) in {"__init__", "lessons", "ui"}, name


def test_only_the_app_its_pages_and_the_ui_import_streamlit():
    aside = ("tests", "tools", "benchmarks", "pages", "app.py")
    for part in ROOT.iterdir():
        if part.name in aside or part.name.startswith("."):  # `.venv` holds tens of thousands
            continue
        for path in [part, *part.rglob("*.py")]:
            if path.suffix == ".py" and not path.is_relative_to(ROOT / "interp_core/ui"):
                assert not any(name.startswith("streamlit") for name, _ in imports(path)), path


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
    assert calls[0] == "navigation.guard()"


def test_every_page_file_is_in_the_menu():
    from interp_core.ui.navigation import PAGES

    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == {page[0] for page in PAGES}


def test_every_chart_is_drawn_with_its_numbers_and_a_way_into_the_report():
    drawing = [
        path.relative_to(ROOT).as_posix()
        for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "interp_core/ui").rglob("*.py")]
        if ".altair_chart(" in path.read_text(encoding="utf-8")
    ]
    assert drawing == ["interp_core/ui/widgets/figure.py"]
