"""Word attributions: which words made the decision, and can the answer be trusted?"""

from interp_core.ui import errors, images, navigation
from interp_core.ui.attribution import DRAW, VIEWS, method_notes
from interp_core.ui.attribution.question import controls
from interp_core.ui.widgets import downloads, layout, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Word attributions",
    "Which words drive the prediction, and how reliable is the explanation?",
)

with errors.shown():
    model = opened(sidebar.model())
    if images.reads_pictures(model):
        images.attribution.draw(model, sidebar.choice(model))
        errors.stop()
    view = view_of(VIEWS, key="show")
    of_one = view != "many"
    attributes = view != "lens"
    about = {"method": attributes, "one_method": view != "methods"}
    asked = controls(model, sidebar.choice(model, text=of_one), text=of_one, **about)
    drawn = DRAW[view](asked, model)

    layout.how_to_read(
        "**How to read this.** Do the words you expect have the largest scores? Do negations "
        "count? Do function words? Attributions describe this model's output relative to the "
        "chosen baseline, not whether the prediction is correct."
    )
    downloads.section("About the methods", ":material/menu_book:", lambda: method_notes(model))
    if drawn is not None:
        downloads.below(drawn, f"attribution_{view}")
