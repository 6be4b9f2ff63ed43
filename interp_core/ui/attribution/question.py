"""What the attribution page is asked: the controls, and the attribution itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.baselines import BASELINES
from interp_core.attribution.labelled_tokens import telling_position
from interp_core.attribution.methods import METHODS
from interp_core.attribution.what_if import predict_target
from interp_core.inputs.tokens import encode
from interp_core.inputs.vocabulary import token_id, token_name
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.recipe import Recipe, calls, named

LABELLED = ("sequence-classification", "token-classification")
WORD_TARGETS = ("masked-lm", "causal-lm", "encoder-decoder")
DEFAULT_LABELS = "animals, money, law"  # what the example texts are about
MOST_LABELS = 12
SAFE = "leave_one_out"  # asks the model itself, without gradients or a baseline
SECOND, ALONE = "second best", "nothing"  # what a token is contrasted with, beside one typed
SEED = 0  # of the methods that draw at random: everybody sees the same scores


@dataclass(frozen=True)
class Asked:
    """Everything that an attribution depends on; the key of its cached result."""

    model: str
    files: str
    text: str
    pair: str | None = None
    method: str = "integrated_gradients"
    target: str | None = None
    contrast: str | None = None
    position: int | None = None
    baseline: str | None = None
    evaluations: int | None = None
    labels: tuple[str, ...] = ()

    def options(self) -> dict:
        """Keyword arguments of `ic.attribute` that differ from its defaults."""
        names = ("method", "target", "contrast", "position", "baseline")
        options = {name: getattr(self, name) for name in names}
        if not METHODS[self.method].baseline:
            del options["baseline"]
        options["text_pair"] = self.pair
        known = METHODS[self.method].options
        if self.evaluations and "evaluations" in known:
            options["evaluations"] = self.evaluations
        if "seed" in known:
            options["seed"] = SEED
        return {name: value for name, value in options.items() if value is not None}

    def call(self, text: str = "text") -> Recipe:
        """The call that explains; scripts say `text` for its text."""
        given = cache.model_recipe(self.model), named(text, self.text)
        if self.labels:
            return calls.zero_shot(*given, list(self.labels), **self.options())
        return calls.attribute(*given, **self.options())

    def with_method(self, method: str) -> Asked:
        """The same question, answered by another method."""
        return replace(self, method=method)


def explained(asked: Asked, *, text: str = "text", agreed: bool = False) -> Recipe | None:
    """The attribution, shared by all sessions; None when the user stopped it.

    A dear one waits for a click, unless that was `agreed` to already.
    """
    model = cache.model(asked.model)
    title = ic.attribution_methods(model)[asked.method].title
    dear = None if agreed else lambda: cost(asked)
    return jobs.follow(asked, title, asked.call(text), operations=dear)


def cost(asked: Asked, count: int | None = None) -> float:
    """Operations of the attribution of the text, or of one of `count` tokens.

    Raises `BadInput` or `InputTooLong` for a text that cannot be read.
    """
    model = cache.model(asked.model)
    if count is None:
        count = len(encode(model, asked.text, asked.pair).sequence)
    times = len(asked.labels) or 1
    return times * costs.attribution(model, count, asked.method, asked.evaluations)


def natural(model: LoadedModel, choice) -> Asked:  # noqa: ANN001 - sidebar.Choice
    """The question that a text and a model suggest, before anything is chosen."""
    asked = Asked(choice.model, cache.stamp(choice.model), choice.text, choice.pair)
    asked = replace(asked, method=first_method(model))
    if model.task == "encoder":
        return replace(asked, labels=_names(DEFAULT_LABELS))
    if model.task in WORD_TARGETS:
        return replace(asked, contrast=second_best(asked))
    if model.task == "token-classification":
        names = [f"{place}: {token}" for place, token in enumerate(tags(asked)["token"])]
        chosen = st.session_state.get("position")
        place = names.index(chosen) if chosen in names else telling_position(tags(asked))
        return replace(asked, position=place)
    return asked


def first_method(model: LoadedModel) -> str:
    """The method to begin with.

    Gradients of one logit of a whole vocabulary also count what moves all logits alike, and a
    language model has no neutral baseline: there the model itself is asked, without each word.
    """
    methods = list(ic.attribution_methods(model))
    safe = model.task in WORD_TARGETS and SAFE in methods
    return SAFE if safe else methods[0]


@st.cache_data(max_entries=256, show_spinner=False)
def _second_best(asked: Asked) -> str | None:
    model = cache.model(asked.model)
    with cache.COMPUTE:
        found = predict_target(
            model, asked.text, target=asked.target, position=asked.position, text_pair=asked.pair
        )
    first = asked.target or found.prediction.label
    names = [each for each in found.prediction.to_frame()["label"] if each != first]
    return next((each for each in names if names_one_token(model, each)), None)


def second_best(asked: Asked) -> str | None:
    """The most likely token but the target, if it can be named; None where there is no text."""
    try:
        return _second_best(replace(asked, method=SAFE, contrast=None))
    except ic.ClearheadError:
        return None  # what is wrong is said by the attribution itself


def names_one_token(model: LoadedModel, name: str) -> bool:
    """Whether a shown name, typed into the field, means the token that is shown by it."""
    try:
        return token_name(model, token_id(model, name, len(model.tokenizer))) == name
    except ic.BadInput:
        return False


@st.cache_data(max_entries=256, show_spinner=False)
def _tags(model: str, files: str, text: str, pair: str | None) -> pd.DataFrame:
    with cache.COMPUTE:
        return ic.token_labels(cache.model(model), text, pair)


def tags(asked: Asked) -> pd.DataFrame:
    """The table of `ic.token_labels`."""
    return _tags(asked.model, asked.files, asked.text, asked.pair)


def controls(
    model: LoadedModel,
    choice,  # noqa: ANN001 - sidebar.Choice
    *,
    text: bool = True,
    method: bool = True,
    one_method: bool = True,
) -> Asked:
    """Target, method and baseline; every choice lives in the address.

    `text` says whether the view is about the one text, in which a token can be chosen, and `method`
    whether it attributes by a method, which stands in the row where it is by `one_method`.
    """
    asked = Asked(choice.model, cache.stamp(choice.model), choice.text, choice.pair)
    with layout.controls():
        asked = _target(asked, model, text)
        if not method:
            return replace(asked, method=first_method(model))
    methods, first = ic.attribution_methods(model), first_method(model)
    follow("method", first)
    keep_valid("method", list(methods))
    with layout.controls() if one_method else layout.options():
        method = st.selectbox(
            "Method",
            list(methods),
            index=list(methods).index(first),
            format_func=lambda name: methods[name].title,
            key="method",
            width=220,
            **BOUND,
        )
    baseline = steps = None
    if methods[method].baseline:
        names = ic.available_baselines(model.tokenizer)
        keep_valid("baseline", names)
        with layout.options():
            baseline = st.selectbox("Baseline", names, key="baseline", help=_baselines(), **BOUND)
    if "evaluations" in methods[method].options:
        with layout.options():
            steps = st.selectbox(
                "Model evaluations",
                ["automatic", 32, 64, 128, 256, 512],
                key="steps",
                help="Number of model evaluations (integration steps or samples). Automatic "
                "adds evaluations until the estimated error of every token and the "
                "relative convergence delta are below 1%.",
                **BOUND,
            )
    entry = methods[method]
    with layout.options():
        st.caption(f"**{entry.title}.** {entry.description} Cost: {entry.cost}.")
    return replace(
        asked, method=method, baseline=baseline, evaluations=None if steps == "automatic" else steps
    )


def _baselines() -> str:
    lines = [f"- **{name}**: {what}" for name, what in BASELINES.items()]
    return (
        "Reference input that represents missing information. Scores depend on this choice:\n"
        + "\n".join(lines)
    )


def _target(asked: Asked, model: LoadedModel, text: bool) -> Asked:
    if _infers(model):
        asked = _own_labels(asked, "")
    if model.task in LABELLED and not asked.labels:
        asked = _label_target(asked, model)
    elif model.task in WORD_TARGETS:
        asked = _word_target(asked)
    elif model.task == "encoder":
        asked = _own_labels(asked, DEFAULT_LABELS)
        if not asked.labels:
            raise ic.BadInput("Enter one or more labels, separated by commas.")
    if text and model.task in ("token-classification", "masked-lm", "causal-lm"):
        asked = replace(asked, position=_position(asked, model))
    if model.task in WORD_TARGETS and asked.contrast == SECOND:
        # Another one for every text: with many of them the logit alone is explained.
        asked = replace(asked, contrast=second_best(asked) if text else None)
    return asked


def _infers(model: LoadedModel) -> bool:
    """Whether the model judges entailment, and so can weigh labels of the user's own."""
    return model.task == "sequence-classification" and any(
        label.lower().startswith("entail") for label in model.labels
    )


