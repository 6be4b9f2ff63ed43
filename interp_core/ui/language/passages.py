"""Retrieved passages: whether an answer rests on the passages that were given with the question."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.generated_text.passage_result import DEPENDENT, SUPPORT, WORD
from interp_core.generated_text.passages import WRITTEN
from interp_core.models.registry import bundled_card
from interp_core.ui.language import passage_fields
from interp_core.ui.language.passage_fields import Given
from interp_core.ui.language.question import FITTING, Asked, place_name
from interp_core.ui.server import cache, costs
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure, offer
from interp_core.ui.widgets.markdown import dots, message, number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.token_strip import token_strip

RIGHT, WARNED = "passage with the answer named", "warning where no passage has it"  # in the card
TOKEN, WHOLE = "passage_token", "the whole answer"
FULL = 16.0  # bits of full shade
ENCODER = "encoder"
SHOWN = {
    "sources": (st.success, "check"),
    "together": (st.info, "join"),
    "unclear": (st.info, "info"),
    "none": (st.warning, "warning"),
}
ANSWERS = {
    "given": st.column_config.TextColumn("passages", width="small"),
    "answer": st.column_config.TextColumn("answer", width="large"),
    "same": st.column_config.TextColumn("same as with all"),
}
COLUMNS = {
    "passage": st.column_config.NumberColumn("passage", width="small"),
    "removal": st.column_config.NumberColumn("lost", width="small", format="%+.1f"),
    "alone": st.column_config.NumberColumn("gained", width="small", format="%+.1f"),
    "similarity": st.column_config.ProgressColumn(
        "similarity", width="small", min_value=0.0, max_value=1.0, format="%.2f"
    ),
    "rank": st.column_config.NumberColumn("rank", width="small"),
    "finding": st.column_config.TextColumn("finding", width="medium"),
}


def draw(asked: Asked) -> ViewResult | None:
    """A question, passages and an answer; what each passage gives it, and what a search ranks."""
    given = passage_fields.draw()
    step = _measured(asked, given)
    if step is None:
        return None
    found: ic.PassageAttribution = value(step)
    _verdict(found)
    above = st.container()
    place = _place(found)
    with above:
        _strip(found, step, place)
    chart = _bars(step, place)
    _beside(asked, step, given)
    _answers(asked, given)
    _measured_before()
    table = step.to_frame() if place is None else step.of_token(place)
    return ViewResult(chart, table)


def _measured(asked: Asked, given: Given) -> Recipe | None:
    """The recipe of the result, once it is there."""
    passages = list(given.passages)
    options = {"answer": given.answer} if given.answer else {}
    model = asked.recipes[0]
    step = named("found", calls.attribute_passages(model, given.question, passages, **options))
    text = "\n".join([given.question, *passages, given.answer])
    whole = costs.tokens(asked.loaded, text)
    # Passes over the whole, without each, and each alone; tokens written one by one.
    rows = (1 + len(passages)) * whole + (0 if given.answer else WRITTEN)
    about = (given.question, given.passages, given.answer)
    question, what = replace(asked, text=text), "Reading the passages"
    return question.run(what, step, *about, unit="%", tokens=rows)


def _verdict(found: ic.PassageAttribution) -> None:
    """What the answer rests on, and how it was read."""
    for note in found.notes:
        st.caption(message(note))
    shown, icon = SHOWN[found.verdict]
    shown(plain(found.statement), icon=f":material/{icon}:")
    if found.verdict in ("sources", "together"):
        form = plain(found.hardly_begun)
        st.caption(
            "Rests on: makes the answer more probable. Whether a passage says the same is not "
            f"measured.{f' {form}: a part of the bits may be those of its form.' if form else ''}"
        )
    else:
        st.caption("Whether a passage holds the answer is another question: this is not measured.")


def _place(found: ic.PassageAttribution) -> int | None:
    """The chosen token of the answer, None for the whole answer."""
    names = [place_name(found.tokens, place) for place in range(len(found.tokens))]
    keep_valid(TOKEN, names)
    chosen = st.selectbox(
        "Show for", names, index=None, placeholder=WHOLE, key=TOKEN, width=240, **BOUND
    )
    return None if chosen is None else names.index(chosen)


def _strip(found: ic.PassageAttribution, step: Recipe, place: int | None) -> None:
    """The answer, each token shaded by what the passages give it."""
    bits, rows = found.pcxmi, found.by_token()
    names = [place_name(found.tokens, at) for at in range(len(found.tokens))]

    def pick(at: int) -> None:
        st.session_state[TOKEN] = None if at == place else names[at]

    titles = [
        f"{row.token}: {number(row.pcxmi, '+.1f')} bits; probability {row.probability:.1%} with "
        f"the passages, {row.without:.1%} without"
        for row in rows.itertuples()
    ]
    strengths, notes = (bits / FULL).clip(-1, 1), [number(each, "+.1f") for each in bits]
    who = "Answer of the model" if found.answer.ended is not None else "Answer"
    st.markdown(f"**{who}**, shaded by P-CXMI")
    token_strip(
        list(found.tokens),
        strengths,
        titles,
        label="Tokens of the answer, shaded by what the passages give them",
        key="passages_answer",
        on_pick=pick,
        picked=place,
        notes=notes,
    )
    most = int(bits.argmax())
    offer(
        step.chart("answer"),
        title="Answer shaded by P-CXMI",
        alt=f"{len(rows)} tokens of the answer, shaded by what the passages give each; most for "
        f"{found.tokens[most]}: {number(float(bits[most]), '+.1f')} bits.",
        table=step.by_token(),
    )
    count = int(found.dependent.sum())
    st.caption(
        "P-CXMI: log2 p(token | passages, question) − log2 p(token | question), in bits "
        f"(Fernandes, Yin et al. 2023); shade clipped at {FULL:g}. {count} of {len(rows)} tokens "
        f"depend on the passages ({DEPENDENT:g} bits or more). Click a token to see which passage "
        "gives it."
    )


def _bars(step: Recipe, place: int | None) -> Recipe:
    """What each passage gives the answer, or one token of it."""
    found = value(step)
    frame = found.to_frame() if place is None else found.of_token(place)
    what = WHOLE if place is None else found.tokens[place]
    st.markdown(f"Bits that each passage gives **{plain(what)}**")
    chart = step.chart(**({} if place is None else {"token": place}))
    most = frame.loc[frame["removal"].idxmax()]
    figure(
        chart,
        title=f"Bits of {what} by passage",
        key="passages_bars",
        alt=f"Two bars for each of {len(frame)} passages; most is lost without passage "
        f"{most['passage']}: {number(most['removal'], '+.1f')} bits, "
        f"{number(most['alone'], '+.1f')} gained from it alone.",
    )
    st.caption(
        "Lost: log2 p(answer) minus its value when the passage is taken out of the prompt, so that "
        "what follows moves up. Gained: its value with this passage alone minus that without any. "
        f"The dashed line: {SUPPORT:g} bits (64 times as probable). A passage counts as a source "
        "that reaches it by what is lost, or by what is gained if that is half of the largest gain "
        f"at least; or that gives a single word {WORD:g} bits both ways, since a short answer may "
        f"have no more. Any passages could give this one {number(found.room, '.1f')} bits at most."
    )
    return chart


def _beside(asked: Asked, step: Recipe, given: Given) -> None:
    """The ranking of the sentence encoder beside what the language model used."""
    st.markdown("Retrieved and read, in bits of the whole answer")
    if len(given.passages) < 2:
        st.caption("A ranking needs two passages.")
        return
    try:
        encoder = cache.model_recipe(ENCODER, "encoder")
        ranking = calls.rank_passages(encoder, given.question, list(given.passages))
        about = (ENCODER, given.question, given.passages)
        ranking = asked.run("Ranking", named("ranking", ranking), *about, counts=False)
    except ic.ClearheadError as error:  # no package, or not listed by a shared server
        st.info(message(str(error)), icon=":material/info:")
        return
    if ranking is None:
        return
    found: ic.PassageAttribution = value(step)
    table = step.beside(ranking, given.retrieved)
    frame = value(table)
    shown = ["rank", "passage", "similarity", "removal", "alone", "finding"]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        figure(
            calls.chart(table, "retrieved"),
            title="Passages retrieved and read",
            key="passages_both",
            alt=f"{len(frame)} passages by similarity to the question and bits given to the "
            "answer; "
            + "; ".join(f"passage {row.passage}: {row.finding}" for row in frame.itertuples())
            + ".",
            table=table,
        )
    with right:
        st.dataframe(
            frame[shown].sort_values("rank"),
            hide_index=True,
            column_config=COLUMNS,
            key="passages_rank",
        )
    top = "Rank 1 counts" if given.retrieved == 1 else f"Ranks 1 to {given.retrieved} count"
    st.caption(
        f"Ranked by the cosine of the sentence vectors of question and passage (`{ENCODER}`). "
        f"{top} as retrieved. The dashed line: {SUPPORT:g} bits. {_found(frame, found.verdict)}"
    )


def _found(frame: pd.DataFrame, verdict: str) -> str:
    """Which passages were retrieved and not read, and the reverse, where that is known."""
    if verdict == "unclear":
        return "Which of them was read cannot be told from so few bits."
    if verdict == "together":
        return "They were read together, and none of them is a source alone."
    named = (
        f"{label}: {_listed(frame[frame['finding'] == finding]['passage'])}."
        for label, finding in (
            ("Retrieved and not read", "retrieved, not read"),
            ("Read and not retrieved", "read, not retrieved"),
        )
    )
    return f"The sources named above count as read. {' '.join(named)}"


def _answers(asked: Asked, given: Given) -> None:
    """What the model itself answers with less: computed when it is asked for."""
    if not st.toggle(
        "Answers of the model without each passage, and with each alone",
        key="passages_rewritten",
        **BOUND,
    ):
        return
    passages = list(given.passages)
    step = calls.passage_answers(asked.recipes[0], given.question, passages)
    text = "\n".join([given.question, *passages])
    runs = 2 + 2 * len(passages)
    tokens = (1 + len(passages)) * costs.tokens(asked.loaded, text) + runs * WRITTEN
    about = ("answers", given.question, given.passages)
    question = replace(asked, text=text)
    found = question.run("Writing the answers", step, *about, unit="%", tokens=tokens)
    if found is None:
        return
    frame = value(found)
    shown = frame.assign(same=dots(frame["same"]))
    st.dataframe(shown, hide_index=True, column_config=ANSWERS, key="passages_answers")
    changed = [given for given, same in zip(frame["given"], frame["same"]) if not same]
    st.caption(
        f"The most likely answer of up to {WRITTEN} tokens each time. Other than after all "
        f"passages: {', '.join(changed) or 'none'}."
    )


def _measured_before() -> None:
    """How often the verdict was right on the examples, as the model's card says."""
    card = bundled_card(FITTING)
    figures = card.metrics if card else {}
    if {RIGHT, WARNED} <= set(figures):
        st.caption(
            f"On the twenty examples, which were fixed before anything was measured on them, "
            f"the source of the typed answer was the right passage in {10 * figures[RIGHT]:.0f} of "
            f"10, and the warning appeared in {10 * figures[WARNED]:.0f} of the 10 whose answer "
            f"stands in no passage (`{FITTING}`). They are names and numbers. Of short answers, "
            "such as a colour or a yes, most have too few bits to tell. An answer that the model "
            "writes may rest on a passage that does not hold the fact."
        )


def _listed(numbers) -> str:  # noqa: ANN001 - a series of whole numbers
    return ", ".join(map(str, numbers)) or "none"
