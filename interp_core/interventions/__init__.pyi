"""Written by `python -m tools.stubs`."""

from interp_core.interventions.interactions import word_interactions as word_interactions
from interp_core.interventions.pairs import aligned_pair as aligned_pair
from interp_core.interventions.pairs import suggest_changes as suggest_changes
from interp_core.interventions.patching import Patching as Patching
from interp_core.interventions.patching import patch as patch
from interp_core.interventions.patching import patch_sites as patch_sites
from interp_core.interventions.patching import patching_agreement as patching_agreement
from interp_core.interventions.ranking import head_removals as head_removals
from interp_core.interventions.ranking import removal_effects as removal_effects
from interp_core.interventions.regions import picture_regions as picture_regions
from interp_core.interventions.regions import region_table as region_table
from interp_core.interventions.steering import Steering as Steering
from interp_core.interventions.steering import steer as steer
from interp_core.interventions.switches import Switched as Switched
from interp_core.interventions.switches import attention_change as attention_change
from interp_core.interventions.switches import switch as switch
from interp_core.interventions.switches import switched_model as switched_model
from interp_core.interventions.task_lens import classifier_lens as classifier_lens
from interp_core.interventions.task_lens import turning_points as turning_points
from interp_core.interventions.zeroing import attention_gradient as attention_gradient
from interp_core.interventions.zeroing import value_zeroing as value_zeroing
