"""The names that people's scripts, saved reports and notebooks use. None may go."""

from __future__ import annotations

import inspect

import pytest

import interp_core as ic
from tools.stubs import stubs

NAMES = """
AttentionMaps Attribution BadInput Behaviour Bias ClearheadError Conductance Corpus CorpusState
Faithfulness Generation HeadLift HeadStatistics ImageAttribution Infidelity InputTooLong LoadedModel
LogitAttribution LogitLens Method ModelCard ModelNotFound Neighbours Prediction Privacy Projection
Quality Row SanityCheck Skipped Stopped UnsafeModel UnsupportedModel Vectors agreement_by_layer
align align_chain answer_path apart_words at_layer attention_flow attention_lift attention_maps
attention_rollout attention_table attention_to attribute attribute_image attribute_many
attribution_methods attribution_shares available_baselines bundled_models check_against
cluster_summary clusters common_words compare_depths compare_heads compare_pictures compare_probes
compare_reach compare_words continuity copy_surprisal corpus_statistics difference_table
digit_picture digit_table digit_vectors doubtful dump_vectors edit_table faithfulness
find_neighbours first_texts generate geometry group_spans head_distances head_importance
head_likeness head_statistics head_summaries heads_between held_out_digits hubs
image_head_statistics image_vectors induction_scores infidelity is_right judged label_conflicts
label_names labelled_sample layer_conductance layer_table length_table line_table load_model
logit_attribution logit_lens logit_map make_vectors mcnemar measure_bias measure_privacy
method_agreement method_table nearest_neighbours negation_probes next_tokens norm_weighted_attention
open_corpus outliers over_seeds own_lexicon pair_table patch_summaries patch_table path_frame
pixel_table point_list point_table points_by_layer predict_texts probe profile_frame project
project_layers
pruning_curve read_image read_suite read_table read_vectors readable_texts reading_heads
repeated_sequence role_labels role_table run_suite sample_corpus sample_photo sample_table
sanity_check sensitivity sentences statistic_table step_table stream_statistics surprisal term_lists
text_rows token_vectors tokens_read trustworthiness typical_texts typical_tokens vocabulary_part
vocabulary_vectors weights_digest with_columns with_importance with_own_token word_conflicts
word_reach word_table word_vectors write_vectors written_twice zero_shot
""".split()  # noqa: SIM905 - a list would take 172 lines


def test_the_facade_lists_them():
    assert len(NAMES) == len(set(NAMES)) == 172
    assert set(NAMES) <= set(ic.__all__)
    assert set(NAMES) <= set(dir(ic))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_there(name):
    assert callable(getattr(ic, name))


def test_parameters_have_the_names_of_the_field_and_answer_to_their_former_ones():
    corpus = ic.sample_corpus()
    assert ic.first_texts(corpus, most=3) == ic.first_texts(corpus, limit=3)
    assert list(corpus.rows(most=2)) == list(corpus.rows(2))
    with pytest.raises(TypeError, match="twice"):
        ic.first_texts(corpus, limit=3, most=3)
    functions = [each for name in ic.__all__ if inspect.isfunction(each := getattr(ic, name))]
    former = {"most", "told", "line", "place", "asked", "chance"}
    for each in functions:
        assert not former & set(inspect.signature(each).parameters), each.__name__


def test_type_checkers_and_editors_see_every_name_where_it_is_defined():
    for path, text in stubs().items():
        assert path.read_text(encoding="utf-8") == text, "run `python -m tools.stubs`"
