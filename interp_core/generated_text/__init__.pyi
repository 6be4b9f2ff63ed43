"""Written by `python -m tools.stubs`."""

from interp_core.generated_text.answer import Answer as Answer
from interp_core.generated_text.answer import read_answer as read_answer
from interp_core.generated_text.answer import write_answer as write_answer
from interp_core.generated_text.attribution import GENERATION_METHODS as GENERATION_METHODS
from interp_core.generated_text.attribution import GenerationAttribution as GenerationAttribution
from interp_core.generated_text.attribution import attribute_generation as attribute_generation
from interp_core.generated_text.cases import PassageCase as PassageCase
from interp_core.generated_text.cases import passage_cases as passage_cases
from interp_core.generated_text.contrast import contrast_answers as contrast_answers
from interp_core.generated_text.cross import cross_attention_units as cross_attention_units
from interp_core.generated_text.faithful import GenerationFaithfulness as GenerationFaithfulness
from interp_core.generated_text.faithful import generation_faithfulness as generation_faithfulness
from interp_core.generated_text.faithful import unit_agreement as unit_agreement
from interp_core.generated_text.passage_result import PassageAttribution as PassageAttribution
from interp_core.generated_text.passages import attribute_passages as attribute_passages
from interp_core.generated_text.passages import passage_answers as passage_answers
from interp_core.generated_text.prompt import Prompt as Prompt
from interp_core.generated_text.prompt import has_template as has_template
from interp_core.generated_text.prompt import read_prompt as read_prompt
from interp_core.generated_text.shapley import shapley_units as shapley_units
from interp_core.generated_text.tables import answer_table as answer_table
from interp_core.generated_text.tables import unit_names as unit_names
from interp_core.generated_text.units import Unit as Unit
from interp_core.generated_text.units import paragraph_spans as paragraph_spans
from interp_core.generated_text.units import prompt_units as prompt_units
from interp_core.generated_text.units import sentence_spans as sentence_spans
