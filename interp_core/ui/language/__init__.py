"""The views of the language page: each draws itself and returns what the downloads need."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.language import (
    generation,
    induction,
    logit_attribution,
    logit_lens,
    model_offer,
    next_token,
)
from interp_core.ui.language.question import Asked

__all__ = ["CONTINUE", "DRAW", "LOOK", "VIEWS", "Asked", "model_offer"]
VIEWS = {
    "next": "Next token",
    "lens": "Logit lens",
    "wrote": "Who wrote the logit?",
    "write": "Generate",
    "induction": "Induction",
}
DRAW: dict[str, Callable] = {
    "next": next_token.draw,
    "lens": logit_lens.draw,
    "wrote": logit_attribution.draw,
    "write": generation.draw,
    "induction": induction.draw,
}
CONTINUE = ("wrote", "write", "induction")  # views that need a model that continues a text
LOOK = {
    "next": "Where is the text hard to foresee, and would you have guessed? Names, numbers and the "
    "first word of a phrase cost many bits; the end of a fixed phrase almost none. A high "
    "probability is what the model expects, not what is true.",
    "lens": "In which layer does the answer first appear, and which answer led before? Easy words "
    "settle early; an answer that has to be fetched from far away often appears near the end.",
    "wrote": "Do a few heads carry the answer, or all a little? Which parts speak against it? A "
    "head with a large part is worth a look at what it reads, and a part of zero proves nothing: "
    "it may work through later layers.",
    "write": "Where was the model sure, and where would another token have changed everything that "
    "follows? Raise the temperature and watch the rank of what is written.",
    "induction": "Heads near 1 for the previous token in one layer, and induction heads above "
    "them: together they copy. Does the surprisal fall as soon as the second copy begins?",
}