def _own_labels(asked: Asked, default: str) -> Asked:
    follow("labels", default)
    typed = st.text_input(
        "Labels, comma-separated",
        default,
        key="labels",
        width=300,
        placeholder="enter labels",
        help="Zero-shot classification. Encoders: cosine similarity between text and label "
        "embeddings. NLI models: probability that the text entails the label.",
        **BOUND,
    )
    names = _names(typed)
    if not names:
        return asked
    keep_valid("target", list(names))
    chosen = st.selectbox(
        "Target",
        list(names),
        index=None,
        placeholder="highest-scoring label",
        key="target",
        width=layout.room(names, 170),
        **BOUND,
    )
    return replace(asked, labels=names, target=chosen)


def _names(typed: str) -> tuple[str, ...]:
    """What stands between commas, each once."""
    names = dict.fromkeys(name.strip() for name in typed.split(",") if name.strip())
    return tuple(names)[:MOST_LABELS]


def _label_target(asked: Asked, model: LoadedModel) -> Asked:
    labels = list(dict.fromkeys(model.labels))
    keep_valid("target", labels)
    keep_valid("contrast", labels)
    px = layout.room(labels, 150)
    target = st.selectbox(
        "Target",
        labels,
        index=None,
        placeholder="predicted label",
        key="target",
        width=px,
        **BOUND,
    )
    contrast = None
    if len(labels) > 2:
        contrast = st.selectbox(
            "Contrast with", labels, index=None, placeholder="–", key="contrast", width=px, **BOUND
        )
    return replace(asked, target=target, contrast=contrast)


