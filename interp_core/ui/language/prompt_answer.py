"""Prompt and answer: which part of the prompt raises the probability of which answer token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.charts.generated_text import CELL, SPAN
from interp_core.drawing.generated_text import SHOWN, shares, unit_texts
from interp_core.generated_text.answer import answer_room
from interp_core.generated_text.attribution import GENERATION_METHODS, MOST_STEPS, STEPS
from interp_core.generated_text.prompt import Prompt, read_prompt
from interp_core.generated_text.tables import unit_names
from interp_core.generated_text.units import prompt_units
from interp_core.language.generation import MOST_TOKENS
from interp_core.ui.language import prompt_checks
from interp_core.ui.language.prompt_turns import EXAMPLE, prompt_of
from interp_core.ui.language.question import Asked, place_name
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid, list_of, one_of
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS
from interp_core.ui.widgets.token_strip import token_strip

__all__ = ["EXAMPLE", "draw", "pick_token"]
UNITS = {
    "sentence": "Sentences",
    "word": "Words",
    "token": "Tokens",
    "paragraph": "Paragraphs",
    "turn": "Turns",
    "role": "Roles",
}
OF_CHATS = ("turn", "role")
METHODS = {name: method.title for name, method in GENERATION_METHODS.items()}
ANSWERS = {"written": "Written by the model", "typed": "Typed"}
FIRST, LAST, SOURCE, TYPED = "lm_from", "lm_to", "lm_source", "lm_typed"
MAP = "lm_answer_map"
WRITTEN = 40  # tokens that the model may write


@dataclass(frozen=True)
class Question:
    """What is asked: the prompt, the answer or None for the model's own, and how."""

    asked: Asked
    prompt: Any
    answer: str | None
    units: str
    method: str
    template: bool
    tokens: int
    steps: int = STEPS

    @property
    def key(self) -> tuple:
        """What a shared result is kept by."""
        prompt = self.prompt
        if not isinstance(prompt, str):
            prompt = tuple((turn["role"], turn["content"]) for turn in prompt)
        return (
            "prompt and answer",
            self.asked,
            prompt,
            self.answer,
            self.units,
            self.method,
            self.template,
            self.tokens,
            self.steps,
        )

    @property
    def step(self) -> Recipe:
        """The call of `attribute_generation`."""
        options: dict[str, Any] = {"units": self.units, "method": self.method}
        if self.template:
            options["template"] = True
        if self.steps != STEPS:
            options["steps"] = self.steps
        given = named("prompt", self.prompt)
        if self.answer is None:
            options["tokens"] = self.tokens
            return calls.attribute_generation(self.asked.recipes[0], given, **options)
        answer = named("answer", self.answer)
        return calls.attribute_generation(self.asked.recipes[0], given, answer, **options)


def draw(asked: Asked) -> ViewResult | None:
    """The map of units and answer tokens, both texts shaded, and what is below them."""
    question = _question(asked)
    if question is None:
        return None
    step = _computed(question)
    if step is None:
        return None
    found = value(step)
    span, unit = _span(found), _source(found)
    _answer_strip(step, span, unit)
    _prompt_strip(step, span, unit)
    chart, table = _map(step, span, unit)
    _notes(found, question)
    prompt_checks.below(question.asked, question.key, step, span)
    return ViewResult(chart, table)


def _question(asked: Asked) -> Question | None:
    """The controls; None where an answer is still to be typed."""
    with layout.controls():
        prompt = prompt_of(asked) if asked.loaded.task == "causal-lm" else asked.text
        chat = not isinstance(prompt, str)
        kinds = {key: name for key, name in UNITS.items() if chat or key not in OF_CHATS}
        units = list_of("Source unit", kinds, key="lm_unit", width=140)
        method = list_of("Method", METHODS, key="lm_method", width=190)
        who = one_of("Answer", ANSWERS, key="lm_answer")
    with layout.options():
        most = st.number_input(
            "Answer tokens at most", 1, MOST_TOKENS, WRITTEN, key="lm_answer_tokens", **BOUND
        )
        steps = STEPS
        if method == "integrated_gradients":
            steps = st.number_input(
                "Points of the path", 2, MOST_STEPS, STEPS, key="lm_steps", **BOUND
            )
        template = chat and st.checkbox(
            "Chat template as a source",
            key="lm_template",
            help="The special tokens and the names of roles that the template writes.",
            **BOUND,
        )
    read = read_prompt(asked.loaded, prompt)
    answer = None
    if who == "typed":
        answer = st.text_area(
            "The answer",
            key=TYPED,
            height=70,
            max_chars=MAX_CHARACTERS,
            placeholder="Type the answer to explain",
            help="Begin with a space where a plain text ends without one.",
            **BOUND,
        )
        if not answer.strip():
            st.info("Type the answer whose sources you want to see.", icon=":material/edit:")
            return None
    tokens = max(1, min(int(most), answer_room(asked.loaded, read)))
    return Question(asked, prompt, answer, units, method, bool(template), tokens, int(steps))


