"""Which parameters of the address the controls read, from the source code."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

# They bind the key that they are given.
BINDING = {"one_of", "view_of", "second"}


def bound_keys(paths: Iterable[Path]) -> list[ast.expr]:
    """The `key` of every control that is bound to the address, as it is written."""
    found = []
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (key := _bound(node)) is not None:
                found.append(key)
    return found


def _bound(call: ast.Call) -> ast.expr | None:
    named = {each.arg: each.value for each in call.keywords}
    name = ast.unparse(call.func).rpartition(".")[2]
    binds = "bind" in named or None in named or name in BINDING  # None: `**BOUND` and its like
    return named.get("key") if binds else None
