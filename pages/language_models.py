"""Language models: what comes next, where in the model does that form, and which parts write it?"""

from interp_core.ui import errors, navigation
from interp_core.ui.language import (
    CONTINUE,
    DRAW,
    EXAMPLES,
    LOOK,
    OWN_FIELDS,
    VIEWS,
    WRITE,
    Asked,
    question,
)
from interp_core.ui.server import cache
from interp_core.ui.widgets import downloads, layout, sidebar
from interp_core.ui.widgets.choices import view_of
from interp_core.ui.widgets.sidebar import opened

navigation.guard()
layout.head(
    "Language models",
    "Next-token predictions, how they form across layers, and which components produce them.",
)

with errors.shown(instead=question.FITTING):
    model = opened(sidebar.model())
    view = view_of(VIEWS, key="lm_view")
    example = EXAMPLES.get(view) if model.task == "causal-lm" else None
    choice = sidebar.choice(model, text=view not in OWN_FIELDS, example=example)
    asked = Asked(choice.model, cache.stamp(choice.model), choice.text)
    shown, tasks = None, question.TASKS[:1] if view in CONTINUE else question.TASKS
    if question.fits(model, question.WRITING if view in WRITE else tasks):
        shown = DRAW[view](asked)
    if shown is not None:
        layout.how_to_read(f"**How to read this.** {LOOK[view]}")
        downloads.below(shown, f"language_{view}")
