"""Written by `python -m tools.stubs`."""

from interp_core.attribution.baselines import available_baselines as available_baselines
from interp_core.attribution.conductance import Conductance as Conductance
from interp_core.attribution.conductance import layer_conductance as layer_conductance
from interp_core.attribution.core import attribute as attribute
from interp_core.attribution.erasure import Faithfulness as Faithfulness
from interp_core.attribution.erasure import faithfulness as faithfulness
from interp_core.attribution.labelled_tokens import token_labels as token_labels
from interp_core.attribution.methods import Method as Method
from interp_core.attribution.methods import attribution_methods as attribution_methods
from interp_core.attribution.prediction import Prediction as Prediction
from interp_core.attribution.prediction import predict_texts as predict_texts
from interp_core.attribution.result import Attribution as Attribution
from interp_core.attribution.robustness import Infidelity as Infidelity
from interp_core.attribution.robustness import SanityCheck as SanityCheck
from interp_core.attribution.robustness import infidelity as infidelity
from interp_core.attribution.robustness import sanity_check as sanity_check
from interp_core.attribution.robustness import sensitivity as sensitivity
from interp_core.attribution.tables import attribute_many as attribute_many
from interp_core.attribution.tables import edit_table as edit_table
from interp_core.attribution.tables import method_agreement as method_agreement
from interp_core.attribution.tables import method_table as method_table
from interp_core.attribution.tables import word_table as word_table
from interp_core.attribution.zero_shot_labels import zero_shot as zero_shot
