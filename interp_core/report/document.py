"""A report as one HTML file: no script, nothing from elsewhere, readable without a screen.

The template escapes everything that people typed; pictures are images in the file itself, in which
scripts of an SVG do not run; a policy in the head forbids the browser to fetch anything.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from interp_core.report.record import Figure, Report

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN_ROWS = 30  # of a table; the whole one is behind the link under it
HONEST = (
    "Explanations describe how this model's output depends on this input, according to one "
    "method. They do not show that the model is correct or fair."
)


def document(report: Report, csv: Callable[[pd.DataFrame], bytes], made: str) -> str:
    """The whole file. `csv` writes a table for spreadsheets, `made` is the time of the export."""
    return _template().render(
        report=report, csv=csv, made=made, honest=HONEST, shown_rows=SHOWN_ROWS, about=about
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"data_url": data_url, "digits": _digits}
    environment.tests |= {"missing": lambda value: value is None or value != value}
    return environment.get_template("document.html")


def _digits(value: object) -> str | None:
    """A number as it is written in a cell; None for what is no number."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def about(figure: Figure) -> list[tuple[str, str]]:
    """What the picture was made from: (what, value), the same in all exports."""
    rows = [(f"Model {name}", f"weights {digest}") for name, digest in figure.models.items()]
    if figure.text:
        rows.append(("Text", figure.text))
    chosen = "; ".join(f"{name} = {value}" for name, value in figure.options.items())
    rows.append(("Options", chosen or "default settings"))
    rows.append(("Page", figure.page))
    rows.append(("Address in the app", figure.link))
    rows.append(("Versions", ", ".join(f"{n} {v}" for n, v in figure.versions.items())))
    rows.append(("Made", f"{figure.made} (UTC)"))
    return rows


def data_url(content: bytes, kind: str) -> str:
    """A file of this MIME type as an address that holds it whole."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
