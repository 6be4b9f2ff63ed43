"""A report as a Jupyter notebook (format 4.5): it computes every table again, compares, draws."""

from __future__ import annotations

import ast
import json
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from interp_core.report import numbers
from interp_core.report.document import HONEST, about
from interp_core.report.record import Figure, Report

SERIES = "checkpoints of "
LOADERS = {"ic.load_model": "", "ic.checkpoint_series": SERIES}  # and what their models are called
CHART = "chart"  # the variable of a script that draws
CHECKED_ROWS = 500  # of each table; a notebook with more would be slow to open
UNKNOWN = (
    "This chart and its code come from an opened session file. Review the code before you "
    "turn it into a code cell."
)

FIRST = (
    "import functools\n\nimport interp_core as ic\n\n"
    "ic.load_model = functools.cache(ic.load_model)  # load each model once"
)


def notebook(report: Report, made: str, *, trusted: bool = False) -> str:
    """The notebook as JSON text.

    Scripts that came with an opened session file are text to read, not code to run, unless they
    are `trusted`. What people typed stands in plain blocks, where nothing is rendered.
    """
    cells = [
        _words(
            f"# Report\n\n{HONEST} Every table below is computed again, compared with what was "
            f"recorded, and drawn. Written by Clearhead on {made} (UTC)."
        ),
        _words(_block(report.title)),
        _code(FIRST),
    ]
    for place, figure in enumerate(report.figures, 1):
        cells += _figure(place, figure, trusted or not figure.opened)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return json.dumps(
        {
            "cells": cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
        ensure_ascii=False,
    )


def _figure(place: int, figure: Figure, runs: bool) -> Iterable[dict[str, Any]]:
    told = "\n".join(f"{name}: {value}" for name, value in about(figure))
    parts = [f"## Chart {place}", _block(figure.title)]
    if figure.note:
        parts.append(_block(figure.note))
    yield _words("\n\n".join([*parts, _block(told)]))
    if not runs:
        yield _words(f"{UNKNOWN}\n\n{_block(figure.script)}")
        return
    yield _code(figure.script)
    yield _code("\n".join([*_weights(figure), *_comparison(figure)]))
    yield _code(CHART) if draws(figure.script) else _recorded(figure)


def draws(script: str) -> bool:
    """Whether a script makes the chart as well as the table."""
    made = (node for node in ast.parse(script).body if isinstance(node, ast.Assign))
    return any(getattr(target, "id", "") == CHART for node in made for target in node.targets)


def _recorded(figure: Figure) -> dict[str, Any]:
    """The picture as it was recorded, where the script does not draw it."""
    data = {figure.kind: b64encode(figure.picture).decode()}
    told = "The chart as recorded; only its table is computed again."
    return _words(f"{told}\n\n![chart](attachment:chart)") | {"attachments": {"chart": data}}


def _weights(figure: Figure) -> Iterable[str]:
    calls = loads(figure.script)
    for name, digest in figure.models.items():
        yield f"found = {_digest(name, calls.get(name, f'ic.load_model({name!r})'))}"
        yield f"print('The weights are as recorded.' if found == {digest!r} else"
        yield f"      f'Other weights than recorded: {{found}} is not {digest}.')"


def loads(script: str) -> dict[str, str]:
    """The names of the models that a script loads, in order, with the call that loads each.

    A series of checkpoints is called "checkpoints of …", the same model in another number format
    "sentiment@bfloat16".
    """
    calls = (node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call))
    found = [(ast.unparse(node.func), node) for node in calls if node.args]
    told: dict[str, str] = {}
    for name, node in found:
        if name not in LOADERS:
            continue
        called, code = f"{LOADERS[name]}{ast.literal_eval(node.args[0])}", ast.unparse(node)
        formats = [each.value for each in node.keywords if each.arg == "dtype"]
        if told.get(called, code) != code and formats:  # the same model in another number format
            called = f"{called}@{ast.literal_eval(formats[0])}"
        told[called] = code
    return told


def _digest(name: str, call: str) -> str:
    """The expression of the digest that a figure keeps of a model, or of a series."""
    return f"{call}.digest()" if name.startswith(SERIES) else f"ic.weights_digest({call})"


def _comparison(figure: Figure) -> Iterable[str]:
    recorded = numbers.written(figure.numbers.head(CHECKED_ROWS))
    yield f"recorded = {recorded!r}"
    yield "print(ic.check_against(table, recorded))"
    yield "table"


def _block(text: str) -> str:
    """Markdown that prints the text as it is: four spaces before each line."""
    return "\n".join(f"    {line}" for line in text.splitlines()) or "    "


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text,
    }
