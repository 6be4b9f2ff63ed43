"""The lens for classifiers: the model's own task head on the state after each layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from interp_core.attribution.prediction import activation_of, predict
from interp_core.attribution.targets import TargetRequest
from interp_core.errors import UnsupportedModel
from interp_core.interventions.question import encode_question, find_target
from interp_core.interventions.recorded_pair import SAME
from interp_core.interventions.running import Change, Recording, Runner

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

CLASSIFIERS = ("sequence-classification", "token-classification", "image-classification")


def classifier_lens(
    model: LoadedModel, text: Any, *, position: Any = None, text_pair: str | None = None
) -> pd.DataFrame:
    """What the model would predict after each layer: layer, label, logit, probability.

    All states after a layer are put behind the last one, so that the model's own final norm, pooler
    and task head read them. Layer 0 is the state before the first layer; the last is the model's
    output. Earlier layers were not trained to be read so: they show where a prediction forms, not
    proof. `position` chooses the token where tokens are labelled. Raises `BadInput`,
    `InputTooLong`, or `UnsupportedModel` for models without a task head or of two stacks.
    """
    if model.task not in CLASSIFIERS or model.model.config.is_encoder_decoder:
        raise UnsupportedModel(
            f"{model.name!r} is not a classifier of one stack. Choose `sentiment`; language "
            "models have the logit lens."
        )
    encoded = encode_question(model, text, text_pair)
    runner = Runner(model, encoded.inputs, len(encoded.sequence))
    with torch.no_grad():
        base = runner.record()
        target, _ = find_target(model, encoded, base.output, TargetRequest(position=position))
        term, activation, rows = target.terms[0], activation_of(model), []
        states = [base.entered, *(base.at("stream", layer) for layer in range(runner.layers))]
        for layer, state in enumerate(states):
            line = target.line(_read(runner, base, state), term)[0]
            found = predict(line, model.labels, activation)
            chances = found.probabilities
            for number, label in enumerate(model.labels):
                chance = float("nan") if chances is None else float(chances[number])
                rows.append((layer, label, float(found.logits[number]), chance))
        truth = target.line(base.output, term)[0].float().cpu().numpy()
    frame = pd.DataFrame(rows, columns=["layer", "label", "logit", "probability"])
    last = frame["logit"].to_numpy()[-len(model.labels) :]
    if np.abs(last - truth).max() > SAME * max(1.0, np.abs(truth).max()):
        kind = model.model.config.model_type
        raise UnsupportedModel(f"{kind} models use more than the state after the last layer.")
    return frame


def _read(runner: Runner, base: Recording, state: Tensor) -> Any:
    """The output of the model with this state after its last layer."""
    last = runner.layers - 1
    raw = base.blocks[-1]
    given = state if isinstance(raw, Tensor) else type(raw)((state, *raw[1:]))
    begun = replace(base, blocks=[*base.blocks[:-1], given])
    nothing = torch.zeros(1, runner.tokens, 1, dtype=torch.bool, device=state.device)
    return runner.run(Change("stream", last, nothing, begun, begun))


def turning_points(lens: pd.DataFrame) -> pd.DataFrame:
    """Layers at which the best label changes: layer, label, previous."""
    best = lens.loc[lens.groupby("layer")["logit"].idxmax(), ["layer", "label"]]
    best = best.sort_values("layer").assign(previous=lambda frame: frame["label"].shift())
    turned = best["previous"].notna() & (best["label"] != best["previous"])
    return best[turned].reset_index(drop=True)
