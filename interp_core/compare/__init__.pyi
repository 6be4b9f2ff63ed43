"""Written by `python -m tools.stubs`."""

from interp_core.compare.answers import AnswerComparison as AnswerComparison
from interp_core.compare.answers import compare_answers as compare_answers
from interp_core.compare.change import stable_rank as stable_rank
from interp_core.compare.heads import HeadComparison as HeadComparison
from interp_core.compare.heads import compare_attention as compare_attention
from interp_core.compare.one_text import MapComparison as MapComparison
from interp_core.compare.one_text import attribution_difference as attribution_difference
from interp_core.compare.one_text import compare_lens as compare_lens
from interp_core.compare.one_text import compare_maps as compare_maps
from interp_core.compare.permutation import match_heads as match_heads
from interp_core.compare.representations import RepresentationComparison as RepresentationComparison
from interp_core.compare.representations import compare_representations as compare_representations
from interp_core.compare.similarity import Similarity as Similarity
from interp_core.compare.similarity import cka as cka
from interp_core.compare.similarity import mutual_neighbours as mutual_neighbours
from interp_core.compare.similarity import rsa as rsa
from interp_core.compare.tables import change_table as change_table
from interp_core.compare.tables import similarity_table as similarity_table
from interp_core.compare.weights import WeightComparison as WeightComparison
from interp_core.compare.weights import compare_weights as compare_weights
from interp_core.compare.weights import head_changes as head_changes
from interp_core.compare.whole import Comparison as Comparison
from interp_core.compare.whole import run_comparison as run_comparison
