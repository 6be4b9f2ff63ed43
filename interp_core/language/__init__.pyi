"""Written by `python -m tools.stubs`."""

from interp_core.language.direct_attribution import LogitAttribution as LogitAttribution
from interp_core.language.direct_attribution import logit_attribution as logit_attribution
from interp_core.language.generation import Generation as Generation
from interp_core.language.generation import generate as generate
from interp_core.language.lens import LogitLens as LogitLens
from interp_core.language.lens import logit_lens as logit_lens
from interp_core.language.next_token import next_tokens as next_tokens
from interp_core.language.next_token import surprisal as surprisal
from interp_core.language.repeated_text import copy_surprisal as copy_surprisal
from interp_core.language.repeated_text import repeated_sequence as repeated_sequence
from interp_core.language.repeated_text import written_twice as written_twice
from interp_core.language.tables import answer_path as answer_path
from interp_core.language.tables import logit_map as logit_map
from interp_core.language.tables import reading_heads as reading_heads
from interp_core.language.tables import step_table as step_table
from interp_core.language.tables import tokens_read as tokens_read
from interp_core.language.tables import with_own_token as with_own_token
