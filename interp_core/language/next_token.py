"""What a language model expects: the next token's distribution, and how much a text surprises it.

Surprisal is −log2 p of a token under the model's prediction from what stands before it (causal
models) or from all the rest (masked models; Salazar et al. 2020, arXiv 1910.14659). A causal model
says nothing about the first token.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from interp_core.errors import BadInput
from interp_core.inputs.vocabulary import token_names
from interp_core.language.residual_stream import encode_for_lm
from interp_core.models.forward import forward, repeated, rows_in_one_pass
from interp_core.models.preprocessors import needed_id
from interp_core.progress import report
from interp_core.validation import check_position

if TYPE_CHECKING:
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel

BIT = log(2)
CHUNK_LOGITS = 2**24  # logits that are turned into probabilities at once: 64 MB in float32


def next_tokens(
    model: LoadedModel, text: str, *, position: int | None = None, k: int = 10
) -> pd.DataFrame:
    """The k most likely tokens, best first: token, id, logit, probability, rank (from 1).

    Causal models predict what follows the token at `position`, by default the text's last one (an
    end mark that the tokenizer adds is passed over). Masked models predict the token at `position`
    from the rest; it is masked first, and the default is the first mask in the text. `.attrs` holds
    `position` and the `entropy` of the whole distribution in bits.

    Raises `BadInput`, `InputTooLong`, or `UnsupportedModel` for other tasks.
    """
    encoded = encode_for_lm(model, text)
    place = predicting_place(model, encoded, position)
    inputs = encoded.inputs
    if model.task == "masked-lm":
        inputs = _masked(model, encoded, [place])
    line = forward(model, inputs).logits[0, place].float()
    frame = best_tokens(model, line, k)
    frame.attrs = {"position": place, "entropy": float(entropy_bits(line))}
    return frame


def predicting_place(model: LoadedModel, encoded: Encoded, position: Any = None) -> int:
    """The place whose output is the prediction. Raises `BadInput`."""
    sequence = encoded.sequence
    if position is not None:
        return check_position(position, len(sequence))
    if model.task == "causal-lm":
        return int(np.flatnonzero(~sequence.special)[-1])
    masks = np.flatnonzero(sequence.ids == needed_id(model.tokenizer, "mask"))
    if not len(masks):
        raise BadInput(
            f"Write {model.tokenizer.mask_token} where the model should predict a token, or "
            "choose the position of a token to predict from the others."
        )
    return int(masks[0])


def best_tokens(model: LoadedModel, line: Tensor, k: int) -> pd.DataFrame:
    """The k best of one line of logits (vocabulary,). Raises `BadInput`."""
    if not 1 <= k <= len(line):
        raise BadInput(f"Between 1 and {len(line):,} tokens can be listed, not {k:,}.")
    logits, ids = line.topk(k)
    names = token_names(model, ids.tolist())
    return pd.DataFrame(
        {
            "token": list(names.values()),
            "id": ids.tolist(),
            "logit": logits.tolist(),
            "probability": (logits - line.logsumexp(-1)).exp().tolist(),
            "rank": range(1, k + 1),
        }
    )


def entropy_bits(logits: Tensor) -> Tensor:
    """Entropy in bits of each line of logits (..., vocabulary)."""
    logs = logits.log_softmax(-1)
    return -(logs.exp() * logs).nan_to_num().sum(-1) / BIT


def ranks(logits: Tensor, ids: Tensor) -> Tensor:
    """The rank from 1 of the token `ids` (...) in logits (..., vocabulary); ties share the best."""
    return 1 + (logits > logits.gather(-1, ids[..., None])).sum(-1)


def surprisal(
    model: LoadedModel, text: str, *, progress: Callable[[int, int], object] | None = None
) -> pd.DataFrame:
    """One row for each token: position, token, id, surprisal, probability, rank, entropy (bits).

    `rank` is the token's place among all expected ones and `entropy` that of the prediction. All
    are empty where nothing is predicted: a causal model's first token, a masked model's marks and
    masks.
    Costs one pass, for masked models one pass for each token. `progress(done, expected)` counts
    tokens and may return False to stop.
    """
    encoded = encode_for_lm(model, text)
    if model.task == "masked-lm":
        written = encoded.sequence.ids != needed_id(model.tokenizer, "mask")
        places = np.flatnonzero(written & ~encoded.sequence.special)
        found = _mask_by_mask(model, encoded, places, progress)
    else:
        places = np.arange(1, len(encoded.sequence))
        logits = forward(model, encoded.inputs).logits[0, :-1]
        found = _figures(logits, _ids(encoded, places, logits.device))
    names = ("surprisal", "probability", "rank", "entropy")
    table = np.full((len(encoded.sequence), len(names)), np.nan)
    table[places] = found
    frame = pd.DataFrame(
        {
            "position": range(len(table)),
            "token": encoded.sequence.tokens,
            "id": encoded.sequence.ids,
        }
    )
    return frame.assign(**{name: table[:, column] for column, name in enumerate(names)})


def _ids(encoded: Encoded, places: np.ndarray, device: torch.device) -> Tensor:
    return torch.as_tensor(encoded.sequence.ids[places], dtype=torch.long, device=device)


def _figures(logits: Tensor, ids: Tensor) -> np.ndarray:
    """(rows, 4): surprisal, probability, rank and entropy of `ids` (rows,)."""
    step = max(1, CHUNK_LOGITS // logits.shape[-1])
    rows = []
    for lines, wanted in zip(logits.split(step), ids.split(step)):
        lines = lines.float()
        logs = lines.log_softmax(-1).gather(-1, wanted[:, None])[:, 0].double()
        part = (
            -logs / BIT,
            logs.exp(),
            ranks(lines, wanted).double(),
            entropy_bits(lines).double(),
        )
        rows.append(torch.stack(part, 1).cpu().numpy())
    return np.concatenate(rows) if rows else np.empty((0, 4))


def _masked(model: LoadedModel, encoded: Encoded, places: list[int]) -> dict[str, Tensor]:
    """The inputs once for each place, with that token masked."""
    inputs = repeated(encoded.inputs, len(places))
    ids = inputs["input_ids"].clone()
    ids[torch.arange(len(places)), torch.as_tensor(places)] = needed_id(model.tokenizer, "mask")
    return {**inputs, "input_ids": ids}


def _mask_by_mask(
    model: LoadedModel, encoded: Encoded, places: np.ndarray, progress: Callable | None
) -> np.ndarray:
    step, found = rows_in_one_pass(model, len(encoded.sequence)), []
    for start in range(0, len(places), step):
        part = places[start : start + step]
        logits = forward(model, _masked(model, encoded, part.tolist())).logits
        lines = logits[torch.arange(len(part)), torch.as_tensor(part)]
        found.append(_figures(lines, _ids(encoded, part, lines.device)))
        report(progress, start + len(part), len(places))
    return np.concatenate(found) if found else np.empty((0, 4))
