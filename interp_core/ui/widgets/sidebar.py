"""The sidebar: which model, which text. Both live in the address and outlive a change of page.

`app.py` draws the models before the page runs; the page, which knows whether a text matters and
whether the model reads one, draws the rest with `choice`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import interp_core as ic
from interp_core.models.record import LoadedModel
from interp_core.ui import navigation
from interp_core.ui.server import cache, limits, loading
from interp_core.ui.widgets import model_facts
from interp_core.ui.widgets.choices import BOUND, follow
from interp_core.ui.widgets.markdown import message
from interp_core.ui.widgets.model_choice import DEFAULT_MODEL, examples, in_order

MAX_CHARACTERS = 20_000
TYPED = (
    "Choose a built-in model, or type a local model folder or a Hugging Face Hub id (for "
    "example `distilbert/distilbert-base-uncased`) and press Enter. A folder of an adapter "
    "(LoRA and its relatives) loads with its base model."
)
LISTED = "Shared server: only the models in this list can be loaded."
WITHOUT_MODEL = ("lessons", "report", "training_dynamics")
PLACES = "clearhead_sidebar"  # the containers that the page fills
OPENED = "clearhead_opened_model"
# Labels of models that judge two texts.
PAIRED = ("entail", "contradict", "duplicate", "not_duplicate", "paraphrase", "equivalent")


@dataclass(frozen=True)
class Choice:
    """What the sidebar says: model name, text, and the second text or None."""

    model: str
    text: str
    pair: str | None


def show(page: str) -> None:
    """The models, and room for what the page puts below them."""
    if page in WITHOUT_MODEL:
        return
    with st.sidebar:
        st.selectbox(
            "Model",
            _model_names(),
            accept_new_options=not limits.is_shared(),
            key="model",
            help=LISTED if limits.is_shared() else TYPED,
            **BOUND,
        )
        loading.base_field(model())
        loading.read_as_field(model())
        places = (st.container(), st.container(), None)
        if not limits.is_shared():
            more = st.expander("More options", icon=":material/tune:")
            places = (*places[:2], more)
            with more:
                loading.controls()
        st.session_state[PLACES] = places


def place() -> AbstractContextManager:
    """Where the page puts what it asks about its text or image."""
    return st.session_state[PLACES][0]


def _model_names() -> list[str]:
    """The built-in models, and the one that was typed or came with the address."""
    names = list(limits.allowed_models()) if limits.is_shared() else []
    names = in_order(names or [card.name for card in ic.bundled_models()])
    present = st.session_state.get("model") or st.query_params.get("model")
    return names if present in (None, "", *names) else [*names, present]


def choice(
    loaded: LoadedModel, *, text: bool = True, here: bool = False, example: str | None = None
) -> Choice:
    """The model and the texts; draws their fields where a `text` matters.

    They stand in the sidebar, or `here`. The text begins with `example`, or the first example of
    the model's task. Raises `NotShared` for what a shared server refuses.
    """
    with st.session_state[PLACES][1]:
        model_facts.show(loaded)
    begin(loaded, example)
    if text and loaded.tokenizer is not None:
        texts(loaded, here=here)
    return chosen()


def texts(loaded: LoadedModel, *, here: bool = False) -> None:
    """The fields of the text, and of the second text where the model reads pairs.

    For other models the second text stands behind "More options".
    """
    paired = reads_pairs(loaded) or bool(_pair())
    left, right = st.columns([3, 1]) if here else (place(), place())
    with _on_all_pages():
        with left:
            text_field(90 if here else 130)
            if paired:
                pair_field()
        with right:
            example_field(loaded, titled=here)
    if not paired:
        more = st.session_state[PLACES][2]
        more = more or st.sidebar.expander("More options", icon=":material/tune:")
        with more, _on_all_pages():
            pair_field()


@contextmanager
def _on_all_pages() -> Iterator[None]:
    """Controls drawn inside are the same on every page, as those of `app.py` are.

    Streamlit tells controls of two pages apart even where their keys are alike, and would begin
    anew on each.
    """
    context = get_script_run_ctx()
    with context.run_with_active_hash(context.pages_manager.main_script_hash):
        yield


def chosen() -> Choice:
    """The model and the texts as they are. Raises `NotShared` as `choice` does."""
    pair, text = _pair(), _text()
    limits.check_texts((text, pair))
    return Choice(model(), text, pair or None)


def said(page: str) -> dict[str, str]:
    """What a link to a page says of the model and the texts even where the address does not."""
    if page in WITHOUT_MODEL:
        return {}
    told = {"model": model(), "text": _text(), "pair": _pair()}
    return told | ({navigation.MARK: "1"} if page == navigation.START else {})


def begin(loaded: LoadedModel, example: str | None = None) -> None:
    """The text that a visitor finds, by the task of the model that is loaded."""
    follow("text", example or examples(loaded.task, loaded.name)[0], drawn=False)


def text_field(height: int = 130) -> None:
    """The text. Only where its field is drawn does the session hold an untouched example.

    Otherwise Streamlit would take it for one that was chosen, and put it into the address.
    """
    st.session_state.setdefault("text", _text())
    context = get_script_run_ctx()
    # Going back to an address without a text, Streamlit takes the field's own default.
    back = context is not None and context.is_history_navigation
    st.text_area(
        "Text",
        st.session_state.get("default_text", "") if back else "",
        key="text",
        height=height,
        max_chars=MAX_CHARACTERS,
        help="Press Ctrl+Enter (⌘+Enter) to run the model on the changed text.",
        **BOUND,
    )


def example_field(loaded: LoadedModel, *, titled: bool = False) -> None:
    """Examples to put into the text's place; `titled` where they stand beside it."""
    st.selectbox(
        "Examples",
        examples(loaded.task, loaded.name),
        index=None,
        placeholder="Insert an example text",
        key="example",
        on_change=_use_example,
        label_visibility="visible" if titled else "collapsed",
    )


