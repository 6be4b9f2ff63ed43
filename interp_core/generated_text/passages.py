"""Whether an answer rests on the passages that stood before the question.

The prompt holds an instruction, the passages and the question. The answer is scored after the whole
prompt, without each passage, with each passage alone, and without any. What the passages give a
token of the answer is its P-CXMI (pointwise conditional cross-mutual information; Fernandes, Yin et
al. 2023, arXiv 2109.07446): log2 p(token | passages, question) − log2 p(token | question), in bits.

A passage is taken out with its label and the blank line after it, so that the prompt is the one
that had been written without it: what follows moves up, and positions count the tokens left. (With
an empty instruction a tokenizer that marks the beginning of a text would begin the next passage
with another token; the tokens stay as they are.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import TYPE_CHECKING

import pandas as pd

from interp_core.errors import BadInput
from interp_core.generated_text.answer import Answer, check_length, read_answer, write_answer
from interp_core.generated_text.passage_result import PassageAttribution
from interp_core.generated_text.prompt import Prompt, has_template, read_prompt, refuse_special
from interp_core.generated_text.scoring import Scorer
from interp_core.generated_text.units import prompt_units
from interp_core.inputs.tokens import check_text
from interp_core.language.generation import check_writing
from interp_core.progress import Counter, scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

BIT = log(2)
INSTRUCTION = "Answer the question in one sentence."
LABEL, ASKED, ANSWER, GAP = "Passage: ", "Question: ", "Answer:", "\n\n"
MOST_PASSAGES = 20
WRITTEN = 40  # tokens that the model writes where no answer is given


def attribute_passages(
    model: LoadedModel,
    question: str,
    passages: Sequence[str],
    answer: str | None = None,
    *,
    instruction: str = INSTRUCTION,
    tokens: int = WRITTEN,
    temperature: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> PassageAttribution:
    """Which of the passages an answer to a question rests on, and which of its tokens do.

    Without an `answer` the model writes one of up to `tokens` tokens after all passages, with
    `temperature` and `seed` as in `generate`. The prompt is one turn of the user where the
    tokenizer has a chat template, else plain text that ends in "Answer:".

    Costs 2 + 2k passes for k passages, and those that write the answer. `progress(done, 100)`
    counts per cent and may return False to stop. Raises `BadInput`, `InputTooLong`, and
    `UnsupportedModel` for models that write no text.
    """
    given = checked_passages(passages)
    read, spans = passage_prompt(model, question, given, instruction=instruction)
    if answer is None:
        part = scaled(progress, 0, 20)
        said = write_answer(
            model, read, tokens=tokens, temperature=temperature, seed=seed, progress=part
        )
    else:
        check_text(answer, "answer")
        refuse_special(model, answer, "The answer")
        lead = " " if _continues(model, read) and not answer[0].isspace() else ""
        said = read_answer(model, read, lead + answer.rstrip())
    check_length(model, read, said)
    meter = Counter(scaled(progress, 20 if answer is None else 0, 100))
    return _scored(model, question, given, spans, read, said, meter)


def passage_answers(
    model: LoadedModel,
    question: str,
    passages: Sequence[str],
    *,
    instruction: str = INSTRUCTION,
    tokens: int = WRITTEN,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """What the model answers after all passages, none, all but one, and each alone.

    One row for each: given ("all", "none", "without 1", "1 alone", …), answer, and `same`, whether
    it is the answer after all passages. Each is the most likely answer of up to `tokens` tokens; it
    is empty where the model ends at once. `progress(done, 100)` counts per cent and may return
    False to stop. Raises as `attribute_passages` does.
    """
    check_writing(tokens, 0.0)
    given = checked_passages(passages)
    sets = {"all": given, "none": ()}
    for number in range(len(given)):
        sets[f"without {number + 1}"] = given[:number] + given[number + 1 :]
        sets[f"{number + 1} alone"] = given[number : number + 1]
    known: dict[tuple[str, ...], str] = {}
    for done, each in enumerate(sets.values()):
        if each not in known:
            part = scaled(progress, 100 * done // len(sets), 100 * (done + 1) // len(sets))
            read, _ = passage_prompt(model, question, each, instruction=instruction)
            known[each] = _written(model, read, tokens, part)
    answers = [known[each] for each in sets.values()]
    same = [answer == answers[0] for answer in answers]
    return pd.DataFrame({"given": list(sets), "answer": answers, "same": same})


def _written(
    model: LoadedModel, read: Prompt, tokens: int, progress: Callable[[int, int], object] | None
) -> str:
    try:
        return write_answer(model, read, tokens=tokens, progress=progress).text.strip()
    except BadInput:  # the end mark at once, or white space alone
        return ""


def _continues(model: LoadedModel, read: Prompt) -> bool:
    """Whether the answer goes on in the text that the model reads, after "Answer:"."""
    return model.task == "causal-lm" and not read.turns


def checked_passages(passages: Sequence[str]) -> tuple[str, ...]:
    """The passages without white space around them. Raises `BadInput`."""
    if isinstance(passages, str):
        passages = [passages]
    given = tuple(
        check_text(text, f"text of passage {n}").strip() for n, text in enumerate(passages, 1)
    )
    if not 1 <= len(given) <= MOST_PASSAGES:
        raise BadInput(
            f"Give between 1 and {MOST_PASSAGES} passages, not {len(given)}. Keep those that the "
            "search ranked first."
        )
    return given


def passage_prompt(
    model: LoadedModel, question: str, passages: Sequence[str], *, instruction: str = INSTRUCTION
) -> tuple[Prompt, list[tuple[int, int]]]:
    """The prompt of instruction, passages and question, and the characters of each passage.

    A passage has its label and the blank line after it; characters are counted from the turn's
    first one, or from that of a plain text. Raises `BadInput` and `InputTooLong`.
    """
    check_text(question, "question")
    refuse_special(model, question, "The question")
    for number, passage in enumerate(passages, 1):
        refuse_special(model, passage, f"Passage {number}")
    text, spans = _content(question, passages, instruction)
    if has_template(model):
        return read_prompt(model, [{"role": "user", "content": text}]), spans
    return read_prompt(model, text + GAP + ANSWER), spans


def _content(
    question: str, passages: Sequence[str], instruction: str
) -> tuple[str, list[tuple[int, int]]]:
    text = instruction.strip() + GAP if instruction.strip() else ""
    spans = []
    for passage in passages:
        start = len(text)
        text += LABEL + passage + GAP
        spans.append((start, len(text)))
    return text + ASKED + question.strip(), spans


def _scored(
    model: LoadedModel,
    question: str,
    passages: tuple[str, ...],
    spans: list[tuple[int, int]],
    read: Prompt,
    answer: Answer,
    meter: Counter,
) -> PassageAttribution:
    own = [(0, *span) for span in spans] if read.turns else spans
    places = [unit.places for unit in prompt_units(read, "passage", own)]
    if len(places) != len(passages):
        raise BadInput("A passage has no token of its own. Write words into every passage.")
    number, all_places = range(len(places)), [place for each in places for place in each]
    others = [[p for n in number if n != kept for p in places[n]] for kept in number]
    meter.expected += 2 + 2 * len(places)
    found = Scorer(model, read, answer, meter).without([(), all_places, *places, *others]) / BIT
    count = len(places)
    return PassageAttribution(
        question,
        passages,
        answer.sequence.tokens,
        found[0],
        found[1],
        found[2 : 2 + count],
        found[2 + count :],
        read,
        answer,
        tuple(note for note in (answer.note,) if note),
        meter.done,
    )