def _word_target(asked: Asked) -> Asked:
    """The token, and what it is contrasted with, which may still be the second best."""
    target = st.text_input(
        "Target token",
        key="word",
        placeholder="predicted token",
        width=150,
        help="A token from the vocabulary. A leading space is part of the token.",
        **BOUND,
    )
    asked = replace(asked, target=target or None)
    given = st.session_state.get("instead") or st.query_params.get("instead")
    offered = list(dict.fromkeys([SECOND, ALONE, *filter(None, [given])]))
    chosen = st.selectbox(
        "Contrast with",
        offered,
        key="instead",
        accept_new_options=True,
        width=140,
        help="Explains why the target is predicted and not this token. “second best”: the most "
        "likely other token; “nothing”: the logit alone, which also contains what raises the "
        "logits of all tokens. Another token may be typed.",
        **BOUND,
    )
    return replace(asked, contrast=None if chosen in (None, ALONE) else chosen)


def _position(asked: Asked, model: LoadedModel) -> int | None:
    tokens = encode(model, asked.text, asked.pair).sequence.tokens
    names = [f"{place}: {token}" for place, token in enumerate(tokens)]
    keep_valid("position", names)
    where = {"causal-lm": "Predict after token", "masked-lm": "Masked position"}.get(
        model.task, "Token"
    )
    first = telling_position(tags(asked)) if model.task == "token-classification" else None
    chosen = st.selectbox(
        where,
        names,
        index=None,
        placeholder="automatic" if first is None else names[first],
        key="position",
        width=150,
        **BOUND,
    )
    return first if chosen is None else names.index(chosen)