def _computed(question: Question) -> Recipe | None:
    step = named("found", question.step)
    read = read_prompt(question.asked.loaded, question.prompt)
    return jobs.follow(
        question.key,
        "Attributing the answer",
        step,
        unit="%" if question.answer is None else "passes",
        operations=lambda: _cost(question, read),
    )


def _cost(question: Question, read: Prompt) -> float:
    """Operations: the answer is written, then a pass for each unit or each answer token."""
    model, typed = question.asked.loaded, question.answer
    count = question.tokens if typed is None else costs.tokens(model, typed)
    both = len(read) + count
    written = 0 if typed is not None else both
    if GENERATION_METHODS[question.method].removes:
        units = len(prompt_units(read, question.units, template=question.template))
        passes = 1 + units * (1 + count / max(len(read), 1))
    else:
        points = question.steps if question.method == "integrated_gradients" else 1
        passes = 1 + points * (1 + (costs.BACKWARD - 1) * count)
    return costs.passes(model, written + passes * both)


def _span(found: ic.GenerationAttribution) -> slice:
    """The chosen answer tokens: all, until some are chosen, mostly by clicks."""
    names = [place_name(found.tokens, place) for place in range(len(found.tokens))]
    for key in (FIRST, LAST):
        keep_valid(key, names)
    with layout.options():
        ends = [
            st.selectbox(label, names, index=None, placeholder=shown, key=key, **BOUND)
            for label, key, shown in (
                ("First answer token", FIRST, names[0]),
                ("Last answer token", LAST, names[-1]),
            )
        ]
    first = 0 if ends[0] is None else names.index(ends[0])
    last = len(names) - 1 if ends[1] is None else names.index(ends[1])
    return slice(min(first, last), max(first, last) + 1)


def _source(found: ic.GenerationAttribution) -> int:
    """The chosen unit: the one that raises the whole answer most, until one is chosen."""
    names = _source_names(found)
    keep_valid(SOURCE, names)
    strongest = int(np.argmax(found.of_span()))
    with layout.options():
        chosen = st.selectbox(
            "Source",
            names,
            index=None,
            placeholder=names[strongest],
            key=SOURCE,
            help="The unit of the prompt whose effect shades the answer.",
            **BOUND,
        )
    return strongest if chosen is None else names.index(chosen)


def _source_names(found: ic.GenerationAttribution) -> list[str]:
    return [name.replace("|", ": ", 1) for name in unit_names(found.sources)]


def pick_token(found: ic.GenerationAttribution, span: slice, place: int) -> None:
    """A click on an answer token: it alone; from a single one on, the span between the two."""
    whole = span == slice(0, len(found.tokens)) and len(found.tokens) > 1
    single = span.stop - span.start == 1
    if whole or not single:
        first = last = place
    elif place == span.start:
        st.session_state[FIRST] = st.session_state[LAST] = None
        return
    else:
        first, last = min(span.start, place), max(span.start, place)
    st.session_state[FIRST] = place_name(found.tokens, first)
    st.session_state[LAST] = place_name(found.tokens, last)


def _answer_strip(step: Recipe, span: slice, unit: int) -> None:
    """The answer shaded by the effect of the chosen unit; the chosen tokens are marked."""
    found = value(step)
    row = found.matrix[unit]
    strengths = shares(row)
    chance = np.exp(found.log_probabilities)
    inside = range(span.start, span.stop)
    marked = len(inside) < len(row)
    titles = [
        f"{token}: {number(score, '+.3f')} nats from the source, probability {p:.1%}"
        f"{', chosen' if marked and place in inside else ''}"
        for place, (token, score, p) in enumerate(zip(found.tokens, row, chance))
    ]
    name = plain(_source_names(found)[unit])
    st.markdown("**Answer**")
    notes = ["●" if marked and place in inside else "" for place in range(len(row))]
    token_strip(
        found.tokens,
        strengths,
        titles,
        label="Answer tokens, shaded by the effect of the chosen source",
        key="lm_answer_strip",
        on_pick=lambda place: pick_token(found, span, place),
        picked=span.start if len(inside) == 1 else None,
        notes=notes,
    )
    best = int(np.argmax(np.abs(row)))
    offer(
        step.chart("answer", unit),
        title="The answer, shaded by the effect of a source",
        alt=f"{len(row)} answer tokens shaded by the effect of one unit of the prompt; most on "
        f"{found.tokens[best]}: {number(row[best], '+.2f')} nats.",
        table=step.of_tokens(unit),
    )
    st.caption(f"Shading: the effect of {name}, in nats.")


