"""Zero-shot classification: labels of the user's own, by inference or by similarity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import softmax

from interp_core.attribution.core import attribute, attribute_goal
from interp_core.attribution.edits import EditedInputs, evaluate
from interp_core.attribution.prediction import Prediction
from interp_core.attribution.result import Attribution
from interp_core.attribution.targets import NONE, SIMILARITY, SOFTMAX, Target, Term
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.encode import encode_with_decoder
from interp_core.inputs.tokens import check_text, encode
from interp_core.models.forward import no_cache
from interp_core.validation import label_index

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

TEMPLATE = "This text is about {}."


def zero_shot(
    model: LoadedModel,
    text: str,
    labels: Sequence[str],
    *,
    target: Any = None,
    contrast: Any = None,
    template: str | None = None,
    **options: Any,
) -> Attribution:
    """Which words make the text fit one of `labels`; the best one without `target`.

    With a model for natural language inference (a label that starts with "entail") the explained
    number is the entailment logit of the pair text and `template` filled with the label;
    probabilities are the softmax over the labels' entailment logits. With a plain encoder it is the
    cosine of the text's mean-pooled sentence vector and the label's; there are no probabilities.
    `template` is "This text is about {}." for inference and the label alone for similarity.
    `contrast` (a difference of cosines) needs an encoder. `options` are those of `attribute`.

    Raises `BadInput`, `InputTooLong` or `UnsupportedModel`.
    """
    names = _check_labels(labels)
    if model.task == "encoder" and not model.model.config.is_encoder_decoder:
        return _by_similarity(model, text, names, target, contrast, template or "{}", options)
    if contrast is not None:
        raise BadInput("Inference scores each label by itself: `contrast` needs an encoder.")
    return _by_inference(model, text, names, target, template or TEMPLATE, options)


def _check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    names = () if isinstance(labels, str) else tuple(labels)
    if not names or len(set(names)) < len(names):
        raise BadInput("Give a list of one or more different labels.")
    return tuple(check_text(name, "label").strip() for name in names)


def _filled(template: str, names: tuple[str, ...]) -> list[str]:
    if template.count("{}") != 1:
        raise BadInput('The template must contain "{}" once, where the label goes.')
    return [template.replace("{}", name) for name in names]


def _by_inference(
    model: LoadedModel, text: str, names: tuple, target: Any, template: str, options: dict
) -> Attribution:
    if model.task != "sequence-classification":
        raise UnsupportedModel("Zero-shot classification needs an encoder or an inference model.")
    yes = next((i for i, n in enumerate(model.labels) if n.lower().startswith("entail")), None)
    if yes is None:
        raise UnsupportedModel(
            f"{model.name!r} has no label for entailment (it has {', '.join(model.labels)}). "
            "Use a model for natural language inference, or an encoder."
        )
    hypotheses = _filled(template, names)
    wanted = Target("", (Term("logits", yes),))
    edits = [
        EditedInputs(encode_with_decoder(model, text, each).inputs, wanted) for each in hypotheses
    ]
    logits = evaluate(model, edits, lambda goal, output: goal.score(output))
    chosen = int(np.argmax(logits)) if target is None else label_index(names, target)
    result = attribute(model, text, text_pair=hypotheses[chosen], target=yes, **options)
    prediction = Prediction(names[int(np.argmax(logits))], names, logits, softmax(logits), SOFTMAX)
    return replace(result, goal=replace(result.goal, label=names[chosen]), prediction=prediction)


def _by_similarity(
    model: LoadedModel,
    text: str,
    names: tuple,
    target: Any,
    contrast: Any,
    template: str,
    options: dict,
) -> Attribution:
    vectors = np.stack([sentence_vector(model, each) for each in _filled(template, names)])
    encoded = encode(model, text, options.pop("text_pair", None))

    def resolve(output: Any) -> tuple[Target, Prediction]:
        every = Target("", (Term(SIMILARITY, 0),), vectors=vectors)
        cosines = every.line(output, every.terms[0])[0].cpu().double().numpy()
        best = int(np.argmax(cosines))
        chosen = best if target is None else label_index(names, target)
        other = None if contrast is None else label_index(names, contrast)
        prediction = Prediction(names[best], names, cosines, None, NONE)
        return _similarity(names, chosen, other, vectors), prediction

    method: str = options.pop("method", "integrated_gradients")
    return attribute_goal(model, encoded, resolve, method=method, **options)


def _similarity(
    names: tuple[str, ...], chosen: int, other: int | None, vectors: np.ndarray
) -> Target:
    label, unit = names[chosen], "cosine"
    if other is not None:
        label, unit = f"{label} rather than {names[other]}", "cosine difference"
    term = Term(SIMILARITY, chosen, contrast=other)
    return Target(label, (term,), unit, NONE, vectors=vectors)


def sentence_vector(model: LoadedModel, text: str) -> np.ndarray:
    """Mean of the last states over all tokens, scaled to length 1, (d,) float32."""
    encoded = encode(model, text)
    with torch.inference_mode():
        output = model.model(**encoded.inputs, **no_cache(model), return_dict=True)
        mean = output.last_hidden_state[0].float().mean(0)
    return torch.nn.functional.normalize(mean, dim=0).cpu().numpy()
