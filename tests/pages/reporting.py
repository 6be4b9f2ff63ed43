"""Every picture of a page goes into the report, and its script computes its numbers again."""

from __future__ import annotations

from unittest.mock import patch

from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.report import numbers
from interp_core.report.notebook import draws
from interp_core.report.record import Figure, Report
from interp_core.ui.report import adding
from tests.specifications import difference, plain


def report(app: AppTest) -> Report:
    """The report of the app's session."""
    return app.session_state["clearhead_report"]


def add_all(app: AppTest) -> tuple[Figure, ...]:
    """The figures that all buttons “Add to report” of the drawn page make, one for each button."""
    keys = [each.key for each in app.button if str(each.key).startswith("add_")]
    assert keys, "the page draws a picture without a button"
    drawn: list[dict] = []

    def noted(picture: adding.Picture) -> object:
        chart = _chart(picture)
        drawn.append(plain(chart))
        return chart

    with patch.object(adding, "_chart", noted):
        for key in keys:
            app.button(key=key).click()
            app.run()
            assert not app.exception
            assert not app.error, [each.value for each in app.error]
    figures = report(app).figures
    SHOWN.update({each.script: spec for each, spec in zip(figures, drawn, strict=True)})
    assert len(figures) == len(keys)
    return figures


SHOWN: dict[str, dict] = {}  # what the page drew, by the script
_chart = adding._chart

# Pictures that scripts do not draw: what stands in those scripts, and why.
UNDRAWN = {
    "ic.points_by_layer(": "points that move, each layer fitted to the one before",
    "ic.pair_table(": "two projections beside each other",
    "ic.patch_table(": "a map over the photograph",
    "ic.patch_summaries(": "maps of the photograph's patches by head",
    "ic.attribute_image(": "unsigned scores lie over the photograph",
    "ic.patch_pca(": "components over the photographs",
    "ic.nearest_patches(": "the photographs that were compared",
    "ic.image_vectors(": "thumbnails of the images stand for points",
    "ic.digit_vectors(": "thumbnails of the images stand for points",
    "method='axis'": "axes between words",
    "dimensions=3": "a picture in space, seen from the front",
}


def recomputed(figure: Figure) -> None:
    """Run the script as a stranger would; compare table and chart with those of the page."""
    names: dict = {}
    exec(figure.script, names)
    told = ic.check_against(names["table"], numbers.written(figure.numbers))
    assert "as recorded" in told
    if draws(figure.script):
        differs = difference(plain(names["chart"]), SHOWN[figure.script])
        assert not differs, f"{figure.title}: {differs}"
    else:
        known = any(part in figure.script for part in UNDRAWN)
        assert known, f"{figure.title!r} is not drawn: {figure.script}"
    assert len(names["table"]) == figure.rows
    assert figure.rows > 0
    assert figure.models
    assert len(figure.alt) > 20
    assert figure.picture.startswith((b"<svg", b"\x89PNG"))


def check(app: AppTest, *, charts: int | None = None) -> tuple[Figure, ...]:
    """Add and recompute all pictures; `charts` tells how many buttons there must be."""
    figures = add_all(app)
    assert charts is None or len(figures) == charts
    for figure in figures:
        recomputed(figure)
    return figures
