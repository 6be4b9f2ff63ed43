"""axe-core in a page: what stands in the way of people who use a keyboard or a screen reader."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import axe_playwright_python

# Rule, part of the element, and why nothing outside Vega and Streamlit can change it.
EXCUSED = (
    ("svg-img-alt", "_brush", "Vega's frame of a selection has no name and cannot be hidden"),
    ("list", " in the menu", "Streamlit puts each group of pages into a div of the menu's list"),
    ("listitem", " in the menu", "the same groups stand between the list and its entries"),
)
CONTRAST = ["color-contrast", "link-in-text-block"]
_RUN = """async ({part, rules}) => {
  const only = rules ? {runOnly: {type: "rule", values: rules}} : {};
  const place = document.querySelector(part);
  const menu = "[data-testid=stSidebarNav]";
  const inMenu = node => document.querySelector(node.target[0])?.closest(menu);
  const found = await axe.run(place, {resultTypes: ["violations"], ...only});
  return found.violations.flatMap(({id, impact, nodes}) => nodes.map(node => ({
    id, impact, html: node.html.slice(0, 200) + (inMenu(node) ? " in the menu" : ""),
    why: [...node.any, ...node.all, ...node.none].map(each => each.message).join("; "),
  })));
}"""


@cache
def _script() -> str:
    folder = Path(axe_playwright_python.__file__).parent
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def findings(page, part: str = "html", rules: list[str] | None = None) -> list[str]:
    """What axe finds wrong in a part of the page as it is now, one line each.

    Trifles, which axe calls minor, are left out.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())
    return [
        f"{each['impact']} {each['id']}: {each['why']} in {each['html']}"
        for each in page.evaluate(_RUN, {"part": part, "rules": rules})
        if each["impact"] != "minor" and not _excused(each)
    ]


def _excused(finding: dict) -> bool:
    return any(rule == finding["id"] and part in finding["html"] for rule, part, _ in EXCUSED)
