"""The measures that a lesson's claims may name, and the check of a claim against the model."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from interp_core.errors import BadInput
from interp_core.lessons import measures_attention as reads
from interp_core.lessons import measures_attention as words
from interp_core.lessons import measures_audit as audits
from interp_core.lessons import measures_classifier as decides
from interp_core.lessons import measures_compare as pairs
from interp_core.lessons import measures_images as sees
from interp_core.lessons import measures_interventions as changes
from interp_core.lessons import measures_passages as answers
from interp_core.lessons.record import Claim, Lesson, Value

MEASURES: dict[str, Callable[..., Value]] = {
    each.__name__: each
    for each in (
        reads.tokens,
        reads.weight,
        reads.row_sum,
        reads.strongest_key,
        reads.one_back,
        reads.one_ahead,
        reads.spread,
        reads.received,
        reads.heads_resting,
        words.sense_sentences,
        words.same_sense_nearest,
        words.sense_silhouette,
        words.head_score,
        words.best_head,
        words.heads_above,
        reads.heads_in_all,
        words.copy_bits,
        decides.answer,
        decides.probability,
        decides.score,
        decides.top_word,
        decides.score_sum,
        decides.logit,
        decides.baseline_logit,
        decides.evaluations,
        decides.agreement,
        decides.comprehensiveness,
        decides.probes,
        decides.probes_right,
        decides.probes_chance,
        decides.million_parameters,
        decides.important_head,
        decides.loss_change,
        decides.better_without,
        decides.importance_agreement,
        changes.clean_value,
        changes.changed_value,
        changes.stream_effect,
        changes.head_effect,
        changes.best_patched_head,
        changes.removed_head,
        changes.removal_change,
        changes.interaction,
        changes.lens_probability,
        audits.labelled_texts,
        audits.labelled_right,
        audits.test_cases,
        audits.test_failures,
        audits.negation_lift,
        audits.heads_over_negation,
        audits.term_difference,
        audits.term_share,
        audits.group_difference,
        audits.null_end,
        audits.group_q,
        audits.answer_flips,
        audits.terms,
        pairs.shared_matrices,
        pairs.equal_matrices,
        pairs.weight_change,
        pairs.change_rank,
        pairs.layers_similarity,
        pairs.moved_attention,
        answers.passage_bits,
        answers.passage_alone,
        answers.token_bits,
        answers.dependent_tokens,
        answers.warns,
        answers.retrieval_rank,
        sees.picture_tokens,
        sees.object_area,
        sees.object_attention,
        sees.component_share,
        sees.sink_share,
        sees.sinks,
        sees.rollout_peak,
    )
}


def measured(claim: Claim, name: str = "the lesson") -> Value:
    """The value of what the claim speaks of. Raises `BadInput` for what no measure answers."""
    where = f"{name}, line {claim.line}: "
    if claim.measure not in MEASURES:
        raise BadInput(f"{where}there is no measure `{claim.measure}`. Known: {known()}.")
    call = MEASURES[claim.measure]
    try:
        inspect.signature(call).bind(claim.model, **dict(claim.options))
    except TypeError as error:
        raise BadInput(f"{where}`{claim.measure}`: {error}.") from None
    return call(claim.model, **dict(claim.options))


def holds(claim: Claim, value: Value) -> bool:
    """Whether the value is within the claim's bounds."""
    if claim.equals is not None and value != claim.equals:
        return False
    if claim.least is claim.most is None:
        return True
    if isinstance(value, str):
        raise BadInput(
            f"line {claim.line}: `{claim.measure}` gives words, here {value!r}, which are neither "
            "more nor less than a number. State them with `equals`."
        )
    return (claim.least is None or value >= claim.least) and (
        claim.most is None or value <= claim.most
    )


def claims(lesson: Lesson) -> list[Claim]:
    """All claims of a lesson."""
    return [claim for step in lesson.steps for claim in step.claims]


def known() -> str:
    """The names of all measures."""
    return ", ".join(MEASURES)