def _prompt_strip(step: Recipe, span: slice, unit: int) -> None:
    """The prompt shaded by its units' effects on the chosen answer tokens."""
    found = value(step)
    scores = found.of_span(span.start, span.stop)
    strengths = shares(scores)
    names = _source_names(found)
    first = max(0, min(unit - SHOWN // 2, len(names) - SHOWN))
    part = slice(first, first + SHOWN)
    tokens = "".join(found.tokens[span]).replace("▁", " ").strip()
    what = "the whole answer" if span.stop - span.start == len(found.tokens) else f"“{tokens}”"
    st.markdown("**Prompt**")

    def pick(place: int) -> None:
        st.session_state[SOURCE] = names[first + place]

    texts = unit_texts(found)[part]
    titles = [
        f"{name}: {number(score, '+.3f')} nats" for name, score in zip(names[part], scores[part])
    ]
    token_strip(
        texts,
        strengths[part],
        titles,
        label="Units of the prompt, shaded by their effect on the chosen answer tokens",
        key="lm_prompt_strip",
        on_pick=pick,
        picked=unit - first,
        notes=[number(score, "+.2f") for score in scores[part]],
    )
    best = int(np.argmax(np.abs(scores)))
    about = {"tokens": (span.start, span.stop), **({"first": first} if first else {})}
    offer(
        step.chart("prompt", **about),
        title="The prompt, shaded by its effect on the answer",
        alt=f"{len(names)} units of the prompt shaded by their effect on {what}; most from "
        f"{names[best]}: {number(scores[best], '+.2f')} nats.",
        table=step.of_units(span.start, span.stop),
    )
    st.caption(f"Shading and number: the effect on {plain(what)}, in nats.")


def _map(step: Recipe, span: slice, unit: int) -> tuple[Any, Recipe]:
    """All sources × all answer tokens; the answer's own earlier parts are rows below."""
    found, table = value(step), calls.answer_table(step)
    frame = value(table)
    keys = unit_names(found.sources)
    places = list(dict.fromkeys(frame["token_key"]))

    def clicked() -> None:
        picked = clicks.names(MAP, SPAN, "token_key", places)
        if picked:
            ends = sorted(places.index(each) for each in picked)
            for key, end in ((FIRST, ends[0]), (LAST, ends[-1])):
                st.session_state[key] = place_name(found.tokens, end)
        hit = clicks.mark(MAP, CELL, unit=set(keys))
        if hit:
            st.session_state[SOURCE] = _source_names(found)[keys.index(hit[0])]

    chart = step.chart(tokens=(span.start, span.stop), unit=unit)
    scores = found.matrix
    row, column = np.unravel_index(int(np.argmax(np.abs(scores))), scores.shape)
    figure(
        chart,
        title="Effect of each part of the prompt on each answer token",
        key=MAP,
        on_select=clicked,
        selection_mode=[SPAN, CELL],
        alt=f"Map of {scores.shape[0]} units of the prompt and {len(found.answer_sources)} of the "
        f"answer by {scores.shape[1]} answer tokens; the strongest effect, "
        f"{number(scores[row, column], '+.2f')} nats, is that of {_source_names(found)[row]} on "
        f"{found.tokens[column]}.",
    )
    return chart, table


def _notes(found: ic.GenerationAttribution, question: Question) -> None:
    """What a score is, and how prompt and answer were read."""
    if found.warning is not None:
        st.warning(plain(found.warning), icon=":material/warning:")
    ended = found.answer.ended
    told = {
        True: "The model ended its answer; its end-of-sequence token is not shown.",
        False: f"The answer was stopped after {len(found.tokens)} tokens (see Options).",
        None: "",
    }
    summary = GENERATION_METHODS[found.method].summary
    said = [
        f"{METHODS[found.method]}: {summary[0].lower()}{summary[1:]}",
        f"Log probability of the answer: {number(found.log_probability, '.2f')} nats "
        f"({len(found.tokens)} tokens).",
        told[ended],
    ]
    if found.method == "leave_one_out":
        said.append(
            "Tokens after a removed unit move up; positions count those that are left. Whole words "
            "are removed. What carries the same information elsewhere hides the effect."
        )
    if found.replacement is not None:
        named = found.replacement.startswith("the ")  # one of the tokenizer's, such as its mask
        shown = found.replacement if named else f"“{found.replacement}”"
        said.append(f"The neutral token is {plain(shown)}.")
    if found.missed is not None:
        worst = float(np.abs(found.missed).max())
        said.append(
            f"The scores of a token lack at most {number(worst, '.2f')} nats of the change of its "
            f"log probability ({found.steps} points)."
        )
    if found.prompt.turns and not question.template:
        said.append(
            "A turn is taken with what the chat template puts around it."
            if found.unit in OF_CHATS and not found.prompt.note
            else "The chat template's own tokens are no source; see Options."
        )
    said += [plain(note) for note in found.notes]
    st.caption(" ".join(filter(None, said)))
    st.caption(
        "Click an answer token to see the prompt shaded for it, a second one for the span between; "
        "or drag across the map. Click a part of the prompt to see its effect on the answer."
    )
