"""The two models that are put side by side, and what each says of the text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

import interp_core as ic
from interp_core import command
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, jobs, limits
from interp_core.ui.widgets import layout, leads, model_choice
from interp_core.ui.widgets.choices import follow, one_of
from interp_core.ui.widgets.markdown import message, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named

CLASSIFIES = "sequence-classification"
COMMAND = f"Without the app: `{command.program()} compare A B --data FILE --out FOLDER`"
VIEWS = {
    "text": "One text",
    "probes": "Negation test and cost",
    "answers": "Answers",
    "weights": "Weights",
    "representations": "Representations",
    "heads": "Heads",
    "maps": "Attention",
    "lens": "Lens",
}
ADVICE = {
    "weights": "A large change is not an important one: what a change does shows in "
    "representations and answers. A low stable rank is what low-rank adapters leave.",
    "representations": "High similarity does not mean the same answers, and two "
    "measures may disagree: CKA is led by the directions of largest variance, neighbours see only "
    "what is near. Layer 0 are the embeddings.",
    "heads": "Significant is not large: over many texts small changes are significant too. "
    "A changed attention pattern does not show what it does for the answer.",
    "maps": "One text is not evidence for the models in general. Attention that goes elsewhere "
    "need not change the answer.",
    "lens": "Earlier layers were not trained to be read so: the lens shows where an answer forms, "
    "not proof.",
    "answers": "Two models of equal accuracy may differ on many texts. Look at the texts that "
    "became wrong before replacing a model.",
}
RECURRENT = (
    "Recurrent models process words in sequence; attention connects all words directly. Check "
    "whether that shows on this text. One text is not evidence for the models in general."
)
PARTNER = {"sentiment": "sentiment-lstm", "sentiment-lstm": "sentiment"}
# The same backbone before and after training.
TUNED = {
    "sentiment": "encoder",
    "encoder": "sentiment",
    "intents": "encoder",
    "slots": "encoder",
    "pos": "encoder",
}


@dataclass(frozen=True)
class Side:
    """One of the two: its name, the loaded model, and the same as part of recipes."""

    name: str
    model: LoadedModel
    recipe: Recipe

    @property
    def key(self) -> tuple[str, str]:
        """What results of it are kept under."""
        return self.name, cache.stamp(self.name)


def view(model: LoadedModel) -> str:
    """The view, chosen beside the title: for a model that does not classify, first the weights."""
    first = "text" if model.task == CLASSIFIES else "weights"
    follow("versus", first)
    with layout.beside_title():
        return one_of("View", VIEWS, key="versus", label_visibility="collapsed", default=first)


def advice(chosen: str, both: tuple[Side, Side]) -> str:
    """How to read a view; empty where there is nothing to say."""
    said = ADVICE.get(chosen, "")
    if chosen not in ADVICE and not all(side.model.n_heads for side in both):
        said = RECURRENT
    return f"**How to read this.** {said}" if said else ""


@contextmanager
def leading_on(first: str, view: str) -> Iterator[None]:
    """What does not apply to two models is said, with a way to a pair to which it does."""
    try:
        yield
    except (ic.BadInput, ic.UnsupportedModel) as error:
        st.info(message(str(error)), icon=":material/info:")
        if view == "lens" and first != "encoder" and not limits.is_shared():
            rounded = f"{first}@bfloat16"  # a lens needs two task heads with the same classes
            st.button(f"Compare with `{rounded}`", on_click=_against, args=(rounded,))
        else:
            model_choice.instead("sentiment" if first == "encoder" else "encoder")


def _against(name: str) -> None:
    st.session_state["rival"] = name


def choose(first: str, model: LoadedModel, *, classifiers: bool) -> tuple[Side, Side] | None:
    """The sidebar's model and a second one; None when there is none.

    With `classifiers` both must classify texts; else any two models can be compared.
    """
    if classifiers and model.task != CLASSIFIES:
        st.info(
            f"`{first}` is not a text classifier. Choose one in the sidebar, or another view.",
            icon=":material/info:",
        )
        model_choice.instead("sentiment")
        return None
    prefer = PARTNER if classifiers else TUNED
    with layout.controls():
        second = model_choice.second(
            "Compare with",
            first,
            key="rival",
            prefer=(prefer.get(first, ""),),
            fits=lambda card: card.task == CLASSIFIES if classifiers else not card.reads_images,
            width=260,
            help="A built-in model, a local folder, an adapter or a Hub id. With `@bfloat16` or "
            "`@float16` behind a name: the same weights rounded to that number format. With "
            "`@` and a branch, tag or commit behind a Hub id: that revision.",
        )
    if not second:
        return None
    with st.spinner("Loading the other model …"):
        other = cache.model(second)
    if classifiers and other.task != CLASSIFIES:
        st.info(
            f"`{second}` is not a text classifier. Choose another model, or another view.",
            icon=":material/info:",
        )
        return None
    for note in other.notes:
        st.caption(message(note))
    models = named("models", {name: cache.model_recipe(name, "") for name in (first, second)})
    return Side(first, model, models[first]), Side(second, other, models[second])


def explain_by_both(sides: tuple[Side, Side], text: str) -> None:
    """Buttons that open the explanation of a text by each of the two."""
    with st.container(horizontal=True):
        for side in sides:
            leads.explain(side.name, text, f"Explain by {plain(side.name)}")


def explained(side: Side, text: str, target: str | None, method: str) -> Recipe | None:
    """The attribution of one side for one of its labels, else its answer; None when stopped."""
    key = ("versus", side.key, text, target, method)
    step = calls.attribute(side.recipe, named("text", text), target=target, method=method)
    return jobs.follow(key, f"Explaining {side.name}", step)
