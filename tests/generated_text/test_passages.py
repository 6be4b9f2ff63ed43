"""What passages give an answer: prompts written anew, the rules of its verdicts, the cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import interp_core as ic
from interp_core.generated_text.passage_result import SUPPORT
from interp_core.generated_text.passages import checked_passages, passage_prompt
from interp_core.models.record import LoadedModel
from tests.needs import needs_language_model

ROOT = Path(__file__).resolve().parents[2]
PASSAGES = ("I am.", "It ends.")
# Tiny models read 64 tokens.
ASKED = {"question": "Who?", "passages": PASSAGES, "instruction": "Do."}


def bits(model: LoadedModel, passages: tuple[str, ...], answer: np.ndarray) -> np.ndarray:
    """log2 p of the answer after a prompt that is written anew, by transformers alone."""
    prompt, _ = passage_prompt(model, "Who?", passages, instruction="Do.")
    ids = torch.tensor(np.r_[prompt.sequence.ids, answer])[None]
    with torch.no_grad():
        lines = model.model(input_ids=ids).logits[0].double().log_softmax(-1)
    places = torch.arange(len(answer)) + len(prompt) - 1
    return (lines[places, torch.tensor(answer)] / np.log(2)).numpy()


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_figures_are_those_of_prompts_written_without_the_passage(tiny_model, family):
    model = tiny_model(family)
    found = ic.attribute_passages(model, **ASKED, answer="She.")
    answer = found.answer.sequence.ids
    others = [tuple(p for p in PASSAGES if p != left) for left in PASSAGES]
    close = {"atol": 1e-3}
    np.testing.assert_allclose(found.with_all, bits(model, PASSAGES, answer), **close)
    np.testing.assert_allclose(found.without_any, bits(model, (), answer), **close)
    for number, left in enumerate(PASSAGES):
        np.testing.assert_allclose(
            found.without[number], bits(model, others[number], answer), **close
        )
        np.testing.assert_allclose(found.alone[number], bits(model, (left,), answer), **close)
    assert found.evaluations == 2 + 2 * len(PASSAGES)


def test_tables_say_what_the_arrays_hold(tiny_model):
    found = ic.attribute_passages(tiny_model("gpt2"), **ASKED, answer="She.")
    frame, tokens = found.to_frame(), found.by_token()
    np.testing.assert_allclose(found.pcxmi, found.with_all - found.without_any)
    np.testing.assert_allclose(frame["removal"], (found.with_all - found.without).sum(1))
    np.testing.assert_allclose(frame["alone"], (found.alone - found.without_any).sum(1))
    np.testing.assert_allclose(tokens["pcxmi"], np.log2(tokens["probability"] / tokens["without"]))
    whole = found.matrix().groupby("passage")["removal"].sum()
    np.testing.assert_allclose(whole, frame["removal"])
    last = found.of_token(-1)
    np.testing.assert_allclose(last["removal"], found.removal[:, -1])


def made(without: list, alone: list) -> ic.PassageAttribution:
    """A result with log2 p 0 after all passages and −20 after none, for an answer of one token."""
    lines = [np.array(each, dtype=float)[:, None] for each in (without, alone)]
    texts = tuple(f"passage {n}" for n in range(len(without)))
    return ic.PassageAttribution(
        "Who?", texts, ("She",), np.zeros(1), np.full(1, -20.0), *lines, None, None
    )


def test_a_second_passage_that_says_the_same_is_read_too():
    found = made([-0.1, -0.2, 0.0], [-1.0, -1.5, -13.0])  # the third gains 7 bits by its subject
    assert found.read.tolist() == [True, True, False]
    assert found.source == 0
    assert found.warning is None
    assert found.support.tolist() == [19.0, 18.5, 7.0]


def told(
    with_all: list, without_any: list, tokens: tuple = ("She", "knows"), **made: list
) -> ic.PassageAttribution:
    """A result of two passages that change nothing, but for what is given of each token."""
    lines = [np.array(each, dtype=float) for each in (with_all, without_any)]
    without = np.tile(lines[0], (2, 1)) + np.array(made.get("without", [[0, 0], [0, 0]]))
    alone = np.tile(lines[1], (2, 1)) + np.array(made.get("alone", [[0, 0], [0, 0]]))
    return ic.PassageAttribution("Who?", ("one", "two"), tokens, *lines, without, alone, None, None)


def test_the_warning_says_where_an_answer_comes_from_only_where_that_is_measured():
    unknown = told([-1, -10], [-1, -10.5])
    known = told([-0.1, -0.1], [-0.1, -0.2])
    assert (unknown.verdict, known.verdict) == ("none", "none")
    assert "none of the passages" in unknown.warning
    assert "weights" not in unknown.warning
    assert "after the question alone its probability is 81%" in known.warning
    weaker = told([-1, -12], [-1, -10], without=[[0, 2], [0, 0]])
    assert "1.0 times" in weaker.warning


@pytest.mark.parametrize(
    ("found", "says"),
    [
        # "Yes": .25 without any passage, .93 with them, cannot gain 6 bits.
        (told([-0.1, -0.1], [-2, -0.1], ("Yes", ".")), "could give it 2.1 bits at most"),
        # "Green." where the model writes sentences.
        (told([-9, -1], [-9, -1]), "hardly begin an answer so (“She”, the first token: 0.2%"),
        # A word gets some bits and others lose as many.
        (told([-3, -4], [-1, -6.5]), "“knows” 2.5"),
    ],
)
def test_too_few_bits_are_no_warning(found, says):
    assert found.verdict == "unclear"
    assert found.warning is None
    assert says in found.statement


def test_a_short_answer_rests_on_the_passage_that_gives_a_word_of_it():
    word = {"without": [[0, 0], [0, -2.9]], "alone": [[0, 0.1], [0, 2.8]]}
    red = told([-1, -1], [-1, -4.4], ("is", "red"), **word)
    assert red.verdict == "sources"
    assert red.read.tolist() == [False, True]
    assert "rests on passage 2, which gives its “red” 2.9 bits" in red.statement
    stop = told([-1, -1], [-1, -4.4], ("is", "."), **word)
    assert not stop.read.any()


def test_passages_that_tell_only_together_are_no_warning():
    each = {"without": [[0, -5], [0, -5]], "alone": [[0, 0], [0, 0]]}
    found = told([-1, -1], [-1, -22], **each)
    assert found.verdict == "together"
    assert found.warning is None
    assert "21.0 bits" in found.statement
    assert "“knows” depend" in found.statement


def test_one_passage_is_a_source_from_the_threshold_on():
    for bits, read in ((SUPPORT - 0.1, False), (SUPPORT + 0.1, True)):
        assert made([-bits, 0], [-20, -20]).read[0] == read
        assert made([0, 0], [-20 + bits, -20]).read[0] == read
    rows = told([-1, -1], [-1, -1], without=[[0, -2], [0, -1]]).by_token()
    assert rows["passage"].tolist() == [pd.NA, 1]  # nothing gives the first token anything


def test_findings_compare_a_ranking_with_what_was_read():
    found = made([-19, 0, -18, 0], [-1, -20, -2, -20])
    ranking = found.to_frame()[["passage", "text"]].assign(
        similarity=[0.9, 0.8, 0.2, 0.1], rank=[1, 2, 3, 4]
    )
    expected = ["retrieved and read", "retrieved, not read", "read, not retrieved", "neither"]
    assert found.beside(ranking, retrieved=2)["finding"].tolist() == expected
    with pytest.raises(ic.BadInput, match="other passages"):
        found.beside(ranking.iloc[::-1])
    unclear = told([-9, -1], [-9, -1])  # nothing is said to be unread
    two = ranking[:2].assign(text=["one", "two"])
    expected = ["retrieved, unclear", "unclear"]
    assert unclear.beside(two)["finding"].tolist() == expected


def test_what_cannot_be_read_is_refused(tiny_model):
    model = tiny_model("gpt2")
    for passages, told in ([], "between 1 and"), (["a"] * 21, "between 1 and"), (["a", " "], "2"):
        with pytest.raises(ic.BadInput, match=told):
            checked_passages(passages)
    with pytest.raises(ic.BadInput, match="question is empty"):
        ic.attribute_passages(model, " ", PASSAGES, "She.")
    with pytest.raises(ic.BadInput, match="answer is empty"):
        ic.attribute_passages(model, "Who?", PASSAGES, " ", instruction="")
    with pytest.raises(ic.InputTooLong):
        ic.attribute_passages(model, "Who?", ["words " * 90], "She.")
    with pytest.raises(ic.UnsupportedModel):
        ic.attribute_passages(tiny_model("bert"), "Who?", PASSAGES, "She.")


def test_progress_counts_per_cent_and_stops(tiny_model):
    seen: list[tuple[int, int]] = []
    model = tiny_model("gpt2")
    ic.attribute_passages(model, **ASKED, tokens=3, progress=lambda *at: seen.append(at))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (100, 100)
    with pytest.raises(ic.Stopped):
        ic.attribute_passages(model, **ASKED, answer="She.", progress=lambda *_: False)


def test_answers_are_those_that_generate_writes(tiny_model):
    model = tiny_model("gpt2")
    found = ic.passage_answers(model, "Who?", PASSAGES, instruction="Do.", tokens=3)
    assert list(found["given"]) == ["all", "none", "without 1", "1 alone", "without 2", "2 alone"]
    for given, passages in {"all": PASSAGES, "none": (), "1 alone": PASSAGES[:1]}.items():
        prompt, _ = passage_prompt(model, "Who?", passages, instruction="Do.")
        written = ic.generate(model, prompt.text, tokens=3).text.strip()
        assert found.set_index("given")["answer"][given] == written
    answers = found.set_index("given")["answer"]
    assert answers["without 1"] == answers["2 alone"]
    assert list(found["same"]) == [each == answers["all"] for each in answers]
    with pytest.raises(ic.BadInput, match="tokens"):
        ic.passage_answers(model, "Who?", PASSAGES, instruction="Do.", tokens=0)


def test_the_built_in_cases_are_ten_of_each_kind_and_others_than_those_of_the_choice():
    cases = ic.passage_cases()
    inside = [case for case in cases if case.source is not None]
    assert (len(inside), len(cases)) == (10, 20)
    assert all(len(case.passages) == 4 for case in cases)
    assert len({case.title for case in cases}) == len({case.name for case in cases}) == 20
    files = (
        ROOT / f"training/passages_{name}.toml" for name in ("development", "short_development")
    )
    chosen = [case for file in files for case in ic.passage_cases(file)]
    texts = [{case.question, *case.passages} for case in (*cases, *chosen)]
    assert len(set().union(*texts)) == sum(map(len, texts))


@needs_language_model
def test_a_passage_is_taken_out_as_if_it_had_not_been_written():
    model = ic.load_model("language-model")
    for case in ic.passage_cases():
        prompt, spans = passage_prompt(model, case.question, case.passages)
        units = ic.prompt_units(prompt, "passage", [(0, *span) for span in spans])
        for number, unit in enumerate(units):
            left = case.passages[:number] + case.passages[number + 1 :]
            anew, _ = passage_prompt(model, case.question, left)
            ids = np.delete(prompt.sequence.ids, unit.places)
            assert np.array_equal(ids, anew.sequence.ids), case.name


def test_the_encoder_ranks_by_the_cosine_of_means(encoder):
    case = ic.passage_cases()[0]
    ranking = ic.rank_passages(encoder, case.question, case.passages)
    rows = ic.token_vectors(encoder, [case.question, *case.passages], pooling="mean").values
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(ranking["similarity"], rows[1:] @ rows[0], atol=1e-5)
    assert sorted(ranking["rank"]) == [1, 2, 3, 4]
    assert ranking["similarity"].is_monotonic_decreasing == (list(ranking["rank"]) == [1, 2, 3, 4])


def test_a_yes_or_no_with_the_words_of_the_question_is_no_ground_for_a_warning():
    tokens = ("No", ",", "▁gift", "▁cards", "▁cannot", "▁be", "▁refunded", ".")
    flat = np.array([-5.0, *[-0.5] * 7])
    about = (tokens, flat, flat - 0.1, np.tile(flat, (1, 1)), np.tile(flat - 0.1, (1, 1)))
    for question, verdict in (("Can gift cards be refunded?", "unclear"), ("Who?", "none")):
        assert ic.PassageAttribution(question, ("one",), *about, None, None).verdict == verdict
