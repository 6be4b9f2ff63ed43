"""The table of attribution methods: a new method is one function and one row."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interp_core.attribution import attention_based, gradients, integrated_gradients, perturbation
from interp_core.attribution.result import MethodOutput
from interp_core.errors import BadInput, UnsupportedModel

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class Method:
    """One attribution method.

    `complete`: scores promise to add up to F(text) − F(baseline). `signed`: positive scores support
    the target, negative ones speak against it. `by_word`: words are taken as a whole and their
    pieces share the score. `path`: gradients between baseline and text, see `keeps_first`.
    """

    function: Callable[..., MethodOutput]
    title: str
    description: str
    cost: str
    complete: bool = False
    baseline: bool = True
    signed: bool = True
    by_word: bool = False
    path: bool = False
    needs: Callable[[LoadedModel], bool] = lambda model: True

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options it takes besides `baseline` and `progress`."""
        return tuple(inspect.signature(self.function).parameters)[2:]


METHODS: dict[str, Method] = {
    "integrated_gradients": Method(
        integrated_gradients.integrated_gradients,
        "Integrated gradients",
        "Gradients integrated along the straight path from the baseline to the text. Scores "
        "sum to output − baseline (completeness).",
        "about 20 gradients",
        complete=True,
        path=True,
    ),
    "saliency": Method(
        gradients.saliency,
        "Gradient norm",
        "Norm of the gradient with respect to the word's embedding. Unsigned.",
        "1 gradient",
        baseline=False,
        signed=False,
    ),
    "input_x_gradient": Method(
        gradients.input_x_gradient,
        "Input × gradient",
        "Gradient × embedding: first-order estimate of the word's effect.",
        "1 gradient",
        baseline=False,
    ),
    "deeplift": Method(
        gradients.deeplift,
        "DeepLIFT",
        "Differences from the baseline backpropagated with the rescale rule; attention is "
        "linearised.",
        "1 gradient",
        complete=True,
        path=True,
        needs=gradients.supports_batches,
    ),
    "gradient_shap": Method(
        gradients.gradient_shap,
        "Gradient SHAP",
        "Gradients at random points between baseline and text.",
        "50 gradients",
        complete=True,
        path=True,
    ),
    "occlusion": Method(
        perturbation.occlusion,
        "Occlusion",
        "Change in the output when one word is replaced by the baseline.",
        "1 pass for each word",
        by_word=True,
    ),
    "leave_one_out": Method(
        perturbation.leave_one_out,
        "Leave one out",
        "Change in the output when one word is deleted.",
        "1 pass for each word",
        baseline=False,
        by_word=True,
    ),
    "shapley_sampling": Method(
        perturbation.shapley_sampling,
        "Shapley sampling",
        "Mean marginal contribution over random word orderings (Shapley value estimate).",
        "24 passes for each word",
        complete=True,
        by_word=True,
    ),
    "kernel_shap": Method(
        perturbation.kernel_shap,
        "Kernel SHAP",
        "Shapley values from a weighted regression on random sets of words.",
        "8 passes for each word, at least 200",
        complete=True,
        by_word=True,
    ),
    "lime": Method(
        perturbation.lime,
        "LIME",
        "Coefficients of a linear model fitted to randomly perturbed texts.",
        "8 passes for each word, at least 200",
        by_word=True,
    ),
    "attention_relevance": Method(
        attention_based.attention_relevance,
        "Attention × gradient relevance",
        "Attention × gradient, propagated through the layers. Non-negative.",
        "1 gradient",
        baseline=False,
        signed=False,
        needs=attention_based.has_maps,
    ),
    "rollout": Method(
        attention_based.rollout,
        "Attention rollout",
        "Attention multiplied through the layers. Independent of the target; unsigned.",
        "1 gradient",
        baseline=False,
        signed=False,
        needs=attention_based.has_maps,
    ),
    "raw_attention": Method(
        attention_based.raw_attention,
        "Attention of the last layer",
        "Last-layer attention of the token used for the prediction. Not a measure of effect.",
        "1 gradient",
        baseline=False,
        signed=False,
        needs=attention_based.has_maps,
    ),
}


def attribution_methods(model: LoadedModel) -> dict[str, Method]:
    """The methods that work for this model: name to title, description, cost and options."""
    return {name: entry for name, entry in METHODS.items() if entry.needs(model)}


def check_method(model: LoadedModel, name: str, options: dict[str, Any]) -> Method:
    """The table's row. Raises `BadInput` for unknown names and options, `UnsupportedModel`."""
    if name not in METHODS:
        raise BadInput(f"Unknown method {name!r}. Choose one of: {', '.join(METHODS)}.")
    entry = METHODS[name]
    if not entry.needs(model):
        raise UnsupportedModel(
            f"{entry.title} does not work with this model. "
            f"Choose one of: {', '.join(attribution_methods(model))}."
        )
    for option in options:
        if option not in entry.options:
            known = ", ".join(entry.options) or "none"
            raise BadInput(f"{entry.title} has no option {option!r}. Its options: {known}.")
    return entry
