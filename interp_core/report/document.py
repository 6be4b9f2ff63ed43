"""A report as one HTML file: no script, nothing from elsewhere, readable without a screen.

Everything that people typed is escaped; pictures are images in the file itself, in which scripts
of an SVG do not run; a policy in the head forbids the browser to fetch anything.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from html import escape

import pandas as pd

from interp_core.report.record import Figure, Report

SHOWN_ROWS = 30  # of a table; the whole one is behind the link under it
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'"
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #17202c; background: #fff;
       max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; } h2 { font-size: 1.3rem; margin-top: 3rem; }
a { color: #1f5fbf; } a:focus-visible, summary:focus-visible { outline: 3px solid #1f5fbf; }
img { max-width: 100%; height: auto; border: 1px solid #d7dde7; background: #fff; }
.note { border-left: 4px solid #1f5fbf; padding: .1rem .9rem; white-space: pre-wrap; }
table { border-collapse: collapse; font-size: .86rem; margin: .5rem 0; }
th, td { border-bottom: 1px solid #d7dde7; padding: .2rem .7rem; text-align: left;
         vertical-align: top; overflow-wrap: anywhere; }
th { background: #f3f5f9; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
pre { background: #f3f5f9; padding: .8rem; overflow-x: auto; font-size: .84rem; }
summary { cursor: pointer; padding: .3rem 0; } .about th { width: 11rem; }
@media print { h2 { break-before: page; } details > * { display: block; } }
"""
HONEST = (
    "An explanation says what moved this model's output on this input, by this method. It is not "
    "what the world is like, and not proof that the model is right or fair."
)


def document(report: Report, csv: Callable[[pd.DataFrame], bytes], made: str) -> str:
    """The whole file. `csv` writes a table for spreadsheets, `made` is the time of the export."""
    title = escape(report.title)
    body = [
        f"<h1>{title}</h1>",
        f"<p>{HONEST}</p>",
        *_contents(report),
    ]
    for place, figure in enumerate(report.figures, 1):
        body += _section(place, figure, csv)
    body.append(f"<footer><p>Written by Clearhead on {escape(made)} (UTC).</p></footer>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _contents(report: Report) -> Iterable[str]:
    if len(report.figures) < 2:
        return
    yield '<nav aria-label="Contents"><ol>'
    for place, figure in enumerate(report.figures, 1):
        yield f'<li><a href="#figure-{place}">{escape(figure.title)}</a></li>'
    yield "</ol></nav>"


def _section(place: int, figure: Figure, csv: Callable[[pd.DataFrame], bytes]) -> Iterable[str]:
    yield f'<section id="figure-{place}" aria-labelledby="title-{place}">'
    yield f'<h2 id="title-{place}">{place}. {escape(figure.title)}</h2>'
    if figure.note:
        yield f'<p class="note">{escape(figure.note)}</p>'
    alt = escape(figure.alt, quote=True)
    yield f'<figure><img src="{data_url(figure.picture, figure.kind)}" alt="{alt}">'
    yield f"<figcaption>{escape(figure.alt)}</figcaption></figure>"
    yield from _table(place, figure, csv)
    yield "<h3>What this is</h3>"
    yield '<table class="about">'
    for name, value in about(figure):
        yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
    yield "</table>"
    yield "<details><summary>Python that computes the numbers again</summary>"
    yield f'<pre tabindex="0"><code>{escape(figure.script)}</code></pre></details>'
    yield "</section>"


def about(figure: Figure) -> list[tuple[str, str]]:
    """What the picture was made from: (what, value), the same in all exports."""
    rows = [(f"Model {name}", f"weights {digest}") for name, digest in figure.models.items()]
    if figure.text:
        rows.append(("Text", figure.text))
    chosen = "; ".join(f"{name} = {value}" for name, value in figure.options.items())
    rows.append(("Options", chosen or "as the page begins"))
    rows.append(("Page", figure.page))
    rows.append(("Address in the app", figure.link))
    rows.append(("Versions", ", ".join(f"{n} {v}" for n, v in figure.versions.items())))
    rows.append(("Made", f"{figure.made} (UTC)"))
    return rows


def _table(place: int, figure: Figure, csv: Callable[[pd.DataFrame], bytes]) -> Iterable[str]:
    head = figure.numbers.head(SHOWN_ROWS)
    kept = len(figure.numbers)
    which = "all" if kept == figure.rows else f"the first {kept:,} of"
    yield f"<details{' open' if kept <= 12 else ''}><summary>Numbers"
    yield f" ({figure.rows:,} rows)</summary>"
    yield '<div class="wide" tabindex="0" role="region" '
    yield f'aria-label="Numbers of picture {place}"><table><thead><tr>'
    yield "".join(f'<th scope="col">{escape(str(name))}</th>' for name in head.columns)
    yield "</tr></thead><tbody>"
    for row in head.itertuples(index=False):
        yield "<tr>" + "".join(_cell(value) for value in row) + "</tr>"
    yield "</tbody></table></div>"
    link = data_url(csv(figure.numbers), "text/csv")
    name = f"numbers-{place}.csv"
    yield f'<p><a download="{name}" href="{link}">Download {which} {figure.rows:,} rows</a></p>'
    yield "</details>"


def _cell(value: object) -> str:
    if value is None or value != value:
        return "<td></td>"
    if isinstance(value, float):
        return f'<td class="number">{value:.6g}</td>'
    if isinstance(value, int) and not isinstance(value, bool):
        return f'<td class="number">{value}</td>'
    return f"<td>{escape(str(value))}</td>"


def data_url(content: bytes, kind: str) -> str:
    """A file of this MIME type as an address that holds it whole."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
