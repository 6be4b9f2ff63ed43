"""Addresses, a saved session and a notebook as the app of a stated commit made them.

`python -m tests.recorded.pages` writes them anew, which is right only when what people have kept
may be given up.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from streamlit.testing.v1 import AppTest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINKS, SESSION = HERE / "links.json", HERE / "session.json"
NOTEBOOK = HERE / "notebook.json"  # not .ipynb: formatters change those
TEXT = "text=The+plot+is+not+bad"
CAT = "text=The+cat+sat+on+the+mat"
ADDRESSES = (
    f"/?model=sentiment&{TEXT}&view=Heatmap&layer=2&heads=3&kind=Norm-weighted ‖α f(x)‖",
    f"/?model=encoder&{CAT}&pair=It+is+good&view=Across layers&token=4: on",
    f"/?model=sentiment&{TEXT}&view=Token overlay&layer=5&heads=1&heads=7&words=true",
    f"/word_attributions?model=sentiment&{TEXT}&show=Explanation&method=Input × gradient"
    "&target=negative",
    f"/word_attributions?model=sentiment&{TEXT}&show=What if&method=Leave one out",
    "/word_attributions?model=digits",
    f"/embedding_projector?model=encoder&{CAT}&look=Layer by layer&points=Words with several senses"
    "&sense_word=bank&stage=1",
    f"/embedding_projector?model=encoder&{CAT}&look=Shape of the space",
    f"/head_entropy?model=sentiment&{TEXT}&corpus_size=100 texts&heads_view=Two statistics",
    f"/compare_models?{TEXT}&model=sentiment&rival=sentiment-lstm",
    "/lessons?lesson=what-attention-is&step=3",
)


def opened(address: str, **state: object) -> AppTest:
    """The page of an address."""
    parts = urlsplit(address)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for key, value in state.items():
        app.session_state[key] = value
    if page := parts.path.strip("/"):  # the front page sends older addresses on
        app.switch_page(f"pages/{page}.py")
    given: dict[str, list[str]] = {}
    for key, value in parse_qsl(parts.query):
        given.setdefault(key, []).append(value)
    app.query_params.update(given)
    return app.run()


def seen(app: AppTest) -> dict[str, object]:
    """What tells one view from another: title, headings, choices in the address, charts."""
    assert not app.exception, app.exception[0].value
    return {
        "title": [each.value for each in app.title],
        "errors": [each.value for each in app.error],
        "address": {key: app.query_params[key] for key in sorted(app.query_params)},
        "charts": [_fields(json.loads(each.proto.spec)) for each in app.get("vega_lite_chart")],
    }


def _fields(spec: object) -> list[str]:
    """The fields of the data that a chart shows."""
    found: set[str] = set()

    def walk(part: object) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("field"), str):
                found.add(part["field"])
            for each in part.values():
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(spec)
    return sorted(found)


def write() -> None:
    """Make all three files from the app as it is; drawings are replaced by a small one."""
    from interp_core.report.notebook import notebook
    from interp_core.report.record import SVG, Report
    from interp_core.report.saved import Session, save
    from tests.pages.reporting import add_all
    from tests.report.made import DRAWING

    links, figures = {}, []
    for address in ADDRESSES:
        app = opened(address)
        links[address] = seen(app)
        print(address, links[address], sep="\n    ")
        if any(str(each.key).startswith("add_") for each in app.button) and len(figures) < 9:
            figures += [replace(each, picture=DRAWING, kind=SVG) for each in add_all(app)[:1]]
    LINKS.write_text(json.dumps(links, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    report = Report("What people kept", tuple(figures))
    views = {urlsplit(a).path.strip("/") or "attention_heads": urlsplit(a).query for a in ADDRESSES}
    SESSION.write_bytes(save(Session(report, views)))
    NOTEBOOK.write_text(notebook(report, "2026-11-29T12:00"), encoding="utf-8")
    print([(f.title, len(f.picture), f.script) for f in figures])


if __name__ == "__main__":
    write()
