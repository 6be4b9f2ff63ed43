"""Written by `python -m tools.stubs`."""

from interp_core.heads.compare import compare_depths as compare_depths
from interp_core.heads.compare import compare_heads as compare_heads
from interp_core.heads.examples import typical_texts as typical_texts
from interp_core.heads.examples import typical_tokens as typical_tokens
from interp_core.heads.importance import head_importance as head_importance
from interp_core.heads.importance import pruning_curve as pruning_curve
from interp_core.heads.induction import induction_scores as induction_scores
from interp_core.heads.record import HeadStatistics as HeadStatistics
from interp_core.heads.statistics import CorpusState as CorpusState
from interp_core.heads.statistics import corpus_statistics as corpus_statistics
from interp_core.heads.statistics import head_statistics as head_statistics
from interp_core.heads.statistics import readable_texts as readable_texts
from interp_core.heads.statistics import stream_statistics as stream_statistics
from interp_core.heads.tables import head_distances as head_distances
from interp_core.heads.tables import head_likeness as head_likeness
from interp_core.heads.tables import heads_between as heads_between
from interp_core.heads.tables import profile_frame as profile_frame
from interp_core.heads.tables import role_labels as role_labels
from interp_core.heads.tables import role_table as role_table
from interp_core.heads.tables import statistic_table as statistic_table
from interp_core.heads.tables import with_importance as with_importance
