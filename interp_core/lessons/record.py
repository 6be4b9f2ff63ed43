"""What a lesson consists of, as it was read from its file, and where its links may lead.

A link is an address of the app, checked against its pages and their choices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from interp_core.errors import BadInput

Value = str | int | float | bool


@dataclass(frozen=True)
class Link:
    """A page of the app in a stated view: the page's name, and pairs for the address."""

    page: str
    query: tuple[tuple[str, str], ...]

    def value(self, key: str) -> str | None:
        """What the address says of `key`."""
        return dict(self.query).get(key)


@dataclass(frozen=True)
class Question:
    """What the learner predicts; `right` is the place of the right option."""

    text: str
    options: tuple[str, ...]
    right: int
    reveal: str


@dataclass(frozen=True)
class Claim:
    """A figure that the lesson states, and between which bounds it must lie when measured."""

    measure: str
    model: str
    options: tuple[tuple[str, Value], ...]
    least: float | None = None
    most: float | None = None
    equals: Value | None = None
    line: int = 0


@dataclass(frozen=True)
class Step:
    """One screen of a lesson. `line` is where it begins in the file."""

    title: str
    text: str
    link: Link | None = None
    question: Question | None = None
    claims: tuple[Claim, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Lesson:
    """A lesson. `needs` is a model that not everybody has installed."""

    name: str
    title: str
    minutes: int
    level: str
    teaches: str
    steps: tuple[Step, ...] = field(default=())
    needs: str = ""


def file_error(name: str, line: int, what: str) -> BadInput:
    """The error for whoever wrote the file: where, what, and what to do."""
    return BadInput(f"{name}, line {line}: {what}")


MOST_PAIRS, MOST_LETTERS = 30, 4_000
SHARED = ("model", "base", "text", "pair")
_PICTURES = (
    "picture",
    "changed_picture",
    "picture_view",
    "picture_layer",
    "picture_head",
    "picture_display",
    "picture_opacity",
    "picture_patches",
    "picture_sinks",
    "pictures",
    "picture_curves",
    "picture_replacement",
    "picture_measure",
    "pca_layer",
    "pca_display",
    "pca_flip",
    "pca_opacity",
    "pca_image",
    "pca_patch",
    "query_patch",
    "picture_method",
    "picture_target",
    "picture_baseline",
    "picture_count",
    "picture_stat",
)
_SOURCES = (
    "word_groups",
    "ambiguous_words",
    "requests",
    "vocabulary",
    "digits",
    "images",
    "text",
    "table",
    "vectors",
)


def _names(words: str, *more: str) -> frozenset[str]:
    return frozenset((*words.split(), *more))


# Page: the choices that it keeps in the address, beside those of the sidebar.
KEYS: dict[str, frozenset[str]] = {
    "attention_heads": _names(
        """
        view layer heads kind stack words special mass token others first flow mode layer_b head_b
        text_b q0 k0 switched strength test_show test_target test_contrast test_position
        edge_layer edge_head edge_query edge_key edges edges_cut strengths patch_text patch_site
        patch_direction patch_measure patch_method patch_layer patch_region
        """,
        *_PICTURES,
    ),
    "word_attributions": _names(
        """
        show method methods against target contrast baseline steps position labels word instead
        order pieces mode_away edited changed becomes many many_scores many_shown class
        interaction
        """,
        *_PICTURES,
    ),
    "embedding_projector": _names(
        """
        look points depth sense_word entries containing rank_from rank_to text_column reducer
        dimensions nearness seed umap_neighbours umap_distance perplexity find drag everything
        point stage group_by against depth2 model2 second_base reducer2 seed2 pair_colour check
        clustering cluster_count cluster_least conflict_label pictures
        """,
        *(f"{what}_{source}" for what in ("unit", "colour", "labels") for source in _SOURCES),
    ),
    "head_entropy": _names(
        """
        pruning heads_view stat stat2 other unit way curve second_model second_base corpus
        corpus_size corpus_column corpus_2 corpus_size_2 corpus_column_2
        """,
        *_PICTURES,
    ),
    "audit": _names(
        """
        audit_view audit_data audit_size audit_text audit_label audit_pair audit_threshold
        audit_cell audit_row audit_search audit_slice audit_slice_row audit_error
        audit_thresholds audit_more
        terms bias_texts bias_label suite tagger own_words attributed word_measure word_group
        word_head
        """,
    ),
    "compare_models": _names(
        """
        versus rival second_base versus_target reach_word reach_side versus_value versus_rows
        versus_pooling versus_measure versus_stat versus_head versus_map_head versus_lens
        versus_data versus_change corpus corpus_size corpus_column audit_data audit_size audit_text
        audit_label audit_pair
        """,
    ),
    "training_dynamics": _names(
        """
        dynamics_view dynamics_series dynamics_folder dynamics_base dynamics_texts dynamics_measure
        dynamics_gap dynamics_statistic dynamics_step dynamics_attributed
        """,
    ),
    "language_models": _names(
        """
        lm_view lm_place lm_line lm_depth lm_target lm_instead lm_part lm_tokens lm_temperature
        lm_seed lm_step lm_head lm_score lm_inductor lm_towards lm_away lm_layer lm_strength
        lm_form lm_turns lm_role_0 lm_turn_0 lm_role_1 lm_turn_1 lm_role_2 lm_turn_2 lm_role_3
        lm_turn_3 lm_role_4 lm_turn_4 lm_role_5 lm_turn_5 lm_unit lm_method lm_answer lm_typed
        lm_answer_tokens lm_steps lm_template lm_from lm_to lm_source lm_more lm_rival lm_against
        passages passage_question passage_answer passage_by passage_example passage_token
        passages_retrieved passages_rewritten
        """,
    ),
}
FRONT = next(iter(KEYS))


def read_link(text: str, name: str, line: int) -> Link:
    """The link of an `Open:` line: an address copied from the browser, or its end alone."""
    if len(text) > MOST_LETTERS:
        raise file_error(name, line, f"a link has at most {MOST_LETTERS:,} letters.")
    try:
        address = urlsplit(text.strip().strip("<>"))
        pairs = parse_qsl(address.query, keep_blank_values=True, max_num_fields=MOST_PAIRS)
    except ValueError:
        raise file_error(name, line, "this is not an address. Copy one from the browser.") from None
    page = address.path.rstrip("/").rpartition("/")[2] or FRONT
    if page not in KEYS:
        known = ", ".join(KEYS)
        raise file_error(name, line, f"there is no page `{page}`. Choose from: {known}.")
    for key, _ in pairs:
        if key not in KEYS[page] and key not in SHARED:
            raise file_error(name, line, f"the page `{page}` knows no `{key}` in its address.")
    if "model" not in dict(pairs):
        raise file_error(name, line, "the link names no model. Add `model=encoder`, for example.")
    return Link(page, tuple(pairs))