def offer_example() -> None:
    """The button that puts the first example into the place of an empty text."""
    example = st.session_state.get("default_text", "")
    if example and not _text().strip():
        st.button("Insert an example text", on_click=_insert, args=(example,), key="text_instead")


def _insert(example: str) -> None:
    st.session_state.text = example


def pair_field() -> None:
    """The second text."""
    st.text_area(
        "Second text",
        key="pair",
        height=80,
        max_chars=MAX_CHARACTERS,
        help="Second sequence for sentence-pair and question-answering models; decoder "
        "input for encoder-decoder models.",
        **BOUND,
    )


def reads_pairs(loaded: LoadedModel) -> bool:
    """Whether the model was made for two texts, as far as its task and labels tell."""
    if loaded.task == "encoder-decoder":
        return True
    labels = loaded.labels if loaded.task == "sequence-classification" else ()
    return any(label.lower().startswith(PAIRED) for label in labels)


def model() -> str:
    """The name of the current model."""
    return _state("model", DEFAULT_MODEL)


def _text() -> str:
    """What was typed, which may be empty, or else the example that the page begins with."""
    typed = _typed("text")
    return st.session_state.get("default_text", "") if typed is None else typed


def _pair() -> str:
    return _typed("pair") or ""


def _typed(key: str) -> str | None:
    """What is in a field; before the page draws it, a link's text stands in the address alone."""
    typed = st.session_state.get(key)
    return st.query_params.get(key) if typed is None else typed


def _state(key: str, default: str) -> str:
    return st.session_state.get(key) or default


def _use_example() -> None:
    if st.session_state.example:
        st.session_state.text = st.session_state.example
        st.session_state.example = None


def is_open() -> bool:
    """Whether the current model could be loaded."""
    return st.session_state.get(OPENED) == model()


def opened(name: str) -> LoadedModel:
    """The model by its name in the sidebar; its notes stand above everything that is drawn."""
    # A spinner is a thread and a message, on every run.
    with nullcontext() if cache.is_loaded(name) else st.spinner("Loading the model …"):
        model = cache.model(name)
    st.session_state[OPENED] = name
    for note in model.notes:
        st.caption(message(note))
    return model
