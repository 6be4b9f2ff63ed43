"""Embedding projector: where words and texts live, layer by layer."""

from interp_core.ui import errors, navigation
from interp_core.ui.embedding import VIEWS, downloads, point_choice
from interp_core.ui.widgets import layout, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Embedding projector",
    "How the model arranges words and texts: neighbours, clusters, outliers and label errors, "
    "and how faithful the projection is.",
)

with errors.shown():
    model = opened(sidebar.model())
    view = view_of({name: page.title for name, page in VIEWS.items()}, key="look")
    row = layout.controls()
    points = point_choice.choose(model, row, depth=VIEWS[view].one_layer)
    drawn = VIEWS[view].draw(points, model, row) if points else None
    if drawn is not None:
        layout.how_to_read(f"**How to read this.** {VIEWS[view].look_for}")
        downloads.show(drawn, view)
