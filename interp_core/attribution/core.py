"""Word attributions: how much each token counts for a decision, by many methods behind one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.attribution.baselines import (
    evaluate_baseline,
    keeps_first,
    name_baselines,
    non_word_mask,
)
from interp_core.attribution.forward_function import TextFunction, text_function
from interp_core.attribution.methods import METHODS, Method, check_method
from interp_core.attribution.prediction import Prediction
from interp_core.attribution.result import Attribution, MethodOutput
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import Goal, resolve_target
from interp_core.inputs.encode import encode_with_decoder
from interp_core.inputs.words import removable, units_taken

if TYPE_CHECKING:
    from interp_core.inputs.tokens import Encoded, TokenSequence
    from interp_core.models.record import LoadedModel


def attribute(
    model: LoadedModel,
    text: str,
    *,
    method: str = "integrated_gradients",
    target: Any = None,
    position: Any = None,
    contrast: Any = None,
    text_pair: str | None = None,
    baseline: str | None = None,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> Attribution:
    """How much each token counts for one logit of the model's output.

    `target` is a label, a token of the vocabulary, or an answer, by name or number; without it the
    model's own answer. `contrast` explains why `target` and not that one: a difference of logits.
    `position` chooses the token to label or guess: token classification takes the first word
    without it, masked models the first mask; in causal models it is the token after which the
    explained one follows, the last without it. `text_pair` is the second text, the context of a
    question, or what a decoder has written so far. `baseline` is "pad", "mask", "unk", "zero" or
    "average" (the mean over those there are); None takes the first the model has.
    `progress(done, expected)` may raise or return False to stop.

    Options by method: `evaluations` (None: refine until the estimated error of every token and the
    relative delta are below 1 %, or the cap is met), `rule`, `seed=0`; see `attribution_methods`.

    Raises `BadInput`, `InputTooLong`, `UnsupportedModel` or `Stopped`.
    """
    encoded = encode_with_decoder(model, text, text_pair)
    request = TargetRequest(target, contrast, position)
    return attribute_goal(
        model,
        encoded,
        lambda output: resolve_target(model, encoded, output, request),
        method=method,
        baseline=baseline,
        progress=progress,
        **options,
    )


def attribute_goal(
    model: LoadedModel,
    encoded: Encoded,
    resolve: Callable[[Any], Goal],
    *,
    method: str,
    baseline: str | None = None,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> Attribution:
    """`attribute` for a goal found by `resolve(output)`: the target and the prediction."""
    entry = check_method(model, method, options)
    names = name_baselines(model.tokenizer, baseline) if entry.baseline else ()
    predictions: list[Prediction] = []

    def remember(output: Any) -> Any:
        goal, prediction = resolve(output)
        predictions.append(prediction)
        return goal

    explained = text_function(model, encoded, remember, progress)
    raw, start = _over_baselines(explained, entry, names, options)
    done = finished(explained, predictions[0], method, raw, start)
    return replace(
        done, baseline=baseline_label(baseline, names), options={"baseline": baseline, **options}
    )


def finished(
    explained: TextFunction,
    prediction: Prediction,
    method: str,
    raw: MethodOutput,
    start: float | None,
) -> Attribution:
    """The record of a method's output; `start` is F at the baseline."""
    entry, sequence = METHODS[method], explained.encoded.sequence
    return Attribution(
        sequence,
        raw.scores,
        explained.target,
        prediction,
        explained.value,
        method,
        baseline_value=start,
        convergence_delta=raw.scores.sum() - (explained.value - start) if entry.complete else None,
        token_error=raw.token_error,
        evaluations=explained.meter.done,
        signed=entry.signed,
        units=_units(explained.model, sequence, entry),
        first_kept=entry.path and keeps_first(explained),
    )


def _units(model: LoadedModel, sequence: TokenSequence, entry: Method) -> str:
    if not entry.by_word:
        return sequence.units
    return units_taken(sequence, removable(sequence, non_word_mask(model.tokenizer, sequence)))


def _over_baselines(
    explained: TextFunction, entry: Method, names: tuple[str, ...], options: dict[str, Any]
) -> tuple[MethodOutput, float | None]:
    """Scores averaged over the baselines, and F averaged over them."""
    run = partial(entry.function, explained, **options)
    if not names:
        return run(None), None
    starts = [evaluate_baseline(explained, name, path=entry.path) for name in names]
    return averaged([run(start) for start in starts], [start.value for start in starts])


def averaged(parts: list[MethodOutput], starts: list[float]) -> tuple[MethodOutput, float]:
    """The mean of the scores from several baselines, and of F there."""
    errors = [part.token_error for part in parts]
    error = None if None in errors else float(np.max(errors))
    scores = np.mean([part.scores for part in parts], 0)
    return MethodOutput(scores, error), float(np.mean(starts))


def baseline_label(requested: str | None, names: tuple[str, ...]) -> str | None:
    """How the baselines of `name_baselines` are called in a record."""
    if requested == "average":
        return f"average of {', '.join(names)}"
    return names[0] if names else None
