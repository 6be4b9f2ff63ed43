"""Written by `python -m tools.stubs`."""

from interp_core.attention.compute import attention_maps as attention_maps
from interp_core.attention.given import maps_from as maps_from
from interp_core.attention.maps import AttentionMaps as AttentionMaps
from interp_core.attention.norm_weighted import norm_weighted_attention as norm_weighted_attention
from interp_core.attention.received import attention_to as attention_to
from interp_core.attention.rollout import attention_flow as attention_flow
from interp_core.attention.rollout import attention_rollout as attention_rollout
from interp_core.attention.tables import attention_table as attention_table
from interp_core.attention.tables import difference_table as difference_table
from interp_core.attention.tables import head_summaries as head_summaries
from interp_core.attention.tables import layer_table as layer_table
