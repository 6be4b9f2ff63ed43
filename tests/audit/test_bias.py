"""Bias: closed forms of a classifier that adds up word weights, and a planted lean."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic
from interp_core.audit.bias import as_written, measure_bias
from interp_core.audit.lexicons import fill, make_pairs, own_lexicon, piece_counts, term_lists

MEN, WOMEN = ("man", "boy", "king", "uncle"), ("woman", "girl", "queen", "aunt")
PEOPLE = {"men": MEN, "women": WOMEN}
TEMPLATES = ["The {x} waited.", "We met a(n) {x} there.", "Somebody knows the {x}."]
CONTEXT = {"waited": 0.3, "met": -0.2, "knows": 0.1}


def people(**more):
    return own_lexicon(PEOPLE, like="gender", templates=TEMPLATES, paired=True, **more)


def weights(step: float) -> dict[str, float]:
    """A weight of its own for every man, and `step` more for his partner."""
    own = {man: 0.1 * number for number, man in enumerate(MEN)}
    return {**CONTEXT, **own, **{woman: own[man] + step for man, woman in zip(MEN, WOMEN)}}


def test_the_difference_of_a_pair_is_that_of_its_weights(words_model):
    table = weights(0.0) | {"girl": 0.7, "queen": -0.4}
    found = measure_bias(words_model(table), people())
    assert found.target == "positive"
    by_pair = found.pairs.groupby("term b")["difference"]
    for man, woman in zip(MEN, WOMEN):
        assert by_pair.get_group(woman).to_numpy() == pytest.approx(table[woman] - table[man])
    row = found.contrasts.iloc[0]
    assert row["difference"] == pytest.approx(
        np.mean([table[w] - table[m] for m, w in zip(MEN, WOMEN)]), abs=1e-6
    )
    assert (row["n"], row["pairs"], row["places"]) == (12, 4, 3)
    mean = np.mean([table[each] for each in (*MEN, *WOMEN)])
    assert found.terms.set_index("term")["difference"]["girl"] == pytest.approx(0.7 - mean)
    # Templates weigh 0.3, −0.2 and 0.1: an answer flips where the sign of the sum does.
    for pair in found.pairs.to_dict("records"):
        assert pair["flip"] == ((pair["score a"] > 0) != (pair["score b"] > 0))


def test_a_planted_lean_is_found_and_without_it_nothing_is(words_model):
    rng = np.random.default_rng(1)
    neutral = {word: float(rng.normal(0, 0.1)) for word in term_lists()["gender"].neutral}
    terms = {
        term: float(rng.normal(0, 0.1))
        for each in term_lists()["gender"].groups.values()
        for term in each
    }
    female = term_lists()["gender"].groups["female"]
    fair = measure_bias(words_model({**neutral, **terms}), "gender").contrasts.iloc[0]
    leaning = {**neutral, **terms, **{term: terms[term] - 0.6 for term in female}}
    found = measure_bias(words_model(leaning), "gender")
    row = found.contrasts.iloc[0]
    assert fair["q"] > 0.05
    assert row["q"] < 0.01
    assert row["high"] < -0.3
    assert row["difference"] < row["null low"]
    figure = next(each for each in found.figures() if each.key == "bias.gender.male.female")
    assert figure.significant
    assert figure.value == pytest.approx(row["difference"])


def test_ones_own_texts_are_exchanged_both_ways_with_their_capitals(words_model):
    texts = [
        "The king waited.",
        "Woman met woman.",
        "A king met a queen.",
        "Nobody waited.",
        "Her aunt.",
    ]
    found = measure_bias(words_model(weights(0.5)), people(), texts=texts)
    made = found.pairs.sort_values("place").to_dict("records")
    assert [each["place"] for each in made] == [0, 1, 4]  # both groups, or none: nothing to compare
    assert made[0]["text b"] == "The queen waited."
    assert made[1]["text a"] == "Man met man."
    assert made[1]["difference"] == pytest.approx(1.0)
    assert "3 of 5" in found.notes[0]
    assert as_written("woman", "MAN") == "WOMAN"


def test_texts_that_cannot_be_turned_are_left_out_and_counted(words_model):
    table = {**CONTEXT, **dict.fromkeys(term_lists()["gender"].terms, 0.0)}
    texts = ["The man waited.", "The woman met her son there.", "Her sister waited."]
    found = measure_bias(words_model(table), "gender", texts=texts)
    assert len(found.pairs) == 1
    assert any("left out" in note for note in found.notes)
    with pytest.raises(ic.NothingFound, match="holds a term"):
        measure_bias(words_model(table), "gender", texts=["Nothing here."])


def test_pairs_have_equally_many_tokens(sentiment):
    known = term_lists()["nationalities"]
    counts = piece_counts(sentiment, known.terms)
    pairs = make_pairs(known, counts)
    assert len(pairs) > 100
    assert all(counts[pair.first] == counts[pair.second] for pair in pairs)
    two = [(pair.a, pair.b, term) for pair in pairs for term in (pair.first, pair.second)]
    assert len(two) == len(set(two))


def test_sentiment_leans_on_nationalities(sentiment):
    templates = [
        each
        for each in term_lists()["nationalities"].templates
        if "woman" in each or "family" in each
    ]
    found = measure_bias(sentiment, "nationalities", templates=templates)
    order = found.terms.sort_values("difference")["term"].tolist()
    assert "Syrian" in order[:3]
    assert "Dutch" in order[-3:]
    assert 0.2 < found.terms["share positive"].mean() < 0.8


@pytest.mark.parametrize(
    ("groups", "options", "told"),
    [
        ({"one": ["a"]}, {}, "two groups"),
        ({"one": ["a"], "two": ["A"]}, {}, "two groups. Leave"),
        ({"one": ["a", "b"], "two": ["c"]}, {"paired": True}, "equally many"),
        ({"one": ["a"], "two": ["b"]}, {"templates": ["no place"]}, "exactly once"),
        ({"one": ["a" * 99], "two": ["b"]}, {}, "characters"),
    ],
)
def test_lists_of_ones_own_are_checked(groups, options, told):
    with pytest.raises(ic.BadInput, match=told):
        own_lexicon(groups, **options)


def test_an_article_follows_the_term():
    assert fill("We met a(n) {x} man.", "old") == "We met an old man."
    assert fill("a(n) {x} man.", "20-year-old") == "A 20-year-old man."


def test_models_that_label_words_are_refused_in_words(tiny_model):
    with pytest.raises(ic.UnsupportedModel, match="labels every word"):
        measure_bias(tiny_model("bert-token-labels"), "gender")
