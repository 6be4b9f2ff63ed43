"""Measures of answers to questions with passages: the built-in cases, by their names."""

from __future__ import annotations

from functools import lru_cache

from interp_core.embedding.retrieval import rank_passages
from interp_core.errors import BadInput
from interp_core.generated_text.cases import PassageCase, passage_cases
from interp_core.generated_text.passage_result import PassageAttribution
from interp_core.generated_text.passages import attribute_passages
from interp_core.lessons.measures_attention import loaded


def _case(name: str) -> PassageCase:
    known = {case.name: case for case in passage_cases()}
    if name not in known:
        raise BadInput(f"There is no case {name!r}. Known: {', '.join(known)}.")
    return known[name]


@lru_cache(maxsize=8)
def _found(model: str, name: str) -> PassageAttribution:
    case = _case(name)
    return attribute_passages(loaded(model), case.question, case.passages, case.answer)


def passage_bits(model: str, *, case: str, passage: int) -> float:
    """Bits that the answer loses without a passage, counted from 1."""
    return float(_found(model, case).to_frame().set_index("passage")["removal"][passage])


def passage_alone(model: str, *, case: str, passage: int) -> float:
    """Bits that it gains from this passage alone."""
    return float(_found(model, case).to_frame().set_index("passage")["alone"][passage])


def token_bits(model: str, *, case: str, position: int) -> float:
    """P-CXMI in bits of a token of the answer, counted from 0."""
    return float(_found(model, case).pcxmi[position])


def dependent_tokens(model: str, *, case: str) -> int:
    """How many tokens of the answer depend on the passages."""
    return int(_found(model, case).dependent.sum())


def warns(model: str, *, case: str) -> bool:
    """Whether the answer is said to rest on no passage."""
    return _found(model, case).warning is not None


def retrieval_rank(model: str, *, case: str, passage: int) -> int:
    """The place of a passage in the ranking of an encoder: 1 is the first."""
    asked = _case(case)
    ranking = rank_passages(loaded(model), asked.question, asked.passages)
    return int(ranking.set_index("passage")["rank"][passage])
