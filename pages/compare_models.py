"""Compare models: two checkpoints or any two models, by weights, layers, heads and answers."""

from contextlib import nullcontext

from interp_core.ui import errors, navigation
from interp_core.ui.comparison import CLASSIFIERS, DRAW, OVER_TEXTS, WITH_TEXT, question
from interp_core.ui.widgets import downloads, layout, sidebar
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Compare models",
    "Compare two models: weights, representations, heads and answers, before and after training "
    "or of two kinds.",
)

with errors.shown():
    model = opened(sidebar.model())
    view = question.view(model)
    both = question.choose(model.name, model, classifiers=view in CLASSIFIERS)
    drawn = None
    if both is None:
        sidebar.choice(model, text=False)
    else:
        choose = lambda text: sidebar.choice(model, text=text)  # noqa: E731
        given = choose if view in OVER_TEXTS else choose(view in WITH_TEXT).text
        with question.leading_on(model.name, view) if view not in CLASSIFIERS else nullcontext():
            drawn = DRAW[view](both, given)
    if drawn is not None:
        if advice := question.advice(view, both):
            layout.how_to_read(advice)
        downloads.below(drawn, "comparison", note=question.COMMAND)
