"""Passages ranked by how near their vectors are to that of a question, as a search would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from interp_core.embedding.extract import token_vectors
from interp_core.embedding.vectors import unit
from interp_core.inputs.tokens import check_text

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def rank_passages(model: LoadedModel, question: str, passages: Sequence[str]) -> pd.DataFrame:
    """One row for each passage, in their order: passage (from 1), text, similarity, rank (from 1).

    `similarity` is the cosine of the vectors of question and passage: the model's own pooling
    where its folder names one, else the mean of its last layer. Equal ones are ranked in their
    order. What is too long for the model is cut. Raises `BadInput` and `UnsupportedModel`.
    """
    check_text(question, "question")
    texts = [check_text(text, f"text of passage {n}") for n, text in enumerate(passages, 1)]
    pooling = "mean" if model.sentences is None else "model"
    vectors = token_vectors(model, [question, *texts], pooling=pooling, truncate=True)
    rows = unit(vectors.values)
    similarity = rows[1:] @ rows[0]
    frame = pd.DataFrame(
        {"passage": range(1, len(texts) + 1), "text": texts, "similarity": similarity}
    )
    rank = frame["similarity"].rank(ascending=False, method="first").astype(int)
    return frame.assign(rank=rank)
