"""Compare classifiers: two models on one text, and on sentences with negations."""

from interp_core.ui import errors, navigation
from interp_core.ui.comparison import DRAW, VIEWS, WITH_TEXT, question
from interp_core.ui.widgets import downloads, layout, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Compare models",
    "Compare two text classifiers: predictions, attributions, sensitivity to each position, "
    "and handling of negation.",
)

with errors.shown():
    model = opened(sidebar.model())
    both = question.choose(model.name, model)
    drawn = None
    if both is not None:
        view = view_of(VIEWS, key="versus")
        drawn = DRAW[view](both, sidebar.choice(model, text=view in WITH_TEXT).text)
    else:
        sidebar.choice(model, text=False)
    if both is not None and not all(side.model.n_heads for side in both):
        layout.how_to_read(
            "**How to read this.** Recurrent models process words in sequence; attention connects "
            "all words directly. Check whether that shows on this text. One text is not evidence "
            "for the models in general."
        )
    if drawn is not None:
        downloads.below(drawn, "comparison")
