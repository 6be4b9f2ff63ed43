"""What README.md and docs/ say can be run, runs; what they name exists."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import interp_core as ic

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(example, {})  # our own README
    said = capsys.readouterr().out
    assert "(6, 12, 10, 10)" in said
    assert "comprehensiveness" in said


def test_every_dependency_earns_its_place_in_one_line():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = [line.split("==")[0] for line in lines if "==" in line]
    table = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    for name in pinned:
        assert re.search(rf"\b{re.escape(name)}\b", table), name
    assert all("==" in line for line in lines if line and line[0].isalnum())


def test_every_make_target_it_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) <= targets


def test_every_link_leads_to_a_file():
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_cards_say_what_was_measured():
    import json

    for path in (ROOT / "interp_core/models/bundled").glob("*/card.json"):
        card = json.loads(path.read_text())
        text = (path.parent / "README.md").read_text()
        for value in card["metrics"].values():
            assert f"{value:.1%}".replace("%", " %") in text
        assert card["licence"]


def test_the_commands_and_calls_it_names_exist(capsys):
    from interp_core.cli import COMMANDS, main

    named = [each for each in re.findall(r"`clearhead ([^`]+)`", README) if each[0] != "-"]
    assert {each.split()[0] for each in named} >= {"audit", "compare", "corpus"}
    for each in named:
        assert each.split()[0] in COMMANDS, each
        with suppress(SystemExit):
            main([each.split()[0], "--help"])
        offered = capsys.readouterr().out
        for option in re.findall(r"--[a-z-]+", each):
            assert option in offered, each
    for name in re.findall(r"\bic\.(\w+)\(", README):
        assert name in ic.__all__, name
