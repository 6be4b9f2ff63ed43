"""The views of the language page: each draws itself and returns what the downloads need."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.language import (
    generation,
    induction,
    logit_attribution,
    logit_lens,
    next_token,
    passages,
    prompt_answer,
    question,
    steering,
)
from interp_core.ui.language.question import Asked

__all__ = [
    "CONTINUE",
    "DRAW",
    "EXAMPLES",
    "LOOK",
    "OWN_FIELDS",
    "VIEWS",
    "WRITE",
    "Asked",
    "question",
]
VIEWS = {
    "next": "Next token",
    "lens": "Logit lens",
    "wrote": "Logit attribution",
    "write": "Generate",
    "answer": "Prompt and answer",
    "passages": "Retrieved passages",
    "induction": "Induction",
    "steering": "Steering",
}
DRAW: dict[str, Callable] = {
    "next": next_token.draw,
    "lens": logit_lens.draw,
    "wrote": logit_attribution.draw,
    "write": generation.draw,
    "answer": prompt_answer.draw,
    "passages": passages.draw,
    "induction": induction.draw,
    "steering": steering.draw,
}
WRITE = ("answer", "passages")  # views that need a model that writes, with an encoder or without
EXAMPLES = {"answer": prompt_answer.EXAMPLE}  # texts that a view opens with
CONTINUE = (
    "wrote",
    "write",
    "induction",
    "steering",
)  # views that need a model that continues a text
OWN_FIELDS = ("induction", "passages")  # views that do not read the sidebar's text
LOOK = {
    "next": (
        "Which tokens are hard to predict? Names, numbers and phrase beginnings have high "
        "surprisal; the ends of fixed phrases have almost none. A high probability does not "
        "mean that a statement is true."
    ),
    "lens": (
        "At which layer does the final prediction first appear, and what was predicted "
        "before? Easy tokens are resolved early; predictions that depend on distant tokens "
        "often appear in the last layers."
    ),
    "wrote": (
        "Is the logit dominated by a few components? Which ones lower it? Open the attention "
        "of heads with a large contribution. A contribution of zero does not rule out an "
        "effect through later layers."
    ),
    "write": (
        "Where was the model certain, and where were alternatives close? Raise the "
        "temperature and compare the ranks of the generated tokens."
    ),
    "answer": (
        "Which part of the prompt does a phrase of the answer rest on? Choose its tokens and look "
        "at the prompt. A removed unit that changes nothing may still be used, if its content "
        "stands elsewhere too: compare Shapley values. Tokens late in a word or a name are "
        "predicted from the answer itself (the lower rows)."
    ),
    "passages": (
        "Which passage does the answer lose most without? Are the shaded tokens the ones that "
        "state the fact? A passage that ranks first and gives nothing was retrieved and not read. "
        "The measure shows what the answer depends on, not whether it is true."
    ),
    "induction": (
        "Look for previous-token heads (score near 1) in one layer and induction heads in "
        "later layers: together they copy. Does surprisal drop when the second copy begins?"
    ),
    "steering": (
        "Compare small and large strengths, and the opposite sign. A direction is convincing if it "
        "changes the continuation in the intended way while the text stays fluent."
    ),
}
